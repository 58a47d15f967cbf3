"""Drop terms of weight zero; a sum of one term of weight one is that term."""

from odegraph.ir import Combine, Edge, Node, StepGraph, parts_of, renamed, step_graph


def simplify(graph: StepGraph) -> StepGraph:
    """The same values with fewer edges and sums."""
    parts, names = [], {}
    for name, node, inputs in parts_of(graph):
        inputs = nonzero_terms(node, renamed(inputs, names))
        same = sole_value(node, inputs)
        if same is not None:
            names[name] = same
            continue
        parts.append((name, node, inputs))
    return step_graph(graph.manifestation, parts)


def nonzero_terms(node: Node, inputs: list[tuple[str, Edge]]) -> list[tuple[str, Edge]]:
    """The inputs of a sum whose weight is not zero; the inputs of any other node."""
    if not isinstance(node, Combine):
        return inputs
    return [(source, edge) for source, edge in inputs if not _is_zero(edge)]


def sole_value(node: Node, inputs: list[tuple[str, Edge]]) -> str | None:
    """The value that a sum of one term of weight one is; else None."""
    if isinstance(node, Combine) and len(inputs) == 1 and inputs[0][1].weight == 1:
        return inputs[0][0]
    return None


def _is_zero(edge: Edge) -> bool:
    # Exact zero, not "undecided": `is_zero` may be None for an unsimplified algebraic number.
    return edge.weight is not None and edge.weight.is_zero is True
