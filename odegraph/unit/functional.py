"""From a traced graph to a functional one: nothing is changed in place, every value is an input."""

from __future__ import annotations

import builtins
import difflib
import keyword
import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, fx
from torch.nn import functional as F

from odegraph._errors import UnitError

OUT_OF_PLACE: Mapping[Any, Callable[..., Any]] = {
    operator.iadd: operator.add,
    operator.isub: operator.sub,
    operator.imul: operator.mul,
    operator.itruediv: operator.truediv,
    operator.ifloordiv: operator.floordiv,
    operator.imod: operator.mod,
    operator.ipow: operator.pow,
    operator.imatmul: operator.matmul,
}
DROPOUTS = (
    F.dropout,
    F.dropout1d,
    F.dropout2d,
    F.dropout3d,
    F.alpha_dropout,
    F.feature_alpha_dropout,
)
# Values that share no memory with another: what these return may be changed in place unseen.
_ARITHMETIC = (operator.add, operator.sub, operator.mul, operator.truediv, operator.matmul)
_FRESH = (
    *_ARITHMETIC,
    *(F.linear, F.bilinear, F.conv1d, F.conv2d, F.conv3d),
    *(F.conv_transpose1d, F.conv_transpose2d, F.conv_transpose3d),
    *(F.batch_norm, F.layer_norm, F.group_norm, F.instance_norm, F.rms_norm),
    *(F.relu, F.gelu, F.elu, F.silu, F.mish, F.leaky_relu, F.softmax, F.softplus, F.prelu),
    *(torch.tanh, torch.sigmoid, torch.sin, torch.cos, torch.exp),
)
_UPDATING = (F.batch_norm, F.instance_norm)
_RANDOM = re.compile(r"rand|dropout|bernoulli|rrelu|normal_?$|multinomial|poisson")
_LEAVING = ("item", "tolist", "numpy", "backward", "register_hook", "data_ptr", "storage")
GRADIENT_STOPS = "gradient stops"
"""Key in a traced node's meta: true where it was computed under `torch.no_grad()`."""


@dataclass(frozen=True)
class Trace:
    """A graph of module(x) and the nodes of the new values of the buffers that it changes."""

    graph: fx.Graph
    updates: Mapping[str, fx.Node]


class CannotBeFunctional(Exception):
    """The graph changes a value in place that may be seen elsewhere; torch.export may know how."""


@dataclass(frozen=True)
class FunctionalGraph:
    """forward(x, *parameters, *buffers) -> rate, or (rate, *new values of updated_buffers)."""

    graph: fx.Graph
    updated_buffers: tuple[str, ...]


def functional_graph(
    trace: Trace, *, parameters: Sequence[str], buffers: Sequence[str], returned: Sequence[str]
) -> FunctionalGraph:
    """Lift values to inputs, and the new values of `returned` buffers to outputs.

    The graph changes nothing in place.
    """
    graph = fx.Graph()
    values = _add_placeholders(graph, ["x", *parameters, *buffers])
    copies, rate = _copy_nodes(trace.graph, graph, values)
    updates = {path: copies[node] for path, node in trace.updates.items()}
    updates, rate = _take_out_of_place(graph, updates, rate, parameters=parameters)
    updated = tuple(b for b in returned if b in updates)
    graph.output((rate, *[updates[b] for b in updated]) if updated else rate)
    graph.eliminate_dead_code(is_impure_node=_must_stay)
    graph.lint()
    return FunctionalGraph(graph, updated)


def _copy_nodes(
    traced: fx.Graph, graph: fx.Graph, values: Mapping[str, fx.Node]
) -> tuple[dict[fx.Node, Any], fx.Node]:
    copies: dict[fx.Node, Any] = {}
    for node in traced.nodes:
        match node.op:
            case "placeholder":
                copies[node] = values["x"]
            case "get_attr":
                copies[node] = values[node.target]
            case "output":
                return copies, _rate(node.args[0], copies)
            case _ if node.target is torch._assert:
                continue
            case "call_method" if not hasattr(Tensor, node.target) or node.target in _LEAVING:
                raise UnitError(leaves_the_graph(node.target))
            case _ if _is_idle_dropout(node):
                copies[node] = copies[node.args[0]]
            case _:
                copies[node] = _copy(graph, node, copies)
    raise AssertionError("a traced graph ends with its output")


