"""Linearised steps as torch.fx nodes: Jacobians, functions of them, products."""

import operator
from collections.abc import Mapping

from torch import fx

from odegraph._exact import to_float
from odegraph.emit.operations.matrix_functions import apply, phi_functions, resolvent, solve
from odegraph.emit.weighted_sum import Arithmetic, Term, WeightedSum, add_up, scaled
from odegraph.ir import FunctionOfJacobian, PhiFunctions, StepGraph

JACOBIAN = "jacobian"  # the submodule that computes dR/dx


def lower_function(
    graph: fx.Graph, node: FunctionOfJacobian, jacobian: fx.Node, arithmetic: Arithmetic[fx.Node]
) -> fx.Node:
    """phi functions of scale J, or I - scale J factorised."""
    scale = node.function.scale
    matrix = scaled(Term(jacobian, to_float(scale), scale), arithmetic)
    if isinstance(node.function, PhiFunctions):
        return graph.call_function(phi_functions, (matrix, node.function.highest))
    return graph.call_function(resolvent, (matrix,))


def lower_product(
    graph: fx.Graph,
    total: WeightedSum[fx.Node],
    *,
    order: int,
    matrix: fx.Node,
    function: FunctionOfJacobian | None,
    arithmetic: Arithmetic[fx.Node],
) -> fx.Node:
    """A matrix, or the solution of its systems, times a weighted sum; no function means J."""
    x = add_up(total, arithmetic)
    if function is None:
        return graph.call_function(apply, (matrix, x))
    if isinstance(function.function, PhiFunctions):
        phi = graph.call_function(operator.getitem, (matrix, order))
        return graph.call_function(apply, (phi, x))
    return graph.call_function(solve, (matrix, x))


def function_behind(source: StepGraph, matrix: str) -> FunctionOfJacobian | None:
    """The function of J that the value `matrix` is; None for J itself."""
    node = source.node(matrix)
    return node if isinstance(node, FunctionOfJacobian) else None


def terms_of(
    source: StepGraph, name: str, values: Mapping[str, fx.Node]
) -> tuple[list[fx.Node], list]:
    """The values of a product's terms, and their exact weights."""
    terms = [(values[one], edge) for one, edge in source.inputs(name) if edge.role == "term"]
    return [value for value, _ in terms], [edge.exact for _, edge in terms]
