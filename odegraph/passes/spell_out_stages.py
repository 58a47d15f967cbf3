"""Implicit stages as their equations k_i = R(y_i + sum_j a_ij k_j, theta_i): what drawings show."""

from collections.abc import Iterator

from odegraph.ir import (
    Combine,
    Edge,
    Evaluate,
    Solve,
    SolvedRate,
    StageMatrix,
    StepGraph,
    parts_of,
    step_graph,
)
from odegraph.ir.graph import NamedNode
from odegraph.passes.stage_states import StageStates


def spell_out_stages(graph: StepGraph) -> StepGraph:
    """The graph with cycles in place of its solves: to look at, not to compute."""
    return step_graph(graph.manifestation, _equations(graph)) if graph.of_type(Solve) else graph


def _equations(graph: StepGraph) -> Iterator[NamedNode]:
    states = StageStates()
    for name, node, inputs in parts_of(graph):
        states.add(name, node, inputs)
        users = [graph.node(user) for user in graph.graph.succ[name]]
        is_only_solved = users and all(isinstance(user, Solve | StageMatrix) for user in users)
        is_part_of_state = isinstance(node, Combine) and is_only_solved
        if not isinstance(node, Solve | SolvedRate | StageMatrix) and not is_part_of_state:
            yield name, node, inputs
        solve = inputs[0][0] if inputs else ""
        for position, rate in sorted(states.complete(node, inputs).items()):
            solved = graph.node(rate)
            assert isinstance(solved, SolvedRate)
            terms = [(s, Edge("term", w)) for s, w in states.terms(solve, position)]
            yield f"{rate}.state", Combine(solved.step), terms
            theta = graph.by_stage(solve, "theta")[position]
            edges = [(f"{rate}.state", Edge("state")), (theta, Edge("theta"))]
            part = states.solves[solve][0].part
            yield rate, Evaluate(solved.step, solved.stage, part), edges