def leaves_the_graph(method: str) -> str:
    """What to tell about a method that does not return a value of the graph."""
    if method in _LEAVING:
        return (
            f"reads values out of the graph with `.{method}()`, so a static graph would hold those "
            "of one state for ever. Compute with the tensor itself."
        )
    near = difflib.get_close_matches(method, dir(Tensor), n=1)
    hint = f"Did you mean `{near[0]}`?" if near else "See the documentation of torch.Tensor."
    return f"calls `.{method}()`, which tensors do not have. {hint}"


def _rate(returned: Any, copies: Mapping[fx.Node, Any]) -> Any:
    if isinstance(returned, fx.Node):
        copy = copies[returned]
        return copy.graph.call_method("detach", (copy,)) if _gradient_stops(returned) else copy
    kind = "a constant" if isinstance(returned, int | float) else f"`{type(returned).__name__}`"
    raise UnitError(
        f"returns {kind}; dx/dt = R(x, theta) is one tensor of the state's shape. Return that "
        "tensor alone."
    )


def _copy(graph: fx.Graph, node: fx.Node, copies: Mapping[fx.Node, Any]) -> fx.Node:
    """A node as it is; what it reads out of `torch.no_grad()` is detached on the way."""
    reader_stops = node.meta.get(GRADIENT_STOPS, False)

    def value(read: fx.Node) -> Any:
        if _gradient_stops(read) and not reader_stops:
            return graph.call_method("detach", (copies[read],))
        return copies[read]

    return graph.node_copy(node, value)


def _gradient_stops(node: fx.Node) -> bool:
    is_input = node.op in ("placeholder", "get_attr")
    return node.meta.get(GRADIENT_STOPS, False) and not is_input and not is_size(node)


def is_size(node: fx.Node) -> bool:
    """Whether the node is a size, dtype or device, or an integer computed from sizes alone."""
    if node.op == "call_method":
        return node.target in ("size", "dim", "numel")
    if node.target is getattr:
        return node.args[1] in ("shape", "dtype", "device", "ndim")
    inputs = node.all_input_nodes
    return node.op == "call_function" and bool(inputs) and all(map(is_size, inputs))


def _add_placeholders(graph: fx.Graph, paths: Sequence[str]) -> dict[str, fx.Node]:
    names = unique_names(paths)
    values = {}
    for path, name in zip(paths, names, strict=True):
        values[path] = graph.placeholder(name)
        values[path].meta["path"] = path
    return values


def unique_names(paths: Sequence[str]) -> list[str]:
    """One Python name for each dotted path: dots become underscores, clashes get a number."""
    names: list[str] = []
    for path in paths:
        name = path.replace(".", "_")
        if not name.isidentifier():
            name = f"layer_{name}"
        if keyword.iskeyword(name) or hasattr(builtins, name):
            name += "_"
        unique, number = name, 1
        while unique in names:
            unique, number = f"{name}_{number}", number + 1
        names.append(unique)
    return names


def _is_idle_dropout(node: fx.Node) -> bool:
    if node.op != "call_function" or node.target not in DROPOUTS:
        return False
    p, training = argument(node, "p", 1), argument(node, "training", 2)
    return training is False or p == 0


def is_random(node: fx.Node) -> bool:
    """Whether the node may draw random numbers."""
    name = node.target if isinstance(node.target, str) else getattr(node.target, "__name__", "")
    by_option = node.target in (F.scaled_dot_product_attention, F.multi_head_attention_forward)
    return by_option or _RANDOM.search(name) is not None


def argument(node: fx.Node, name: str, position: int) -> Any:
    """An argument of a call, given by position or by keyword; None where it is left out."""
    return node.args[position] if len(node.args) > position else node.kwargs.get(name)


