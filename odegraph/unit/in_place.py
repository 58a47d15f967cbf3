"""Changes in place become new values, where nobody else can see the difference."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, fx
from torch.nn import functional as F

from odegraph._errors import UnitError
from odegraph.unit.operations import argument, updates_statistics

_OUT_OF_PLACE: Mapping[Any, Callable[..., Any]] = {
    operator.iadd: operator.add,
    operator.isub: operator.sub,
    operator.imul: operator.mul,
    operator.itruediv: operator.truediv,
    operator.ifloordiv: operator.floordiv,
    operator.imod: operator.mod,
    operator.ipow: operator.pow,
    operator.imatmul: operator.matmul,
}
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


class CannotBeFunctional(Exception):
    """The graph changes a value in place that may be seen elsewhere; torch.export may know how."""


class Changes:
    """Which node holds the rate, and the new value of each buffer, as changes are undone."""

    def __init__(self, state: fx.Node, rate: fx.Node, updates: Mapping[str, fx.Node]) -> None:
        self.state = state
        self.rate = rate
        self.updates = dict(updates)

    def replace(self, old: fx.Node, new: fx.Node, *, at: fx.Node) -> None:
        """From the node `at` on, whoever reads `old` sees `new`."""
        old.replace_all_uses_with(new, delete_user_cb=lambda user: at < user)
        self.rate = new if self.rate is old else self.rate
        self.updates = {path: new if n is old else n for path, n in self.updates.items()}
        if old.op == "placeholder" and old is not self.state:
            self.updates[old.meta["path"]] = new


def take_out_of_place(graph: fx.Graph, changes: Changes, *, parameters: Sequence[str]) -> None:
    """Rewrite a graph that nobody else has seen yet."""
    for node in graph.nodes:
        if updates_statistics(node):
            _clone_statistics(graph, node, changes)
        replacement = None if node.op == "placeholder" else _out_of_place(node)
        if replacement is None:
            continue
        changed = node.args[0]
        _refuse_parameter(changed, changes.state, parameters)
        _refuse_aliases(changed, by=node)
        node.target, node.kwargs = replacement
        if isinstance(changed, fx.Node):
            changes.replace(changed, node, at=node)


def _clone_statistics(graph: fx.Graph, node: fx.Node, changes: Changes) -> None:
    """Let a normalisation that reads buffers directly update copies of them."""
    for statistic in (argument(node, "running_mean", 1), argument(node, "running_var", 2)):
        if not isinstance(statistic, fx.Node) or _is_clone(statistic):
            continue
        if statistic.op != "placeholder":
            raise CannotBeFunctional(f"`{node.name}` updates statistics that are no buffers")
        with graph.inserting_before(node):
            clone = graph.call_method("clone", (statistic,))
        node.replace_input_with(statistic, clone)
        changes.replace(statistic, clone, at=node)


def _refuse_parameter(changed: Any, state: fx.Node, parameters: Sequence[str]) -> None:
    """Also where the parameter is changed through `.data` or a view."""
    while isinstance(changed, fx.Node) and changed is not state:
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
    if node.target in _OUT_OF_PLACE:
        return _OUT_OF_PLACE[node.target], kwargs
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
    return node.op == "placeholder" or _is_clone(node) or node.target in _FRESH


def _is_clone(node: fx.Node) -> bool:
    return node.op == "call_method" and node.target == "clone"


def _is_only_reader_chain(node: fx.Node) -> bool:
    """Whether no one else reads the memory that a view chain starts from."""
    return _owns_memory(node) or all(
        len(base.users) == 1 and _is_only_reader_chain(base) for base in node.all_input_nodes
    )
