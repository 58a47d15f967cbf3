"""From a traced graph to a functional one: nothing is changed in place, every value is an input."""

from __future__ import annotations

import builtins
import keyword
import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, fx, nn
from torch.nn import functional as F

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


class CannotBeFunctional(Exception):
    """The graph changes a value in place that may be seen elsewhere; torch.export may know how."""


def functional_graph(
    traced: fx.Graph,
    updates: Mapping[str, fx.Node],
    *,
    parameters: Sequence[str],
    buffers: Sequence[str],
) -> fx.Graph:
    """forward(x, *parameters, *buffers) -> rate or (rate, *updates), from a traced forward(x)."""
    result = fx.Graph()
    values = _add_placeholders(result, ["x", *parameters, *buffers])
    copies: dict[fx.Node, Any] = {}
    for node in traced.nodes:
        match node.op:
            case "placeholder":
                copies[node] = values["x"]
            case "get_attr":
                copies[node] = values[str(node.target).removeprefix("unit.")]
            case "output":
                rate = fx.map_arg(node.args[0], lambda n: copies[n])
                new_values = [copies[updates[b]] for b in buffers if b in updates]
                result.output((rate, *new_values) if new_values else rate)
            case _:
                copies[node] = result.node_copy(node, lambda n: copies[n])
    _tidy(result)
    return result


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


def _tidy(graph: fx.Graph) -> None:
    """In place, on a graph that nobody else has seen yet."""
    for node in list(graph.nodes):
        if _is_check(node):
            graph.erase_node(node)
        elif _is_idle_dropout(node):
            node.replace_all_uses_with(node.args[0])
            graph.erase_node(node)
    for node in list(graph.nodes):
        _take_out_of_place(node)
    graph.eliminate_dead_code(is_impure_node=_must_stay)
    graph.lint()


def _is_check(node: fx.Node) -> bool:
    return node.op == "call_function" and node.target is torch._assert


def _is_idle_dropout(node: fx.Node) -> bool:
    if node.op != "call_function" or node.target not in DROPOUTS:
        return False
    p, training = argument(node, "p", 1), argument(node, "training", 2)
    return training is False or p == 0


def argument(node: fx.Node, name: str, position: int) -> Any:
    """An argument of a call, given by position or by keyword; None where it is left out."""
    return node.args[position] if len(node.args) > position else node.kwargs.get(name)


def _must_stay(node: fx.Node) -> bool:
    return node.op in ("placeholder", "output") or node.target in _UPDATING


def _take_out_of_place(node: fx.Node) -> None:
    replacement = _out_of_place(node)
    if replacement is None:
        return
    changed = node.args[0]
    _refuse_aliases(changed, by=node)
    node.target, node.kwargs = replacement
    if isinstance(changed, fx.Node):
        # From here on, whoever reads the changed value sees what it was changed to.
        changed.replace_all_uses_with(node, delete_user_cb=lambda user: node < user)


def _out_of_place(node: fx.Node) -> tuple[Any, dict[str, Any]] | None:
    """Target and keywords of the same operation without the change, None where it changes nothing."""
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
    return node.op == "placeholder" or node.target in _FRESH


def _is_only_reader_chain(node: fx.Node) -> bool:
    """Whether no one else reads the memory that a view chain starts from."""
    return _owns_memory(node) or all(
        len(base.users) == 1 and _is_only_reader_chain(base) for base in node.all_input_nodes
    )


def new_module(graph: fx.Graph, *, name: str) -> fx.GraphModule:
    """A graph module that owns no parameter and no buffer."""
    return fx.GraphModule(nn.Module(), graph, class_name=name)
