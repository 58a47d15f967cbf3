"""Scenes on the axes of a figure, for pictures that stand beside others on one page."""

from typing import TYPE_CHECKING

from odegraph.draw.scene import Box, Region, Scene, Wire
from odegraph.draw.scene_dot import LABEL_SIZE, REGION_SIZE, wire_curve

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# DejaVu Sans is wider than the Helvetica that boxes are made for.
TYPE_SHARE = 0.86
ARROW_LENGTH, ARROW_WIDTH = 5.5, 4.4
DASHES = {"solid": "-", "dashed": (0, (4, 2.5)), "dotted": (0, (1, 1.6))}
CORNER = 6.0


def place_scene(axes: "Axes", scene: Scene, *, x: float, y: float, factor: float) -> None:
    """Draw a scene on axes in points, y downwards; (x, y) is its upper left corner."""
    pen = _Pen(axes, x - factor * scene.lower.x, y + factor * scene.upper.y, factor)
    for region in scene.regions:
        pen.region(region)
    for wire in scene.wires:
        pen.wire(wire)
    for box in scene.boxes:
        pen.box(box)


class _Pen:
    def __init__(self, axes: "Axes", x: float, y: float, factor: float) -> None:
        self.axes, self.x, self.y, self.factor = axes, x, y, factor

    def at(self, point: tuple[float, float]) -> tuple[float, float]:
        return self.x + self.factor * point[0], self.y - self.factor * point[1]

    def text(self, point: tuple[float, float], label: str, *, size: float, **look: object) -> None:
        x, y = self.at(point)
        size = size * self.factor * TYPE_SHARE
        settings = {"ha": "center", "va": "center", "linespacing": 1.15, **look}
        self.axes.text(x, y, label, size=size, parse_math=False, **settings)  # pyright: ignore[reportArgumentType]

    def region(self, region: Region) -> None:
        self.rectangle(region.lower, region.upper, fill=region.look.fill, border=region.look.border)
        at = (region.lower.x + 12, region.upper.y - 13)
        self.text(at, region.title, size=REGION_SIZE, ha="left", color=region.look.text)

    def box(self, box: Box) -> None:
        from matplotlib.patches import Ellipse

        look = box.look
        if look.shape == "circle":
            size = self.factor * box.width, self.factor * box.height
            circle = Ellipse(
                self.at(box.at), *size, facecolor=look.fill, edgecolor=look.border, zorder=4
            )
            self.axes.add_patch(circle)
        else:
            lower = (box.at.x - box.width / 2, box.at.y - box.height / 2)
            upper = (box.at.x + box.width / 2, box.at.y + box.height / 2)
            self.rectangle(
                lower,
                upper,
                fill=look.fill,
                border=look.border,
                dashed="dashed" in look.style,
                corner=CORNER if "rounded" in look.style else 0.0,
                zorder=4,
            )
        self.text(box.at, box.label, size=look.size, zorder=5)

    def rectangle(
        self,
        lower: tuple[float, float],
        upper: tuple[float, float],
        *,
        fill: str,
        border: str,
        dashed: bool = False,
        corner: float = CORNER,
        zorder: float = 1,
    ) -> None:
        from matplotlib.patches import FancyBboxPatch

        (left, bottom), (right, top) = self.at(lower), self.at(upper)
        shape = f"round,pad=0,rounding_size={corner * self.factor}" if corner else "square,pad=0"
        patch = FancyBboxPatch(
            (left, top),
            right - left,
            bottom - top,
            boxstyle=shape,
            facecolor=fill,
            edgecolor=border,
            linewidth=0.9 * self.factor,
            linestyle="--" if dashed else "-",
            zorder=zorder,
        )
        self.axes.add_patch(patch)

    def wire(self, wire: Wire) -> None:
        from matplotlib.patches import PathPatch, Polygon
        from matplotlib.path import Path

        curve = wire_curve(wire.points)
        codes = [Path.MOVETO, *[Path.CURVE4] * (len(curve) - 1)]
        line = PathPatch(
            Path([self.at(point) for point in curve], codes),
            facecolor="none",
            edgecolor=wire.ink.color,
            linewidth=wire.ink.width * self.factor,
            linestyle=DASHES[wire.ink.style],
            zorder=2,
        )
        self.axes.add_patch(line)
        tip = self.arrow(curve[-1], wire.points[-1])
        self.axes.add_patch(Polygon(tip, facecolor=wire.ink.color, edgecolor="none", zorder=3))
        if wire.label and wire.label_at:
            self.text(wire.label_at, wire.label, size=LABEL_SIZE, zorder=5)

    def arrow(
        self, start: tuple[float, float], end: tuple[float, float]
    ) -> list[tuple[float, float]]:
        """The triangle from the end of the line to the tip."""
        (x0, y0), (x1, y1) = self.at(start), self.at(end)
        length = max(((x1 - x0) ** 2 + (y1 - y0) ** 2) ** 0.5, 1e-9)
        across = ARROW_WIDTH * self.factor / 2 / length
        dx, dy = (y1 - y0) * across, (x0 - x1) * across
        return [(x0 + dx, y0 + dy), (x0 - dx, y0 - dy), (x1, y1)]
