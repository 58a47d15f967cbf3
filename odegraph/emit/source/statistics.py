"""New running statistics as Python statements, after all steps."""

from odegraph._exact import Exact, to_exact
from odegraph.emit.source.evaluation import EvaluationSource
from odegraph.ir import StepGraph, Update


def statistics_statements(graph: StepGraph, evaluated: EvaluationSource) -> list[str]:
    """The statements that store what a training pass has learned; none where nothing learns."""
    basis = graph.manifestation.state_basis
    updates = [(name, node) for name, node in graph.nodes() if isinstance(node, Update)]
    if not evaluated.unit.learns or basis is None:
        return []
    lines = ["", "new = list(updated_state)"]
    count = len(evaluated.evaluations)
    for name, node in updates:
        row = [(evaluated.evaluations.index(s), edge.exact) for s, edge in graph.inputs(name)]
        row += [(count + index, to_exact(value)) for index, value in node.retained]
        values = "learned + updated_state" if node.retained else "learned"
        lines += _learned(evaluated, node.index, values, row)
    return [
        *lines,
        "for slot, values in zip(updated_slots, zip(*new, strict=True), strict=True):",
        "    slot.copy_(torch.stack(values))",
        "",
    ]


def _learned(
    evaluated: EvaluationSource, index: int, values: str, row: list[tuple[int, Exact]]
) -> list[str]:
    if len(row) == 1 and row[0][1] == 1:
        return [f"new[{index}] = {values}[{row[0][0]}]"]
    return evaluated.depths.blend(f"new[{index}]", values, row)
