"""Units from residual blocks: the rate R that belongs to a layer x -> F(x)."""

import dataclasses
import operator
from typing import Any

import torch
from torch import fx
from torch.nn import functional as F

from odegraph.unit.unit import Unit

SUMS = (operator.add, operator.iadd, torch.add)
ACTIVATIONS = (
    *(torch.relu, F.relu, F.relu6, F.leaky_relu, F.elu, F.selu, F.celu, F.gelu, F.silu, F.mish),
    *(F.hardswish, F.softplus, torch.tanh, torch.sigmoid, F.hardtanh),
)
METHODS = ("relu", "tanh", "sigmoid")


def unit_of_layer(layer: Unit) -> Unit | None:
    """The unit whose forward Euler step of length one is a residual layer F; else None.

    Where F(x) = x + R(x), the sum is taken off, and x + R(x) is what the layer computes, bit for
    bit. Where an activation follows the sum, as in the first residual networks (He et al., 2015),
    the rate is R(x) = F(x) - x, and the unit keeps F beside it: the compiler puts F in place of
    x + (F(x) - x), which rounding would spoil.
    """
    shape = _shape_of(layer.evaluation.graph)
    if shape is None:
        return None
    reference = f"{layer.reference} as a residual layer"
    if shape == "sum":
        return _with_rate(layer, _summand, reference)
    # The map is called under the name of the layer itself.
    return dataclasses.replace(_with_rate(layer, _difference, reference), layer=layer)


def _shape_of(graph: fx.Graph) -> str | None:
    value = _returned(graph)
    if _other_summand(value, graph) is not None:
        return "sum"
    while isinstance(value, fx.Node) and _is_activation(value):
        value = value.args[0]
    return "activated sum" if _other_summand(value, graph) is not None else None


def _returned(graph: fx.Graph) -> Any:
    """The rate that a functional graph returns, without new buffers."""
    result = graph.output_node().args[0]
    return result[0] if isinstance(result, tuple | list) else result


def _other_summand(value: Any, graph: fx.Graph) -> fx.Node | None:
    """The f of a sum x + f or f + x."""
    if not isinstance(value, fx.Node) or value.target not in SUMS or value.kwargs:
        return None
    x = next(iter(graph.nodes))
    left, right = value.args
    if left is right:
        return None
    found = right if left is x else left if right is x else None
    return found if isinstance(found, fx.Node) else None


def _is_activation(node: fx.Node) -> bool:
    by_method = node.op == "call_method" and node.target in METHODS
    return (by_method or node.target in ACTIVATIONS) and bool(node.args)


def _with_rate(layer: Unit, rate: Any, reference: str) -> Unit:
    evaluation = _rewritten(layer.evaluation, rate)
    same = layer.training is layer.evaluation
    return dataclasses.replace(
        layer,
        reference=reference,
        is_linear=False,
        evaluation=evaluation,
        training=evaluation if same else _rewritten(layer.training, rate),
    )


def _rewritten(module: fx.GraphModule, rate: Any) -> fx.GraphModule:
    """The graph that returns `rate(value, graph)` in place of its value."""
    graph = fx.Graph()
    copies: dict[fx.Node, fx.Node] = {}
    result = graph.graph_copy(module.graph, copies)
    for node, copy in copies.items():
        copy.meta = dict(node.meta)
    value, *buffers = result if isinstance(result, tuple | list) else (result,)
    assert isinstance(value, fx.Node)
    new = rate(value, graph)
    graph.output((new, *buffers) if buffers else new)
    if not value.users:
        graph.erase_node(value)
    return fx.GraphModule(module, graph, class_name=module.__class__.__name__)


def _summand(value: fx.Node, graph: fx.Graph) -> fx.Node:
    found = _other_summand(value, graph)
    assert found is not None, "training and evaluation mode end in the same sum"
    return found


def _difference(value: fx.Node, graph: fx.Graph) -> fx.Node:
    return graph.call_function(operator.sub, (value, next(iter(graph.nodes))))
