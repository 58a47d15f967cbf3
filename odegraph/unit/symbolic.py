"""Symbolic tracing with torch.fx: layers become their functional calls, values stay unknown."""

from __future__ import annotations

import contextlib
import functools
import math
import operator
from collections.abc import Callable, Iterator
from typing import Any

import torch
from torch import Tensor, fx, nn

from odegraph._errors import UnitError
from odegraph.unit.functional import GRADIENT_STOPS, Trace
from odegraph.unit.layers import lowering_of

WRAPPER = "unit."
"""Path of the unit inside of the module that is traced."""

_AUTOCAST_ADVICE = (
    "Switch it around the whole block instead: a static graph cannot hold the switch."
)


def _recorded(operation: Callable[[Any, Any], Any]) -> Callable[[fx.Proxy, Any], fx.Proxy]:
    def method(self: fx.Proxy, other: Any) -> fx.Proxy:
        return self.tracer.create_proxy("call_function", operation, (self, other), {})

    return method


class _Value(fx.Proxy):
    """A value of the graph. Records `y += z`, which plain fx takes for `y = y + z`."""

    __iadd__ = _recorded(operator.iadd)
    __isub__ = _recorded(operator.isub)
    __imul__ = _recorded(operator.imul)
    __itruediv__ = _recorded(operator.itruediv)
    __ifloordiv__ = _recorded(operator.ifloordiv)
    __imod__ = _recorded(operator.imod)
    __ipow__ = _recorded(operator.ipow)
    __imatmul__ = _recorded(operator.imatmul)


class CannotTrace(Exception):
    """torch.fx cannot say what the module does here; torch.export may."""


class UnitTracer(fx.Tracer):
    """Traces through every layer; `updates` holds the values that buffers have after the call."""

    proxy_buffer_attributes = True

    def __init__(self, leaves: tuple[type[nn.Module], ...] = ()) -> None:
        self.leaves = leaves
        super().__init__(autowrap_modules=(math,))
        self.updates: dict[str, fx.Proxy] = {}
        self._autocast = torch.is_autocast_enabled("cpu"), torch.is_autocast_enabled("cuda")

    def proxy(self, node: fx.Node) -> fx.Proxy:
        """Stand in for the value of a node."""
        return _Value(node, self)

    def create_node(self, kind: str, *args: Any, **kwargs: Any) -> fx.Node:
        """Add a node, and remember whether gradients flow through it."""
        if self._autocast != (torch.is_autocast_enabled("cpu"), torch.is_autocast_enabled("cuda")):
            raise UnitError(f"switches autocast inside of its forward. {_AUTOCAST_ADVICE}")
        node = super().create_node(kind, *args, **kwargs)
        node.meta[GRADIENT_STOPS] = not torch.is_grad_enabled()
        return node

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:  # noqa: ARG002
        """Only what the caller asks for: every other layer is traced through or lowered."""
        return isinstance(m, self.leaves)

    def call_module(
        self,
        m: nn.Module,
        forward: Callable[..., Any],
        args: tuple[Any, ...],
        kwargs: dict[str, Any],
    ) -> Any:
        """Trace the functional form of a layer where it has one of its own, else its forward."""
        lowered = lowering_of(m)
        if lowered is not None:
            forward = functools.partial(lowered, self, m)
        return super().call_module(m, forward, args, kwargs)

    def getattr(self, attr: str, attr_val: Any, parameter_proxy_cache: dict[str, fx.Proxy]) -> Any:
        """Read a parameter or buffer; a buffer written earlier in the call has its new value."""
        if self.updates and isinstance(attr_val, Tensor):
            path = self._buffer_path(attr_val)
            if path in self.updates:
                return self.updates[path]
        return super().getattr(attr, attr_val, parameter_proxy_cache)

    def write_buffer(self, layer: nn.Module, name: str, value: fx.Proxy) -> None:
        """Record the value that a buffer has after this call."""
        path = self._buffer_path(layer._buffers[name])
        assert path is not None, f"{name} is not a buffer of the traced module"
        self.updates[path] = value

    def _buffer_path(self, buffer: Tensor | None) -> str | None:
        return next((path for path, b in self.root.named_buffers() if b is buffer), None)


def trace_symbolically(module: nn.Module, *, leaves: tuple[type[nn.Module], ...] = ()) -> Trace:
    """Trace module(x) for states of any shape; calls of `leaves` stay calls of modules."""
    tracer = UnitTracer(leaves)
    with torch.enable_grad(), _buffers_written_to(tracer):
        graph = tracer.trace(module)
    _refuse_constants(graph, module)
    updates = {path: proxy.node for path, proxy in tracer.updates.items()}
    for path, node in updates.items():
        node.name = f"new_{path.rpartition('.')[2]}"
    return _without_wrapper(graph, updates)


@contextlib.contextmanager
def _buffers_written_to(tracer: UnitTracer) -> Iterator[None]:
    """Let `self.buffer = value` in a traced forward record the new value of the buffer."""
    original = nn.Module.__setattr__

    def record(module: nn.Module, name: str, value: Any) -> None:
        if isinstance(value, fx.Proxy) and module._buffers.get(name) is not None:
            tracer.write_buffer(module, name, value)
        else:
            original(module, name, value)  # pyright: ignore[reportArgumentType]

    nn.Module.__setattr__ = record  # pyright: ignore[reportAttributeAccessIssue]
    try:
        yield
    finally:
        nn.Module.__setattr__ = original


def _without_wrapper(graph: fx.Graph, updates: dict[str, fx.Node]) -> Trace:
    for node in graph.nodes:
        if node.op in ("get_attr", "call_module"):
            node.target = node.target.removeprefix(WRAPPER)
    return Trace(graph, {path.removeprefix(WRAPPER): node for path, node in updates.items()})


def _refuse_constants(graph: fx.Graph, module: nn.Module) -> None:
    known = {path for path, _ in [*module.named_parameters(), *module.named_buffers()]}
    for node in graph.nodes:
        if node.op != "get_attr" or node.target in known:
            continue
        path = _path_in_container(module, getattr(module, node.target, None)) or node.target
        if path.startswith("_tensor_constant"):
            raise CannotTrace("a tensor that is made inside of forward")
        raise UnitError(constant_tensor(path))


def _path_in_container(module: nn.Module, value: Any) -> str | None:
    """Path of a tensor that an attribute holds in a list, tuple or dict."""
    for path, layer in module.named_modules():
        for name, held in vars(layer).items():
            items = held.values() if isinstance(held, dict) else held
            is_held = isinstance(held, list | tuple | dict) and any(i is value for i in items)
            if is_held and not name.startswith("_"):
                return f"{path}.{name}"
    return None


def constant_tensor(path: str) -> str:
    """What to tell about a tensor that is neither parameter nor buffer."""
    return (
        f"uses the tensor `{path.removeprefix(WRAPPER)}`, which is neither a parameter nor a "
        "buffer: nothing could move it to another device or save it. Make it one in `__init__`: "
        "`self.register_buffer(name, tensor)`."
    )
