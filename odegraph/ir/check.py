"""Invariants of step graphs; run after `build` and after every pass."""

from typing import Literal

from odegraph._exact import Exact
from odegraph.ir.adjoint_nodes import GivenDraws, KeptDraws, Pullback, SlotGradient
from odegraph.ir.graph import StepGraph
from odegraph.ir.halves import Halves
from odegraph.ir.matrix_nodes import Apply, FunctionOfJacobian, Jacobian, Propagator
from odegraph.ir.nodes import (
    BatchedRate,
    Combine,
    Edge,
    Evaluate,
    EvaluateBatch,
    Input,
    Node,
    Output,
    Solve,
    SolvedRate,
    StageMatrix,
    Theta,
    Update,
)
from odegraph.ir.solver import ExactLinear

# How many edges of a role a node has: a number, any number with weights, or one for each stage.
Arity = int | Literal["weighted", "staged"]

ROLES: dict[type, dict[str, Arity]] = {
    Input: {},
    Theta: {},
    Evaluate: {"state": 1, "theta": 1},
    EvaluateBatch: {"state": "staged", "theta": 1},
    BatchedRate: {"batch": 1},
    StageMatrix: {"theta": "staged", "like": 1},
    Solve: {"state": "staged", "theta": "staged"},
    SolvedRate: {"solve": 1},
    Jacobian: {"state": 1, "theta": 1},
    FunctionOfJacobian: {"jacobian": 1},
    Propagator: {"theta": 1, "like": 1},
    Apply: {"matrix": 1, "term": "weighted"},
    Pullback: {"state": 1, "theta": 1, "cotangent": 1},
    SlotGradient: {"gradient": "weighted"},
    KeptDraws: {"evaluation": 1},
    GivenDraws: {},
    Combine: {"term": "weighted"},
    Update: {"statistics": "weighted"},
    Output: {"state": 1},
}


def check(graph: StepGraph) -> StepGraph:
    """Assert that the graph is well formed, and return it; a failure is a fault of a pass."""
    seen: set[str] = set()
    for name, node in graph.nodes():
        inputs = graph.inputs(name)
        assert all(source in seen for source, _ in inputs), f"{name} comes before what it uses"
        _check_roles(name, node, [edge for _, edge in inputs])
        seen.add(name)
    assert graph.of_type(Output), "the graph has no output"
    assert graph.of_type(Input), "the graph has no input"
    return graph


def _check_roles(name: str, node: Node, edges: list[Edge]) -> None:
    roles = ROLES[type(node)]
    if isinstance(node, Solve) and isinstance(node.solver, ExactLinear):
        roles = {**roles, "matrix": 1}
    for edge in edges:
        assert edge.role in roles, f"{name} has an edge of role {edge.role}"
        weighted = roles[edge.role] == "weighted"
        assert weighted == isinstance(edge.weight, Exact | Halves), (
            f"{name}: weight {edge.weight!r}"
        )
    for role, arity in roles.items():
        found = [edge for edge in edges if edge.role == role]
        assert _fits(node, found, arity), f"{name}: {len(found)} of {role}"


def _fits(node: Node, found: list[Edge], arity: Arity) -> bool:
    if arity == "weighted":
        return bool(found)
    if arity == "staged":
        assert isinstance(node, Solve | StageMatrix | EvaluateBatch)
        size = node.size if isinstance(node, EvaluateBatch) else len(node.coefficients)
        return sorted(stage for edge in found for stage in edge.stages) == list(range(size))
    return len(found) == arity
