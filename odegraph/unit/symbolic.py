"""Symbolic tracing with torch.fx: layers become their functional calls, values stay unknown."""

from __future__ import annotations

import functools
import math
import operator
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, fx, nn

from odegraph.unit.layers import lowering_of


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


class UnitTracer(fx.Tracer):
    """Traces through every layer; `updates` holds the values that buffers have after the call."""

    proxy_buffer_attributes = True

    def __init__(self) -> None:
        super().__init__(autowrap_modules=(math,))
        self.updates: dict[str, fx.Proxy] = {}

    def proxy(self, node: fx.Node) -> fx.Proxy:
        """Stand in for the value of a node."""
        return _Value(node, self)

    def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:  # noqa: ARG002
        """Never: every layer is traced through or lowered."""
        return False

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


def trace_symbolically(module: nn.Module) -> tuple[fx.Graph, dict[str, fx.Node]]:
    """The graph of module(x), and the node of the new value of every buffer that it changes."""
    tracer = UnitTracer()
    with torch.no_grad():
        graph = tracer.trace(module)
    return graph, {path: proxy.node for path, proxy in tracer.updates.items()}
