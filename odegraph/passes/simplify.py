"""Drop terms of weight zero; a sum of one term of weight one is that term."""

from odegraph.ir import Combine, Edge, StepGraph, parts_of, renamed, step_graph


def simplify(graph: StepGraph) -> StepGraph:
    """The same values with fewer edges and sums."""
    parts, names = [], {}
    for name, node, inputs in parts_of(graph):
        inputs = renamed(inputs, names)
        if isinstance(node, Combine):
            inputs = [(source, edge) for source, edge in inputs if not _is_zero(edge)]
            if len(inputs) == 1 and inputs[0][1].weight == 1:
                names[name] = inputs[0][0]
                continue
        parts.append((name, node, inputs))
    return step_graph(graph.manifestation, parts)


def _is_zero(edge: Edge) -> bool:
    # Exact zero, not "undecided": `is_zero` may be None for an unsimplified algebraic number.
    return edge.weight is not None and edge.weight.is_zero is True
