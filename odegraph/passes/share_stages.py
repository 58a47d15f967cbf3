"""Compute equal values once: equal theta(t), sums, evaluations, solves and their matrices.

First-same-as-last is found here, not declared: the last unit of step n equals the first of step n+1
where both its state and its coefficients do, so never across a jump of theta(t). Where a rate is
known to read one half of the state, that half counts alone: the last force of a Verlet step is the
first of the next. The rate of an implicit stage counts as the unit at the state of that stage,
which is what a solve makes it.
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
    Solve,
    SolvedRate,
    StageMatrix,
    StepGraph,
    Theta,
    parts_of,
    renamed,
    step_graph,
)
from odegraph.passes.half_states import HalfStates
from odegraph.passes.simplify import nonzero_terms, sole_value
from odegraph.passes.stage_states import StageStates

NamedInputs = list[tuple[str, Edge]]


def share_stages(graph: StepGraph) -> StepGraph:
    """The graph in which no two nodes compute the same value from the same values."""
    parts, names, first = [], {}, {}
    states, halves = StageStates(), HalfStates()
    for name, node, inputs in parts_of(graph):
        # Where two values turn out to be one, their terms in a sum may cancel.
        inputs = nonzero_terms(node, renamed(inputs, names))
        value = _value(node, inputs, halves)
        same = sole_value(node, inputs) or first.get(value) or states.solved(node, inputs)
        if same is not None:
            names[name] = same
            continue
        if value is not None:
            first[value] = name
        states.add(name, node, inputs)
        halves.add(name, node, inputs)
        parts.append((name, node, inputs))
    return step_graph(graph.manifestation, parts)


def _value(node: Node, inputs: NamedInputs, halves: HalfStates) -> Hashable | None:
    match node:
        case Theta(row=row, state_row=state_row):
            return Theta, row, state_row
        case Combine() | Jacobian():
            return type(node), tuple(inputs)
        case Evaluate(part=part, reads=None, draws=draws):
            return Evaluate, part, draws, tuple(inputs)
        case Evaluate(part=part, reads=int() as half, draws=draws):
            source = {edge.role: source for source, edge in inputs}
            state = halves.value(source["state"], half)
            return Evaluate, part, draws, half, state, source["theta"]
        case FunctionOfJacobian(function=function):
            return function, tuple(inputs)
        case Apply(order=order):
            return Apply, order, tuple(inputs)
        case StageMatrix(coefficients=coefficients, part=part):
            # The state that it is like has the same shape in every step.
            read = tuple(one for one in inputs if one[1].role != "like")
            return StageMatrix, coefficients, part, read
        case Solve(coefficients=coefficients, solver=solver, part=part):
            return Solve, coefficients, solver, part, tuple(inputs)
        case SolvedRate(position=position):
            return SolvedRate, position, tuple(inputs)
    return None
