"""Compute equal values once: equal theta(t), equal sums, equal evaluations.

First-same-as-last is found here, not declared: the last unit of step n equals the first of step n+1
where both its state and its coefficients do, so never across a jump of theta(t).
"""

from collections.abc import Hashable

from odegraph.ir import (
    Apply,
    Combine,
    Edge,
    Evaluate,
    FunctionOfJacobian,
    Jacobian,
    Node,
    StepGraph,
    Theta,
    parts_of,
    renamed,
    step_graph,
)
from odegraph.passes.simplify import nonzero_terms, sole_value


def share_stages(graph: StepGraph) -> StepGraph:
    """The graph in which no two nodes compute the same value from the same values."""
    parts, names, first = [], {}, {}
    for name, node, inputs in parts_of(graph):
        # Where two values turn out to be one, their terms in a sum may cancel.
        inputs = nonzero_terms(node, renamed(inputs, names))
        value = _value(node, inputs)
        same = sole_value(node, inputs) or first.get(value)
        if same is not None:
            names[name] = same
            continue
        if value is not None:
            first[value] = name
        parts.append((name, node, inputs))
    return step_graph(graph.manifestation, parts)


def _value(node: Node, inputs: list[tuple[str, Edge]]) -> Hashable | None:
    match node:
        case Theta(row=row, state_row=state_row):
            return Theta, row, state_row
        case Combine() | Evaluate() | Jacobian():
            return type(node), tuple(inputs)
        case FunctionOfJacobian(function=function):
            return function, tuple(inputs)
        case Apply(order=order):
            return Apply, order, tuple(inputs)
    return None
