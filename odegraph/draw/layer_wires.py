"""Wires between columns of layers: each value has a lane of its own between two columns.

Channel routing (Hashimoto and Stevens 1971): a value comes in on the left at one height, goes up or
down in its lane, and leaves on the right at one height or several. Lanes are ordered so that no
wire runs along another one.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from odegraph.draw.scene import Box, Point

ROW = 54.0
PIN = 8.0  # between wires into one box
NEAR = 7.0  # wires closer than this look like one
LANE = 11.0
BEFORE_LANES, AFTER_LANES = 10.0, 20.0
LEAST_GAP = 44.0

Reads = Mapping[str, tuple[str, ...]]
Columns = Mapping[str, int]
Rows = Mapping[tuple[str, int], float]


@dataclass(frozen=True)
class Channel:
    """What one value does between two columns: heights on the left and on the right."""

    source: str
    left: float
    right: tuple[float, ...]

    @property
    def is_straight(self) -> bool:
        """Whether it needs no lane."""
        return all(abs(y - self.left) < 0.5 for y in self.right)

    def meets(self, other: "Channel") -> bool:
        """Whether both cover some height."""
        mine, others = (self.left, *self.right), (other.left, *other.right)
        return min(mine) < max(others) + NEAR and min(others) < max(mine) + NEAR

    def comes_before(self, other: "Channel") -> bool:
        """Whether it must turn away before the other one arrives at its height."""
        return any(abs(self.left - y) < NEAR for y in other.right)


@dataclass(frozen=True)
class Routes:
    """Heights and lanes of all wires: the lane of (value, column) lies right of that column."""

    reads: Reads
    columns: Columns
    rows: Rows
    pins: Mapping[tuple[str, str], float]
    lanes: Mapping[tuple[str, int], int]

    def gap(self, column: int) -> float:
        """The room right of a column."""
        count = 1 + max((n for (_, c), n in self.lanes.items() if c == column), default=-1)
        return max(LEAST_GAP, BEFORE_LANES + LANE * (count - 1) + AFTER_LANES)

    def points(
        self, source: str, target: str, boxes: Mapping[str, Box], *, right: Mapping[int, float]
    ) -> tuple[Point, ...]:
        """The wire between two boxes; `right` is where each column ends."""
        points = [boxes[source].right]
        for column in range(self.columns[source], self.columns[target]):
            last = column + 1 == self.columns[target]
            y = self.pins[source, target] if last else height(self, source, column + 1)
            if abs(y - points[-1].y) >= 0.5:
                x = right[column] + BEFORE_LANES + LANE * self.lanes[source, column]
                points += [Point(x, points[-1].y), Point(x, y)]
        return (*points, Point(boxes[target].left.x, self.pins[source, target]))


def routes(reads: Reads, columns: Columns, rows: Rows) -> Routes:
    """Order the wires into each box by where they come from, and give lanes to all that turn."""
    plain = Routes(reads, columns, rows, {}, {})
    pins = {key: y for target in reads for key, y in _pins(plain, target)}
    pinned = Routes(reads, columns, rows, pins, {})
    lanes = {
        (channel.source, column): lane
        for column in range(max(columns.values()))
        for channel, lane in _lanes(_channels(pinned, column))
    }
    return Routes(reads, columns, rows, pins, lanes)


def height(found: Routes, name: str, column: int) -> float:
    """Of a value in a column: of its box, or of its wire as it passes."""
    return -ROW * found.rows.get((name, column), found.rows[name, found.columns[name]])


def _pins(found: Routes, target: str) -> Iterable[tuple[tuple[str, str], float]]:
    column, inputs = found.columns[target], found.reads[target]
    middle = height(found, target, column)
    ordered = sorted(inputs, key=lambda one: -height(found, one, column - 1))
    for place, one in enumerate(ordered):
        yield (one, target), middle + PIN * ((len(inputs) - 1) / 2 - place)


def _channels(found: Routes, column: int) -> list[Channel]:
    channels = []
    for source in found.reads:
        readers = [t for t, inputs in found.reads.items() if source in inputs]
        ends = [found.columns[t] for t in readers]
        if not found.columns[source] <= column < max(ends, default=-1):
            continue
        right = [found.pins[source, t] for t in readers if found.columns[t] == column + 1]
        if max(ends) > column + 1:
            right.append(height(found, source, column + 1))
        channels.append(Channel(source, height(found, source, column), tuple(right)))
    return channels


def _lanes(channels: Sequence[Channel]) -> list[tuple[Channel, int]]:
    """The first free lane right of all that must turn before; what waits for itself goes first."""
    waiting = [channel for channel in channels if not channel.is_straight]
    placed: list[tuple[Channel, int]] = []
    while waiting:
        free = (c for c in waiting if not any(o.comes_before(c) for o in waiting if o is not c))
        chosen = next(free, waiting[0])
        waiting.remove(chosen)
        after = [lane for one, lane in placed if one.comes_before(chosen)]
        taken = {lane for one, lane in placed if one.meets(chosen)}
        lane = 1 + max(after, default=-1)
        while lane in taken:
            lane += 1
        placed.append((chosen, lane))
    return placed
