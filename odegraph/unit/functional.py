"""From a traced graph to a functional one: nothing is changed in place, every value is an input."""

from __future__ import annotations

import builtins
import keyword
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, fx

from odegraph._errors import UnitError
from odegraph.unit.in_place import Changes, take_out_of_place
from odegraph.unit.operations import (
    LEAVING,
    is_idle_dropout,
    is_size,
    leaves_the_graph,
    updates_statistics,
)

GRADIENT_STOPS = "gradient stops"
"""Key in a traced node's meta: true where it was computed under `torch.no_grad()`."""


Result = Callable[[Any, Mapping[fx.Node, Any]], Any]


@dataclass(frozen=True)
class Trace:
    """A graph of module(x) and the nodes of the new values of the buffers that it changes."""

    graph: fx.Graph
    updates: Mapping[str, fx.Node]


@dataclass(frozen=True)
class FunctionalGraph:
    """forward(x, *parameters, *buffers) -> rate, or (rate, *new values of updated_buffers)."""

    graph: fx.Graph
    updated_buffers: tuple[str, ...]


def functional_graph(
    trace: Trace,
    *,
    parameters: Sequence[str],
    buffers: Sequence[str],
    returned: Sequence[str],
    result: Result | None = None,
) -> FunctionalGraph:
    """Lift values to inputs, and the new values of `returned` buffers to outputs.

    The graph changes nothing in place. `result` makes one node of what the module returns; by
    default it must be one tensor.
    """
    graph = fx.Graph()
    state, values = _add_placeholders(graph, [*parameters, *buffers])
    copies, returns = _copy_nodes(trace.graph, graph, state, values)
    rate = (result or one_value)(returns, copies)
    changes = Changes(state, rate, {path: copies[node] for path, node in trace.updates.items()})
    take_out_of_place(graph, changes, parameters=parameters)
    updated = tuple(b for b in returned if b in changes.updates)
    new_values = [changes.updates[b] for b in updated]
    outputs = _unpacked(changes.rate)
    graph.output((outputs, *new_values) if updated else outputs)
    graph.eliminate_dead_code(is_impure_node=must_stay)
    graph.lint()
    return FunctionalGraph(graph, updated)


def _copy_nodes(
    traced: fx.Graph, graph: fx.Graph, state: fx.Node, values: Mapping[str, fx.Node]
) -> tuple[dict[fx.Node, Any], Any]:
    copies: dict[fx.Node, Any] = {}
    for node in traced.nodes:
        match node.op:
            case "placeholder":
                copies[node] = state
            case "get_attr":
                copies[node] = values[node.target]
            case "output":
                return copies, node.args[0]
            case _ if node.target is torch._assert:
                continue
            case "call_method" if not hasattr(Tensor, node.target) or node.target in LEAVING:
                raise UnitError(leaves_the_graph(node.target))
            case _ if is_idle_dropout(node):
                copies[node] = copies[node.args[0]]
            case _:
                copies[node] = _copy(graph, node, copies)
    raise AssertionError("a traced graph ends with its output")


def one_value(returned: Any, copies: Mapping[fx.Node, Any]) -> Any:
    """The node of the rate that a unit returns."""
    if isinstance(returned, fx.Node):
        copy = copies[returned]
        return copy.graph.call_method("detach", (copy,)) if _gradient_stops(returned) else copy
    kind = "a constant" if isinstance(returned, int | float) else f"`{type(returned).__name__}`"
    raise UnitError(
        f"returns {kind}; dx/dt = R(x, theta) is one tensor of the state's shape. Return that "
        "tensor alone."
    )


def one_or_several_values(returned: Any, copies: Mapping[fx.Node, Any]) -> Any:
    """The node of the one value that a model returns, or a node that packs a tuple of values."""
    if not isinstance(returned, tuple | list) or not returned:
        return one_value(returned, copies)
    values = [one_value(value, copies) for value in returned]
    return values[0].graph.call_function(pack, tuple(values))


def pack(*values: Any) -> tuple[Any, ...]:
    """Stand for a tuple in a graph whose nodes are tensors."""
    return values


def _unpacked(rate: fx.Node) -> fx.Node | tuple[Any, ...]:
    return rate.args if rate.target is pack else rate


def _copy(graph: fx.Graph, node: fx.Node, copies: Mapping[fx.Node, Any]) -> fx.Node:
    """A node as it is; what it reads out of `torch.no_grad()` is detached on the way."""
    reader_stops = node.meta.get(GRADIENT_STOPS, False)

    def value(read: fx.Node) -> Any:
        if _gradient_stops(read) and not reader_stops:
            return graph.call_method("detach", (copies[read],))
        return copies[read]

    copied = graph.node_copy(node, value)
    copied.meta = {}
    return copied


def _gradient_stops(node: fx.Node) -> bool:
    is_input = node.op in ("placeholder", "get_attr")
    return node.meta.get(GRADIENT_STOPS, False) and not is_input and not is_size(node)


def _add_placeholders(graph: fx.Graph, paths: Sequence[str]) -> tuple[fx.Node, dict[str, fx.Node]]:
    """The state, and the other values by path; a node's meta tells the path that it stands for."""
    state, *names = unique_names(["x", *paths])
    state, values = graph.placeholder(state), {}
    state.meta["path"] = "x"
    for path, name in zip(paths, names, strict=True):
        values[path] = graph.placeholder(name)
        values[path].meta["path"] = path
    return state, values


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


def must_stay(node: fx.Node) -> bool:
    """Whether a node has a purpose beside its value."""
    return node.op in ("placeholder", "output") or updates_statistics(node)
