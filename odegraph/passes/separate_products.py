"""Give each product of a weighted sum a kernel of its own, as the formula is read."""

from dataclasses import replace

from odegraph.ir import Combine, StepGraph, parts_of, step_graph


def separate_products(graph: StepGraph) -> StepGraph:
    """The graph whose sums multiply first and add then: two kernels a term, not one.

    A fused kernel rounds once where these round twice; otherwise the numbers are the same. Comes
    last: sums that another pass makes are fused.
    """
    parts = (
        (name, replace(node, fused=False) if isinstance(node, Combine) else node, inputs)
        for name, node, inputs in parts_of(graph)
    )
    return replace(step_graph(graph.manifestation, parts), registers=graph.registers)
