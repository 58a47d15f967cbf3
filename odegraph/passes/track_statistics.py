"""Let the unit's running statistics learn: the pass that makes a training graph of a graph."""

from collections.abc import Iterator

from odegraph._exact import to_exact
from odegraph.ir import (
    Combine,
    Edge,
    Evaluate,
    SolvedRate,
    StepGraph,
    Theta,
    Update,
    least_squares_update,
    parts_of,
    step_graph,
)
from odegraph.ir.graph import NamedNode
from odegraph.passes.stage_states import StageStates, Terms


def track_statistics(graph: StepGraph) -> StepGraph:
    """Add one `Update` for each coefficient of the statistics that an evaluation reads.

    A solver calls the unit at many states on its way; only the state of the solved stage counts, at
    which the unit is evaluated once more.
    """
    basis = graph.manifestation.state_basis
    if basis is None:
        return graph
    graph = step_graph(graph.manifestation, _with_evaluated_solutions(graph))
    evaluations = graph.of_type(Evaluate)
    rows = [_theta_of(graph, name).state_row for name in evaluations]
    update = least_squares_update(rows, size=basis.size)
    parts = list(parts_of(graph))
    for index, (learned, retained) in enumerate(zip(update.learned, update.retained, strict=True)):
        if learned:
            edges = [(evaluations[i], Edge("statistics", to_exact(w))) for i, w in learned]
            parts.append((f"statistics{index}", Update(None, index, retained), edges))
    return step_graph(graph.manifestation, parts)


def _with_evaluated_solutions(graph: StepGraph) -> Iterator[NamedNode]:
    states = StageStates()
    for name, node, inputs in parts_of(graph):
        states.add(name, node, inputs)
        yield name, node, inputs
        solve = inputs[0][0] if inputs else ""
        for position, rate in sorted(states.complete(node, inputs).items()):
            yield from _evaluated(graph, rate, states.terms(solve, position))


def _evaluated(graph: StepGraph, rate: str, terms: Terms) -> Iterator[NamedNode]:
    node = graph.node(rate)
    assert isinstance(node, SolvedRate)
    theta = graph.by_stage(graph.input(rate, "solve"), "theta")[node.position]
    yield f"{rate}.state", Combine(node.step), [(s, Edge("term", weight)) for s, weight in terms]
    edges = [(f"{rate}.state", Edge("state")), (theta, Edge("theta"))]
    yield f"{rate}.again", Evaluate(node.step, node.stage), edges


def _theta_of(graph: StepGraph, evaluation: str) -> Theta:
    theta = graph.node(graph.input(evaluation, "theta"))
    assert isinstance(theta, Theta)
    return theta
