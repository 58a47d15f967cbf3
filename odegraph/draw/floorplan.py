"""Where the parts of a step graph stand, in whole rows and columns: no lengths yet.

A step is drawn as its tableau. Each unit has a column, where a vertical wire gathers its state, and
a row, along which its rate flows to the right; a_ij is where the wire of column i leaves row j.
What an explicit scheme uses lies above the diagonal, what makes a scheme implicit below it. The
state runs along row 0.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from odegraph.draw.view import Computed, Item, LeftOut, states_of
from odegraph.ir import (
    Apply,
    Combine,
    Edge,
    Evaluate,
    FunctionOfJacobian,
    Input,
    Jacobian,
    Output,
    Pullback,
    StepGraph,
)

UNGATHERED = ("theta", "matrix")


@dataclass(frozen=True)
class Column:
    """One column: the item that stands in it, and the sum before a unit that nothing else reads."""

    index: int
    segment: int
    item: Item
    sum: Item | None

    @property
    def terms(self) -> list[tuple[str, Edge]]:
        """The values that the vertical wire gathers."""
        inputs = (self.sum or self.item).inputs
        return [(source, edge) for source, edge in inputs if edge.role not in UNGATHERED]

    @property
    def matrix(self) -> str | None:
        """The matrix that the item is a product with."""
        return next((source for source, edge in self.item.inputs if edge.role == "matrix"), None)

    @property
    def used(self) -> list[str]:
        """All values that come along rows."""
        matrix = self.matrix
        return [*([matrix] if matrix else []), *(source for source, _ in self.terms)]


@dataclass(frozen=True)
class Segment:
    """The input, one step, or the steps that are left out."""

    index: int
    step: int | None
    left_out: LeftOut | None


@dataclass(frozen=True)
class Floorplan:
    """All columns; `rows` holds, for each segment, the row of each value that runs through it."""

    columns: tuple[Column, ...]
    segments: tuple[Segment, ...]
    outputs: tuple[Item, ...]
    rows: tuple[Mapping[str, int], ...]
    states: frozenset[str]

    @cached_property
    def source(self) -> dict[str, Column]:
        """The column that gives each value."""
        return {value: column for column in self.columns for value in column.item.values}

    @property
    def height(self) -> int:
        """The number of the last row."""
        return max(row for rows in self.rows for row in rows.values())

    @cached_property
    def _by_segment(self) -> dict[int, list[Column]]:
        found: dict[int, list[Column]] = {}
        for column in self.columns:
            found.setdefault(column.segment, []).append(column)
        return found

    @cached_property
    def has_feedback(self) -> bool:
        """Whether a unit needs a rate that is not computed before it."""
        return any(
            self.is_feedback(source, column)
            for column in self.columns
            for source, _ in column.terms
        )

    def is_feedback(self, value: str, column: Column) -> bool:
        """Whether `column` takes `value` from itself or from a column after it."""
        return self.source[value].index >= column.index

    def carries_state(self, value: str) -> bool:
        """Whether a value is a state, as opposed to a rate."""
        return value in self.states

    def carries_matrix(self, value: str) -> bool:
        """Whether a value is a Jacobian or a function of one."""
        return isinstance(self.source[value].item.node, Jacobian | FunctionOfJacobian)

    def within(self, segment: Segment) -> list[Column]:
        """The columns of a segment."""
        return self._by_segment[segment.index]

    def is_last(self, segment: int) -> bool:
        """Whether nothing follows but outputs."""
        return segment == len(self.segments) - 1


def plan(graph: StepGraph, items: list[Item]) -> Floorplan:
    """Columns in the order of computation, and a row for every value."""
    columns, segments = _columns(items, _sums_before_units(graph, items))
    outputs = tuple(item for item in items if isinstance(item.node, Output))
    rowless = Floorplan(tuple(columns), tuple(segments), outputs, (), states_of(graph))
    last_use = _last_uses(rowless)
    return replace(
        rowless, rows=tuple(_rows_within(rowless, segment, last_use) for segment in segments)
    )


def _sums_before_units(graph: StepGraph, items: list[Item]) -> dict[str, Item]:
    """The sums that one unit or product reads and nothing else, by the name of that one."""
    found = {}
    for item in items:
        users = list(graph.graph.succ[item.name]) if isinstance(item.node, Combine) else []
        if len(users) == 1 and isinstance(graph.node(users[0]), Evaluate | Pullback | Apply):
            found[users[0]] = item
    return found


def _columns(items: list[Item], sums: dict[str, Item]) -> tuple[list[Column], list[Segment]]:
    columns: list[Column] = []
    segments: list[Segment] = []
    inlined = {item.name for item in sums.values()}
    for item in items:
        if item.name in inlined or not isinstance(item.node, Input | LeftOut | Computed):
            continue
        left_out = item.node if isinstance(item.node, LeftOut) else None
        if not segments or segments[-1].step != item.node.step or left_out:
            segments.append(Segment(len(segments), item.node.step, left_out))
        columns.append(Column(len(columns), segments[-1].index, item, sums.get(item.name)))
    return columns, segments


def _last_uses(floorplan: Floorplan) -> dict[str, float]:
    last: dict[str, float] = {}
    for column in floorplan.columns:
        for source in column.used:
            last[source] = max(last.get(source, -1), column.index)
    for output in floorplan.outputs:
        for source, _ in output.inputs:
            segment = floorplan.segments[floorplan.source[source].segment]
            end = floorplan.within(segment)[-1].index
            used = math.inf if floorplan.is_last(segment.index) else end
            last[source] = max(last.get(source, -1), used)
    return last


def _rows_within(
    floorplan: Floorplan, segment: Segment, last_use: dict[str, float]
) -> dict[str, int]:
    columns = floorplan.within(segment)
    first = columns[0]
    carried = [
        value
        for column in floorplan.columns[: first.index]
        for value in column.item.values
        if last_use.get(value, -1) >= first.index
    ]
    if segment.left_out:
        return _rows_of_ellipsis(floorplan, first, carried)
    order = _states_first(floorplan, carried)
    rows = {value: row for row, value in enumerate(order)}
    holder = order[0] if order else None
    free = _FreeRows(max(len(order), 1))
    for column in columns:
        value = column.item.name
        is_free = holder is None or last_use.get(holder, -1) <= column.index
        if _is_linear(floorplan, column):
            ended = {used for used in column.used if last_use[used] == column.index}
            free.release(rows[used] for used in ended - {column.matrix} if rows[used])
        if floorplan.carries_state(value) and is_free:
            rows[value], holder = 0, value
        else:
            rows[value] = free.take()
    return rows


def _is_linear(floorplan: Floorplan, column: Column) -> bool:
    """Products with matrices, and what is made of them: values that are used up on the way."""
    node, value = column.item.node, column.item.name
    is_rate = isinstance(node, Combine) and not floorplan.carries_state(value)
    return is_rate or isinstance(node, Apply | FunctionOfJacobian)


class _FreeRows:
    """Rows for values: the highest of those that ended, or a new one below all."""

    def __init__(self, first: int) -> None:
        self.below = first
        self.ended: set[int] = set()

    def release(self, rows: Iterable[int]) -> None:
        """Values on these rows have ended."""
        self.ended.update(rows)

    def take(self) -> int:
        """The next row."""
        if self.ended:
            row = min(self.ended)
            self.ended.remove(row)
            return row
        self.below += 1
        return self.below - 1


def _rows_of_ellipsis(floorplan: Floorplan, column: Column, carried: list[str]) -> dict[str, int]:
    taken = [source for source, _ in column.item.inputs]
    given = list(column.item.values)
    rows = {}
    for values in (taken, given):
        rows |= {v: row for row, v in enumerate(_states_first(floorplan, values))}
    below = max(len(taken), len(given))
    passing = [value for value in carried if value not in taken]
    return rows | {value: below + n for n, value in enumerate(passing)}


def _states_first(floorplan: Floorplan, values: list[str]) -> list[str]:
    """States, the newest first; then rates as they were computed."""
    states = [value for value in values if floorplan.carries_state(value)]
    return [*reversed(states), *(value for value in values if value not in states)]
