"""Let the unit's running statistics learn: the pass that makes a training graph of a graph."""

from odegraph._exact import to_exact
from odegraph.ir import (
    Edge,
    Evaluate,
    StepGraph,
    Theta,
    Update,
    least_squares_update,
    parts_of,
    step_graph,
)


def track_statistics(graph: StepGraph) -> StepGraph:
    """Add one `Update` for each coefficient of the statistics that an evaluation reads."""
    basis = graph.manifestation.state_basis
    if basis is None:
        return graph
    evaluations = graph.of_type(Evaluate)
    rows = [_theta_of(graph, name).state_row for name in evaluations]
    update = least_squares_update(rows, size=basis.size)
    parts = list(parts_of(graph))
    for index, (learned, retained) in enumerate(zip(update.learned, update.retained, strict=True)):
        if learned:
            edges = [(evaluations[i], Edge("statistics", to_exact(w))) for i, w in learned]
            parts.append((f"statistics{index}", Update(None, index, retained), edges))
    return step_graph(graph.manifestation, parts)


def _theta_of(graph: StepGraph, evaluation: str) -> Theta:
    theta = graph.node(graph.input(evaluation, "theta"))
    assert isinstance(theta, Theta)
    return theta
