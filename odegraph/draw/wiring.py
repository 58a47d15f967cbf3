"""The wires of a step graph: along the rows, then along the columns."""

from collections.abc import Iterator

from odegraph.draw import graph_style
from odegraph.draw.floorplan import Column
from odegraph.draw.placement import FEEDBACK_DROP, Placement, label_width, weight_label
from odegraph.draw.scene import Box, Ink, Point, Wire
from odegraph.draw.view import Item, LeftOut, exact_weight
from odegraph.ir import Edge, Input

LOOP = 11.0
LABEL_OFFSET = 4.0
LABEL_DROP = 10.0
ROUNDING = 0.01


def wires_between(placement: Placement) -> Iterator[Wire]:
    """From values to the columns that take them, and from sums into their units."""
    for column in placement.floorplan.columns:
        for source, edge in column.terms:
            yield _wire(placement, column, source, edge)
        if column.matrix:
            yield _matrix_wire(placement, column, column.matrix)
        if column.sum:
            total, unit = placement.boxes[column.sum.name], placement.boxes[column.item.name]
            ink = _ink(is_state=placement.floorplan.carries_state(total.name))
            exact = exact_weight(dict(column.item.inputs)[total.name])
            yield Wire(total.name, unit.name, (total.right, unit.left), ink, exact=exact)


def rail(placement: Placement, value: str, *, segment: int) -> list[Point]:
    """From where a value is made to the row along which it runs through `segment`."""
    rows, column = placement.floorplan.rows, placement.floorplan.source[value]
    row = rows[column.segment][value]
    points = [Point(placement.boxes[column.item.name].right.x, placement.y(row))]
    for index in range(column.segment + 1, segment + 1):
        new = rows[index][value]
        if new != row:
            x = placement.channel(index, value)
            points += [Point(x, placement.y(row)), Point(x, placement.y(new))]
            row = new
    return points


def ink_of(placement: Placement, value: str) -> Ink:
    """States, rates and matrices look different."""
    if placement.floorplan.carries_matrix(value):
        return graph_style.MATRIX
    return _ink(is_state=placement.floorplan.carries_state(value))


def _ink(*, is_state: bool) -> Ink:
    return graph_style.STATE if is_state else graph_style.RATE


def drawn_source(placement: Placement, value: str) -> str:
    """The box that a value comes from: its own, or that of the steps that are left out."""
    return placement.floorplan.source[value].item.name


def _wire(placement: Placement, column: Column, value: str, edge: Edge) -> Wire:
    target = placement.boxes[(column.sum or column.item).name]
    bus = placement.bus[column.index]
    feedback = placement.floorplan.is_feedback(value, column)
    if feedback:
        points = _feedback(placement, value, bus, target)
    else:
        points = rail(placement, value, segment=column.segment)
        points += _arrival(column.item, target, bus, points[-1].y)
    return Wire(
        drawn_source(placement, value),
        target.name,
        tuple(points),
        graph_style.IMPLICIT if feedback else ink_of(placement, value),
        label=weight_label(edge),
        label_at=_label_at(points, bus, edge, feedback=feedback),
        exact=exact_weight(edge),
    )


def _matrix_wire(placement: Placement, column: Column, value: str) -> Wire:
    """From the row of a matrix to the middle of a product with it."""
    points = rail(placement, value, segment=column.segment)
    target = placement.boxes[column.item.name]
    tip = target.top if points[-1].y > target.at.y else target.bottom
    points += [Point(tip.x, points[-1].y), tip]
    return Wire(drawn_source(placement, value), target.name, tuple(points), graph_style.MATRIX)


def _arrival(item: Item, target: Box, bus: float, y: float) -> list[Point]:
    """From a row into the box: straight, or by the vertical wire of the column."""
    if isinstance(item.node, LeftOut | Input):
        return [Point(target.left.x, y)]
    if abs(y - target.at.y) < ROUNDING:
        return [target.left]
    if target.look is not graph_style.SUM_LOOK:
        return [Point(bus, y), Point(bus, target.at.y), target.left]
    return [Point(bus, y), target.top if y > target.at.y else target.bottom]


def _feedback(placement: Placement, value: str, bus: float, target: Box) -> list[Point]:
    """A rate that a unit needs before it is there: back, below the row, to the sum."""
    start = placement.boxes[drawn_source(placement, value)].right
    turn, below = start.x + LOOP, start.y - FEEDBACK_DROP
    return [
        start,
        Point(turn, start.y),
        Point(turn, below),
        Point(bus, below),
        target.bottom,
    ]


def _label_at(points: list[Point], bus: float, edge: Edge, *, feedback: bool) -> Point:
    """Beside the vertical wire, next to the row that it comes from."""
    tip, corner = points[-1], points[-2]
    if abs(tip.y - corner.y) < ROUNDING:
        return Point(tip.x - label_width(edge) / 2 - 9, tip.y + 8)
    below = feedback or corner.y > tip.y
    drop = -LABEL_DROP if below else LABEL_DROP
    return Point(bus + LABEL_OFFSET + label_width(edge) / 2, corner.y + drop)
