"""States of linear layers with the batch along the innermost axis, for compiled graphs.

Of a state [batch, features] a small linear layer is a call of BLAS that takes longer to begin than
to compute, and its call keeps the compiler from joining what stands around it. Of a state
[features, batch] the same layer is a sum over its inputs whose innermost loop goes over the batch:
the compiler makes one loop nest of a whole step, without any call.
"""

import operator
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import torch
from torch import Tensor, fx
from torch.nn import functional as F

from odegraph.emit.execution.submodules import with_units
from odegraph.emit.slots import slot_of
from odegraph.emit.unit_call import UNITS
from odegraph.unit.operations import argument

_OF_ONE = frozenset(
    [
        *(torch.tanh, torch.sigmoid, torch.relu, torch.sin, torch.cos, torch.exp, torch.abs),
        *(torch.square, torch.erf, torch.neg, torch.clone, operator.neg, operator.pos),
        *(F.tanh, F.sigmoid, F.relu, F.relu6, F.elu, F.selu, F.celu, F.gelu, F.silu, F.mish),
        *(F.softplus, F.softsign, F.leaky_relu, F.hardtanh, F.logsigmoid, F.tanhshrink),
        *("tanh", "sigmoid", "relu", "sin", "cos", "exp", "abs", "square", "neg", "clone"),
    ]
)
_OF_TWO = frozenset(
    [
        *(operator.add, operator.sub, operator.mul, operator.truediv, operator.pow),
        *(torch.add, torch.sub, torch.mul, torch.div, torch.pow),
    ]
)

_STATE = -1
"""In place of a number of dimensions: the tensor is a state, or what a layer made of one."""

_UNKNOWN = -2

Dimensions = dict[fx.Node, int]


def batch_last(module: fx.GraphModule, *, small: int) -> fx.GraphModule | None:
    """The same graph for states [features, batch], with the slots of `module`.

    None where the graph holds an operation that is neither a linear layer nor taken element by
    element. Layers with at most `small` products (of a weight and an entry of a state) become sums,
    others stay products of matrices.
    """
    called = {str(node.target) for node in module.graph.nodes if node.op == "call_module"}
    if not called <= set(UNITS.values()) or not _is_elementwise(module.graph):
        return None
    units = {name: _turned_unit(module, name, small) for name in called}
    turned = {name: unit for name, unit in units.items() if unit is not None}
    return with_units(module, turned) if len(turned) == len(units) else None


def linear_of_columns(x: Tensor, weight: Tensor, bias: Tensor | None, *, small: int) -> Tensor:
    """W x + b for the columns of `x`: [inputs, batch] to [outputs, batch]."""
    if weight.numel() * x.shape[-1] > small:
        return weight @ x if bias is None else torch.addmm(bias.unsqueeze(-1), weight, x)
    total = (weight.unsqueeze(-1) * x.unsqueeze(0)).sum(1)
    return total if bias is None else total + bias.unsqueeze(-1)


def _is_elementwise(graph: fx.Graph) -> bool:
    """Whether all that is done to states outside of units is done element by element."""
    states = {node for node in graph.nodes if node.op == "placeholder"}
    for node in graph.nodes:
        if node.op == "call_module":
            states.add(node)
        elif node.op != "output" and states.intersection(node.all_input_nodes):
            if node.target not in _OF_TWO | _OF_ONE:
                return False
            states.add(node)
    return True


def _turned_unit(module: fx.GraphModule, name: str, small: int) -> fx.GraphModule | None:
    unit = module.get_submodule(name)
    assert isinstance(unit, fx.GraphModule)
    dimensions: Dimensions = {}
    graph = fx.Graph()
    copies: dict[fx.Node, Any] = {}
    for node in unit.graph.nodes:
        if node.op == "output":
            if dimensions.get(node.args[0]) != _STATE:
                return None
        elif node.op == "placeholder":
            dimensions[node] = _dimensions_of(module, node) if dimensions else _STATE
        elif _STATE not in (dimensions[one] for one in node.all_input_nodes):
            dimensions[node] = _UNKNOWN
        elif (turn := _turning(node, dimensions, small)) is not None:
            dimensions[node] = _STATE
            copies[node] = turn(graph, copies)
            continue
        else:
            return None
        copies[node] = graph.node_copy(node, copies.__getitem__)
    return fx.GraphModule(unit, graph, class_name="UnitOfColumns")


def _dimensions_of(module: fx.GraphModule, placeholder: fx.Node) -> int:
    path = placeholder.meta["path"]
    for container in ("theta", "state"):
        slots = module.get_submodule(container)
        if path in dict([*slots.named_parameters(), *slots.named_buffers()]):
            return slot_of(slots, path).dim() - 1
    return _UNKNOWN


Turn = Callable[[fx.Graph, Mapping[fx.Node, fx.Node]], fx.Node]


def _turning(node: fx.Node, dimensions: Dimensions, small: int) -> Turn | None:
    """How to write the node down for columns; None where that is not known."""
    if node.target is F.linear:
        layer = partial(_linear, node, small)
        return layer if _is_layer(node, dimensions) else None
    if node.target in _OF_ONE and len(node.all_input_nodes) == 1:
        return partial(_as_it_is, node)
    if node.target in _OF_TWO and len(node.args) == 2 and not node.kwargs:
        aligned = [one for one in node.all_input_nodes if dimensions[one] == 1]
        fits = all(dimensions[one] in (_STATE, 0, 1) for one in node.all_input_nodes)
        return partial(_aligned, node, aligned) if fits else None
    return None


def _layer(node: fx.Node) -> tuple[Any, ...]:
    return tuple(argument(node, name, at) for at, name in enumerate(("input", "weight", "bias")))


def _is_layer(node: fx.Node, dimensions: Dimensions) -> bool:
    inputs, *fixed = _layer(node)
    given = [one for one in fixed if one is not None]
    return dimensions[inputs] == _STATE and all(dimensions[one] != _STATE for one in given)


def _linear(
    node: fx.Node, small: int, graph: fx.Graph, copies: Mapping[fx.Node, fx.Node]
) -> fx.Node:
    arguments = tuple(None if one is None else copies[one] for one in _layer(node))
    return graph.call_function(linear_of_columns, arguments, {"small": small})


def _as_it_is(node: fx.Node, graph: fx.Graph, copies: Mapping[fx.Node, fx.Node]) -> fx.Node:
    return graph.node_copy(node, copies.__getitem__)


def _aligned(
    node: fx.Node, vectors: list[fx.Node], graph: fx.Graph, copies: Mapping[fx.Node, fx.Node]
) -> fx.Node:
    columns = {one: graph.call_method("unsqueeze", (copies[one], -1)) for one in vectors}
    return graph.node_copy(node, lambda one: columns.get(one, copies[one]))
