"""Give every depth where theta is read an index of its own: what `bake` folds to constants."""

from dataclasses import dataclass, replace
from fractions import Fraction

from odegraph.ir import Row, StepGraph, Theta, parts_of, step_graph


@dataclass(frozen=True)
class Tabulation:
    """The distinct rows that the graph read before: constant i = sum_b rows[i][b] theta^b."""

    rows: tuple[Row, ...]
    state_rows: tuple[Row, ...]


def tabulate_theta(graph: StepGraph) -> tuple[StepGraph, Tabulation]:
    """The graph that reads table entries, and which combination of coefficients each entry is."""
    rows: dict[Row, int] = {}
    state_rows: dict[Row, int] = {}
    parts = []
    for name, node, inputs in parts_of(graph):
        if isinstance(node, Theta):
            row, state_row = _entry(node.row, rows), _entry(node.state_row, state_rows)
            node = Theta(node.step, node.depth, row, state_row)
        parts.append((name, node, inputs))
    table = Tabulation(tuple(rows), tuple(state_rows))
    return step_graph(graph.manifestation, parts, registers=graph.registers), table


def tabulate_pairs(graph: StepGraph) -> tuple[StepGraph, Tabulation]:
    """The same with one entry for each pair of rows: parameters and buffers have equal numbers.

    So that values of both can be folded into one.
    """
    pairs: dict[tuple[Row, Row], int] = {}
    parts = []
    for name, node, inputs in parts_of(graph):
        if isinstance(node, Theta):
            entry = pairs.setdefault((node.row, node.state_row), len(pairs))
            row = ((entry, Fraction(1)),)
            node = Theta(node.step, node.depth, row, row if node.state_row else ())
        parts.append((name, node, inputs))
    rows, state_rows = zip(*pairs, strict=True) if pairs else ((), ())
    table = Tabulation(tuple(rows), tuple(state_rows))
    return step_graph(graph.manifestation, parts, registers=graph.registers), table


def tabulate_parameters(graph: StepGraph) -> tuple[StepGraph, tuple[Row, ...]]:
    """The same for the parameters alone: new statistics are coefficients, not table entries."""
    rows: dict[Row, int] = {}
    parts = [
        (name, replace(node, row=_entry(node.row, rows)), inputs)
        if isinstance(node, Theta)
        else (name, node, inputs)
        for name, node, inputs in parts_of(graph)
    ]
    return step_graph(graph.manifestation, parts, registers=graph.registers), tuple(rows)


def _entry(row: Row, seen: dict[Row, int]) -> Row:
    return ((seen.setdefault(row, len(seen)), Fraction(1)),) if row else ()
