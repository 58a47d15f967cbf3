"""From rows and columns to places in points: each column takes the room that it needs."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from odegraph.draw import graph_style, labels
from odegraph.draw.floorplan import Column, Floorplan, Segment
from odegraph.draw.scene import Box, Look, Point
from odegraph.draw.step_texts import StepTexts, function_text, product_text, theta_of
from odegraph.draw.view import LeftOut
from odegraph.ir import (
    Apply,
    Combine,
    Edge,
    Evaluate,
    FunctionOfJacobian,
    Halves,
    Input,
    Jacobian,
    Pullback,
)

ROW = 46.0
ROW_WITH_FEEDBACK = 66.0
FEEDBACK_DROP = 30.0
SUM = 18.0
UNIT_HEIGHT = 34.0
UNIT_WIDTH = 58.0
BEFORE_UNIT = 17.0
AFTER_UNIT = 24.0
CHANNEL = 11.0
MARGIN = 16.0
GAP = 16.0
STATE_WIDTH = 46.0
STATE_HEIGHT = 26.0
LABEL_SIZE = 10.0
THETA_SIZE = 10.0
THETA_GAP = 12.0
ELLIPSIS_LINE = 15.0


class Span(NamedTuple):
    """From left to right."""

    start: float
    end: float


@dataclass(frozen=True)
class Placement:
    """Places of all but theta and outputs.

    Attributes:
        bus: for each column, where its vertical wire runs.
        boxes: units, sums, states and what is left out, by name.
        spans: the extent of each segment.
    """

    floorplan: Floorplan
    texts: StepTexts
    bus: Mapping[int, float]
    boxes: Mapping[str, Box]
    spans: Mapping[int, Span]

    def y(self, row: int) -> float:
        """The height of a row."""
        return row_height(self.floorplan, row)

    @property
    def floor(self) -> float:
        """The lower end of what stands on the rows."""
        room = FEEDBACK_DROP + 14 if self.floorplan.has_feedback else UNIT_HEIGHT / 2
        lowest = min(box.bottom.y for box in self.boxes.values())
        return min(lowest, self.y(self.floorplan.height) - room)

    def channel(self, segment: int, value: str) -> float:
        """Where a value changes its row on the way into a segment."""
        changing = changing_rows(self.floorplan, segment)
        return self.spans[segment].start + MARGIN + CHANNEL * changing.index(value)


def place(floorplan: Floorplan, texts: StepTexts) -> Placement:
    """Walk over the columns from left to right."""
    placer = _Placer(floorplan, texts)
    cursor = 0.0
    for segment in floorplan.segments:
        end = placer.place_segment(segment, cursor)
        placer.spans[segment.index] = Span(cursor, end)
        cursor = end + GAP
    return Placement(floorplan, texts, placer.bus, placer.boxes, placer.spans)


def row_height(floorplan: Floorplan, row: int) -> float:
    """The height of a row; row 0 is at 0, the others below it."""
    return -row * (ROW_WITH_FEEDBACK if floorplan.has_feedback else ROW)


def changing_rows(floorplan: Floorplan, segment: int) -> list[str]:
    """Values that run through a segment on another row than through the one before."""
    before = floorplan.rows[segment - 1] if segment else {}
    return [v for v, row in floorplan.rows[segment].items() if before.get(v, row) != row]


def weight_label(edge: Edge) -> str:
    """The weight as it stands at a wire; nothing for weight one."""
    if isinstance(edge.weight, Halves):
        return labels.typeset(str(edge.weight))
    return "" if edge.weight is None or edge.weight == 1 else labels.number(edge.weight)


def label_width(edge: Edge) -> float:
    """The room for the weight of a wire."""
    return labels.text_width(weight_label(edge), size=LABEL_SIZE)


def theta_width(text: str) -> float:
    """The width of the box of a theta(t)."""
    return max(UNIT_WIDTH, labels.text_width(text, size=THETA_SIZE) + 12)


class _Placer:
    def __init__(self, floorplan: Floorplan, texts: StepTexts) -> None:
        self.floorplan = floorplan
        self.texts = texts
        self.bus: dict[int, float] = {}
        self.boxes: dict[str, Box] = {}
        self.spans: dict[int, Span] = {}
        self.theta_end: float = 0.0
        self.thetas_seen: set[str] = set()

    def place_segment(self, segment: Segment, start: float) -> float:
        """Place the columns of a segment that begins at `start`; returns its end."""
        columns = self.floorplan.within(segment)
        channels = len(changing_rows(self.floorplan, segment.index))
        room = MARGIN + CHANNEL * channels + 6.0 if channels else 0.0
        if segment.step is None or segment.left_out:
            return self._place(columns[0], start + room)
        self.theta_end = max(self.theta_end, start)
        cursor = start + (room or MARGIN)
        for column in columns:
            cursor = self._place(column, cursor)
        title = labels.text_width(self.texts.step_title(segment.step), size=11.0) + 2 * MARGIN
        return max(cursor, self.theta_end + 10.0, start + title)

    def _place(self, column: Column, cursor: float) -> float:
        self.bus[column.index] = cursor
        match column.item.node:
            case Input():
                size = (STATE_WIDTH, STATE_HEIGHT)
                at = Point(cursor + STATE_WIDTH / 2, 0.0)
                self._add(
                    column.item.name,
                    at,
                    size,
                    graph_style.STATE_LOOK,
                    self.texts.input(column.item.name),
                )
                return cursor + STATE_WIDTH
            case LeftOut():
                return self._place_ellipsis(column, cursor)
            case Combine():
                return self._place_lone_sum(column, cursor)
            case Evaluate() | Pullback() | Jacobian():
                return self._place_unit(column, cursor)
            case FunctionOfJacobian(function=function):
                return self._place_matrix(column, cursor, function_text(function))
            case Apply(order=order):
                matrix = self.texts.graph.node(str(column.matrix))
                assert isinstance(matrix, Jacobian | FunctionOfJacobian)
                return self._place_matrix(column, cursor, product_text(matrix, order))
        raise AssertionError(f"{column.item.name} has no column")

    def _place_ellipsis(self, column: Column, cursor: float) -> float:
        assert isinstance(column.item.node, LeftOut)
        text = self.texts.left_out(column.item.node)
        values = [*(source for source, _ in column.item.inputs), *column.item.values]
        lowest = max(self.floorplan.rows[column.segment][value] for value in values)
        width = labels.text_width(text, size=11.0) + 20
        rows = ROW * lowest + 2 * 17.0
        height = max(rows, ELLIPSIS_LINE * (text.count("\n") + 1) + 16)
        # The box begins a little above row 0 and hangs down.
        at = Point(cursor + width / 2, 22.0 - height / 2)
        self._add(column.item.name, at, (width, height), graph_style.ELLIPSIS_LOOK, text)
        return cursor + width

    def _place_lone_sum(self, column: Column, cursor: float) -> float:
        # Weights along its own row stand before it, the others to the right of its vertical wire.
        bus = cursor + SUM / 2 + self._level_labels(column) + 6
        self.bus[column.index] = bus
        self._add_sum(column.item.name, Point(bus, self._y(column)))
        return bus + max(SUM / 2 + MARGIN, self._labels(column))

    def _place_unit(self, column: Column, cursor: float) -> float:
        node = column.item.node
        if isinstance(node, Evaluate):
            text = self.texts.unit(column.item.name, node)
        elif isinstance(node, Pullback):
            text = self.texts.pullback(column.item.name, node)
        else:
            text = self.texts.jacobian(column.item.name)
        width = max(UNIT_WIDTH, labels.text_width(text, size=11.0) + 14)
        theta = theta_of(column.item)
        half = 0.0 if theta in self.thetas_seen else theta_width(self.texts.theta(theta)) / 2
        before = BEFORE_UNIT + (SUM / 2 if column.sum else 0.0)
        # The wire from theta comes up under the middle: weights of feedback stand left of it.
        before = max(before, self._feedback_labels(column) - width / 2)
        bus = cursor + (SUM / 2 if column.sum else 2.0)
        if half:
            bus = max(bus, self.theta_end + THETA_GAP + half - width / 2 - before)
        self.bus[column.index] = bus
        centre = Point(bus + before + width / 2, self._y(column))
        if half:
            self.thetas_seen.add(theta)
            self.theta_end = centre.x + half
        if column.sum:
            self._add_sum(column.sum.name, Point(bus, self._y(column)))
        look = graph_style.unit_look(self.texts.shade(theta))
        self._add(column.item.name, centre, (width, UNIT_HEIGHT), look, text)
        return max(centre.x + width / 2 + AFTER_UNIT, bus + self._labels(column))

    def _place_matrix(self, column: Column, cursor: float, text: str) -> float:
        """A function of a matrix, or a product with it; the matrix comes from above or below."""
        width = labels.text_width(text, size=11.0) + 16
        bus = cursor + self._level_labels(column) + (SUM / 2 if column.sum else 2.0)
        before = max(BEFORE_UNIT + SUM / 2, self._labels(column) - width / 2)
        self.bus[column.index] = bus
        centre = Point(bus + before + width / 2, self._y(column))
        if column.sum:
            self._add_sum(column.sum.name, Point(bus, self._y(column)))
        size = (width, UNIT_HEIGHT - 6)
        self._add(column.item.name, centre, size, graph_style.MATRIX_LOOK, text)
        return centre.x + width / 2 + AFTER_UNIT

    def _labels(self, column: Column) -> float:
        return max((label_width(edge) for _, edge in column.terms), default=0.0) + 12

    def _level_labels(self, column: Column) -> float:
        """The room for weights of values that come along the row of the column."""
        row = self._row(column)
        level = [edge for source, edge in column.terms if self._row_of(source, column) == row]
        return max(map(label_width, level), default=0.0)

    def _feedback_labels(self, column: Column) -> float:
        feedback = (e for v, e in column.terms if self.floorplan.is_feedback(v, column))
        return max((label_width(edge) + 10 for edge in feedback), default=0.0)

    def _row(self, column: Column) -> int:
        return self.floorplan.rows[column.segment][column.item.name]

    def _row_of(self, source: str, column: Column) -> int:
        return self.floorplan.rows[column.segment][source]

    def _y(self, column: Column) -> float:
        return row_height(self.floorplan, self._row(column))

    def _add_sum(self, name: str, at: Point) -> None:
        self._add(name, at, (SUM, SUM), graph_style.SUM_LOOK, "+")

    def _add(self, name: str, at: Point, size: tuple[float, float], look: Look, label: str) -> None:
        self.boxes[name] = Box(name, at, *size, label=label, look=look)