def _must_stay(node: fx.Node) -> bool:
    return node.op in ("placeholder", "output") or node.target in _UPDATING


def _take_out_of_place(
    graph: fx.Graph, updates: dict[str, fx.Node], rate: fx.Node, *, parameters: Sequence[str]
) -> tuple[dict[str, fx.Node], fx.Node]:
    """In place, on a graph that nobody else has seen yet."""
    for node in graph.nodes:
        replacement = None if node.op == "placeholder" else _out_of_place(node)
        if replacement is None:
            continue
        changed = node.args[0]
        _refuse_parameter(changed, parameters)
        _refuse_aliases(changed, by=node)
        node.target, node.kwargs = replacement
        if not isinstance(changed, fx.Node):
            continue
        # From here on, whoever reads the changed value sees what it was changed to.
        changed.replace_all_uses_with(node, delete_user_cb=lambda user, node=node: node < user)
        rate = node if rate is changed else rate
        updates = {path: node if new is changed else new for path, new in updates.items()}
        path = changed.meta.get("path", "x")
        if path != "x":
            updates[path] = node
    return updates, rate


def _refuse_parameter(changed: Any, parameters: Sequence[str]) -> None:
    """Also where the parameter is changed through `.data` or a view."""
    while isinstance(changed, fx.Node):
        path = changed.meta.get("path")
        if path in parameters:
            raise UnitError(
                f"changes its parameter `{path}` in forward, where only the optimizer may. "
                "Register what forward changes as a buffer, or use `torch.nn.utils.parametrize`."
            )
        is_view = changed.target is getattr or changed.op == "call_method"
        changed = changed.args[0] if is_view and changed.args else None


def _out_of_place(node: fx.Node) -> tuple[Any, dict[str, Any]] | None:
    """Target and keywords of the same operation without the change; None where there is none."""
    kwargs = dict(node.kwargs)
    if kwargs.get("out") is not None:
        raise CannotBeFunctional(f"`{node.name}` writes to `out=`")
    if node.op == "call_method" and _is_in_place_name(node.target):
        name = node.target.rstrip("_")
        if not hasattr(Tensor, name):
            raise CannotBeFunctional(f"`.{node.target}()` changes a value in place")
        return name, kwargs
    if node.op != "call_function":
        return None
    if node.target in OUT_OF_PLACE:
        return OUT_OF_PLACE[node.target], kwargs
    if kwargs.pop("inplace", False):
        return node.target, kwargs
    name = getattr(node.target, "__name__", "")
    if _is_in_place_name(name) and hasattr(torch, name[:-1]):
        return getattr(torch, name[:-1]), kwargs
    if _is_in_place_name(name) or node.target is operator.setitem:
        raise CannotBeFunctional(f"`{name}` changes a value in place")
    return None


def _is_in_place_name(name: Any) -> bool:
    return isinstance(name, str) and name.endswith("_") and not name.endswith("__")


def _refuse_aliases(changed: Any, *, by: fx.Node) -> None:
    if not isinstance(changed, fx.Node):
        return
    seen_before = [user for user in changed.users if user < by]
    seen_after = [user for user in changed.users if by < user]
    if _owns_memory(changed):
        aliased = any(user.target not in _FRESH for user in seen_before)
    else:
        aliased = bool(seen_before or seen_after) or not _is_only_reader_chain(changed)
    if aliased:
        raise CannotBeFunctional(f"`{by.name}` changes a value in place that is used elsewhere")


def _owns_memory(node: fx.Node) -> bool:
    is_clone = node.op == "call_method" and node.target == "clone"
    return node.op == "placeholder" or is_clone or node.target in _FRESH


def _is_only_reader_chain(node: fx.Node) -> bool:
    """Whether no one else reads the memory that a view chain starts from."""
    return _owns_memory(node) or all(
        len(base.users) == 1 and _is_only_reader_chain(base) for base in node.all_input_nodes
    )
