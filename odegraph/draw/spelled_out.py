"""The graph as it is drawn: every stage as its equation, each weighted sum a node.

To look at, not to compute: a stage that depends on itself makes a cycle.
"""

from collections.abc import Iterator

from odegraph._exact import to_exact
from odegraph.draw.transposed import transposed
from odegraph.ir import Apply, Combine, Edge, StepGraph, parts_of, step_graph
from odegraph.ir.graph import NamedNode
from odegraph.passes import evaluate_apart, spell_out_stages

ONE = to_exact(1)


def spelled_out(graph: StepGraph) -> StepGraph:
    """The same formulas; a product of a matrix with several terms is one with their sum."""
    graph = spell_out_stages(evaluate_apart(transposed(graph)))
    if not graph.of_type(Apply):
        return graph
    return step_graph(graph.manifestation, _with_sums(graph))


def _with_sums(graph: StepGraph) -> Iterator[NamedNode]:
    for name, node, inputs in parts_of(graph):
        terms = [(source, edge) for source, edge in inputs if edge.role == "term"]
        if isinstance(node, Apply) and len(terms) > 1:
            total = f"{name}.sum"
            yield total, Combine(node.step), terms
            inputs = [(graph.input(name, "matrix"), Edge("matrix")), (total, Edge("term", ONE))]
        yield name, node, inputs
