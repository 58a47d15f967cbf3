"""What stands below the rows: theta(t) above, statistics that are learned below.

Each box takes the first track that is free over the columns that it serves.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from odegraph.draw import graph_style, labels
from odegraph.draw.placement import THETA_SIZE, Placement, theta_width
from odegraph.draw.scene import Box, Ink, Point, Wire
from odegraph.draw.step_texts import READERS, theta_of
from odegraph.draw.view import Item, exact_weight
from odegraph.ir import SlotGradient, Update

LINE = 12.5
PADDING = 9.0
ABOVE = 24.0
BETWEEN = 12.0
UPDATE_OFFSET = 12.0


@dataclass(frozen=True)
class Served:
    """A box to be placed and the columns of the units that it serves."""

    name: str
    text: str
    columns: tuple[int, ...]


def thetas_below(placement: Placement) -> tuple[list[Box], list[Wire]]:
    """theta(t) under the first unit that reads it, with wires up to all that do."""
    served = _served_thetas(placement)
    units = _unit_boxes(placement)
    tracks = _tracks(served)
    height = max((_height(one.text) for one in served), default=0.0)
    boxes, wires = [], []
    for one in served:
        y = placement.floor - ABOVE - height / 2 - tracks[one.name] * (height + BETWEEN)
        shade = placement.texts.shade(one.name)
        at = Point(units[one.columns[0]].at.x, y)
        look = graph_style.theta_look(shade)
        box = Box(one.name, at, theta_width(one.text), height, one.text, look)
        boxes.append(box)
        ink = graph_style.theta_ink(shade)
        wires += [_up(box, units[column], ink) for column in one.columns]
    return boxes, wires


def updates_below(
    placement: Placement, updates: Iterable[Item], *, top: float
) -> tuple[list[Box], list[Wire]]:
    """Statistics, or gradients, under the last unit that they come from."""
    units = _unit_boxes(placement)
    column_of = {column.item.name: column.index for column in placement.floorplan.columns}
    served = []
    for item in updates:
        assert isinstance(item.node, Update | SlotGradient)
        columns = tuple(sorted(column_of[source] for source, _ in item.inputs))
        served.append(Served(item.name, placement.texts.update(item.node), columns))
    tracks = _tracks(served)
    boxes, wires = [], []
    for one, item in zip(served, updates, strict=True):
        y = top - ABOVE - tracks[one.name] * (_height(one.text) + BETWEEN)
        at = Point(units[one.columns[-1]].at.x + UPDATE_OFFSET, y)
        width = labels.text_width(one.text, size=9.5) + 12
        box = Box(one.name, at, width, _height(one.text), one.text, graph_style.UPDATE_LOOK)
        boxes.append(box)
        for source, edge in item.inputs:
            wires.append(_down(units[column_of[source]], box, exact_weight(edge)))
    return boxes, wires


def _served_thetas(placement: Placement) -> list[Served]:
    readers: dict[str, list[int]] = {}
    for column in placement.floorplan.columns:
        if isinstance(column.item.node, READERS):
            readers.setdefault(theta_of(column.item), []).append(column.index)
    return [
        Served(name, placement.texts.theta(name), tuple(columns))
        for name, columns in readers.items()
    ]


def _unit_boxes(placement: Placement) -> Mapping[int, Box]:
    return {
        column.index: placement.boxes[column.item.name]
        for column in placement.floorplan.columns
        if isinstance(column.item.node, READERS)
    }


def _tracks(served: Iterable[Served]) -> dict[str, int]:
    ends: list[int] = []
    tracks = {}
    for one in sorted(served, key=lambda one: one.columns[0]):
        free = (track for track, end in enumerate(ends) if end < one.columns[0])
        track = next(free, len(ends))
        ends[track : track + 1] = [one.columns[-1]]
        tracks[one.name] = track
    return tracks


def _up(theta: Box, unit: Box, ink: Ink) -> Wire:
    if abs(theta.at.x - unit.at.x) < 1:
        points: Iterator[Point] = iter((theta.top, unit.bottom))
    else:
        points = iter((theta.right, Point(unit.at.x, theta.at.y), unit.bottom))
    return Wire(theta.name, unit.name, tuple(points), ink)


def _down(unit: Box, update: Box, exact: str) -> Wire:
    x = unit.at.x + UPDATE_OFFSET
    start = Point(x, unit.bottom.y)
    if abs(update.at.x - x) < 1:
        points = (start, update.top)
    else:
        points = (start, Point(x, update.at.y), update.left)
    return Wire(unit.name, update.name, points, graph_style.UPDATE, exact=exact)


def _height(text: str) -> float:
    return LINE * (text.count("\n") + 1) * THETA_SIZE / 10.0 + PADDING
