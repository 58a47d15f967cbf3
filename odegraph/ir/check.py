"""Invariants of step graphs; run after `build` and after every pass."""

from odegraph._exact import Exact
from odegraph.ir.graph import StepGraph
from odegraph.ir.halves import Halves
from odegraph.ir.matrix_nodes import Apply, FunctionOfJacobian, Jacobian
from odegraph.ir.nodes import Combine, Edge, Evaluate, Input, Node, Output, Theta, Update

ROLES: dict[type, dict[str, int | None]] = {
    Input: {},
    Theta: {},
    Evaluate: {"state": 1, "theta": 1},
    Jacobian: {"state": 1, "theta": 1},
    FunctionOfJacobian: {"jacobian": 1},
    Apply: {"matrix": 1, "term": None},
    Combine: {"term": None},
    Update: {"statistics": None},
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
    assert len(graph.of_type(Input)) == 1, "the graph has not one input"
    return graph


def _check_roles(name: str, node: Node, edges: list[Edge]) -> None:
    roles = ROLES[type(node)]
    for edge in edges:
        assert edge.role in roles, f"{name} has an edge of role {edge.role}"
        weighted = roles[edge.role] is None
        assert weighted == isinstance(edge.weight, Exact | Halves), (
            f"{name}: weight {edge.weight!r}"
        )
    for role, count in roles.items():
        found = sum(edge.role == role for edge in edges)
        assert found == count if count is not None else found > 0, f"{name}: {found} of {role}"
