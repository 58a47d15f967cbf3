"""A picture before it is written: boxes, wires and regions with places in points, y upwards."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import NamedTuple


class Point(NamedTuple):
    """A place on the paper."""

    x: float
    y: float


@dataclass(frozen=True)
class Look:
    """How boxes of one sort are drawn, in Graphviz's words."""

    shape: str = "box"
    style: str = "rounded,filled"
    fill: str = "#ffffff"
    border: str = "#66727f"
    size: float = 11.0


@dataclass(frozen=True)
class Box:
    """A node: the graph's name for it, its centre, size and text."""

    name: str
    at: Point
    width: float
    height: float
    label: str
    look: Look

    @property
    def left(self) -> Point:
        """Where a wire from the left ends."""
        return Point(self.at.x - self.width / 2, self.at.y)

    @property
    def right(self) -> Point:
        """Where a wire to the right begins."""
        return Point(self.at.x + self.width / 2, self.at.y)

    @property
    def top(self) -> Point:
        """Where a wire from above ends."""
        return Point(self.at.x, self.at.y + self.height / 2)

    @property
    def bottom(self) -> Point:
        """Where a wire from below ends."""
        return Point(self.at.x, self.at.y - self.height / 2)


@dataclass(frozen=True)
class Ink:
    """How wires of one sort are drawn."""

    color: str
    width: float = 1.1
    style: str = "solid"


@dataclass(frozen=True)
class Wire:
    """An edge along `points`, with right angles; `exact` is its weight as exact text."""

    source: str
    target: str
    points: tuple[Point, ...]
    ink: Ink
    label: str = ""
    label_at: Point | None = None
    exact: str = ""


@dataclass(frozen=True)
class RegionLook:
    """How regions of one sort are drawn."""

    fill: str
    border: str
    text: str


@dataclass(frozen=True)
class Region:
    """A titled rectangle around boxes, perhaps `inside` another one."""

    name: str
    title: str
    lower: Point
    upper: Point
    members: tuple[str, ...]
    look: RegionLook
    inside: str = ""


@dataclass(frozen=True)
class Scene:
    """All of a picture."""

    title: str
    boxes: tuple[Box, ...]
    wires: tuple[Wire, ...]
    regions: tuple[Region, ...]

    @property
    def lower(self) -> Point:
        """The lower left corner."""
        corners = [corner for corner, _ in self._corners()]
        return Point(min(c.x for c in corners), min(c.y for c in corners))

    @property
    def upper(self) -> Point:
        """The upper right corner."""
        corners = [corner for _, corner in self._corners()]
        return Point(max(c.x for c in corners), max(c.y for c in corners))

    def moved(self, offset: Point, *, prefix: str = "") -> "Scene":
        """The same picture elsewhere, with `prefix` before every name."""
        return Scene(
            self.title,
            tuple(replace(b, name=prefix + b.name, at=_sum(b.at, offset)) for b in self.boxes),
            tuple(_moved_wire(wire, offset, prefix) for wire in self.wires),
            tuple(_moved_region(region, offset, prefix) for region in self.regions),
        )

    def box(self, name: str) -> Box:
        """The box called `name`."""
        return next(box for box in self.boxes if box.name == name)

    def _corners(self) -> Iterable[tuple[Point, Point]]:
        for region in self.regions:
            yield region.lower, region.upper
        for box in self.boxes:
            half = Point(box.width / 2, box.height / 2)
            yield Point(box.at.x - half.x, box.at.y - half.y), _sum(box.at, half)
        for wire in self.wires:
            for point in wire.points:
                yield point, point


def _sum(a: Point, b: Point) -> Point:
    return Point(a.x + b.x, a.y + b.y)


def _moved_wire(wire: Wire, offset: Point, prefix: str) -> Wire:
    return replace(
        wire,
        source=prefix + wire.source,
        target=prefix + wire.target,
        points=tuple(_sum(point, offset) for point in wire.points),
        label_at=None if wire.label_at is None else _sum(wire.label_at, offset),
    )


def _moved_region(region: Region, offset: Point, prefix: str) -> Region:
    return replace(
        region,
        name=prefix + region.name,
        inside=prefix + region.inside if region.inside else "",
        lower=_sum(region.lower, offset),
        upper=_sum(region.upper, offset),
        members=tuple(prefix + name for name in region.members),
    )
