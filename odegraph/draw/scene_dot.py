"""Scenes in the DOT language, every place fixed: the same picture from every layout program."""

from collections.abc import Iterable

from odegraph.draw import style
from odegraph.draw.labels import text_width
from odegraph.draw.scene import Box, Point, Region, Scene, Wire

CORNER = 9.0
ROUND = 0.55
ARROW = 5.5
TITLE_SIZE = 13.0
TITLE_MARGIN = 10.0
# Ends a line that stands left; a character that no text holds.
LEFT = "\x00"
REGION_SIZE = 11.0
LABEL_SIZE = 10.0
POINTS_PER_INCH = 72.0


def scene_to_dot(scene: Scene) -> str:
    """The text; `neato -n2` draws it as placed, and plain `dot` in its own way."""
    inside = {name for region in scene.regions for name in region.members}
    lines = _defaults(scene)
    for region in scene.regions:
        if not region.inside:
            lines += _region(region, scene)
    lines += [_box(box) for box in scene.boxes if box.name not in inside]
    lines += [_wire(wire) for wire in scene.wires]
    return "\n".join(["digraph odegraph {", *(f"  {line}" for line in lines), "}"]) + "\n"


def _defaults(scene: Scene) -> list[str]:
    font = {"fontname": style.GRAPH_FONT, "fontcolor": style.INK}
    # Where a wire passes under a box, the box hides it.
    order = {"outputorder": "edgesfirst"}
    graph = {"rankdir": "LR", "pad": "0.15", "bgcolor": style.PAPER, **order, **font}
    if scene.title:
        graph |= _title(scene)
    node = {**font, "fixedsize": "true", "penwidth": "1"}
    edge = {**font, "fontsize": _length(LABEL_SIZE), "arrowsize": "0.55"}
    return [
        f"graph {_attributes(graph)};",
        f"node {_attributes(node)};",
        f"edge {_attributes(edge)};",
    ]


def _title(scene: Scene) -> dict[str, str]:
    lower, upper = scene.lower, scene.upper
    # Layout programs know the widths of few fonts: a title that fits in is never cut off.
    lines = _broken(scene.title, upper.x - lower.x)
    height = 1.25 * TITLE_SIZE * len(lines)
    width = max(text_width(line, size=TITLE_SIZE) for line in lines)
    centre = Point(lower.x + width / 2, upper.y + TITLE_MARGIN + height / 2)
    top = Point(upper.x, upper.y + TITLE_MARGIN + height)
    return {
        "label": lines[0] if len(lines) == 1 else "".join(f"{line}{LEFT}" for line in lines),
        "labelloc": "t",
        "fontsize": _length(TITLE_SIZE),
        "lp": _point(centre),
        "bb": f"{_point(lower)},{_point(top)}",
    }


def _broken(text: str, width: float) -> list[str]:
    lines: list[str] = []
    for word in text.split(" "):
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and text_width(longer, size=TITLE_SIZE) <= width:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def _region(region: Region, scene: Scene) -> list[str]:
    label_at = Point(
        region.lower.x + 12 + text_width(region.title, size=REGION_SIZE) / 2, region.upper.y - 13
    )
    attributes = {
        "bb": f"{_point(region.lower)},{_point(region.upper)}",
        "label": region.title,
        "lp": _point(label_at),
        "fontsize": _length(REGION_SIZE),
        "fontcolor": region.look.text,
        "style": "rounded,filled",
        "fillcolor": region.look.fill,
        "color": region.look.border,
    }
    children = [child for child in scene.regions if child.inside == region.name]
    deeper = {name for child in children for name in child.members}
    lines = [f"graph {_attributes(attributes)};"]
    for child in children:
        lines += _region(child, scene)
    own = set(region.members) - deeper
    lines += [_box(box) for box in scene.boxes if box.name in own]
    name = _quoted(f"cluster_{region.name}")
    return [f"subgraph {name} {{", *(f"  {line}" for line in lines), "}"]


def _box(box: Box) -> str:
    look = box.look
    attributes = {
        "label": box.label,
        "pos": _point(box.at),
        "width": _inches(box.width),
        "height": _inches(box.height),
        "shape": look.shape,
        "style": look.style,
        "fillcolor": look.fill,
        "color": look.border,
        "fontsize": _length(look.size),
    }
    return f"{_quoted(box.name)} {_attributes(attributes)};"


def _wire(wire: Wire) -> str:
    attributes = {"pos": _spline(wire.points), "color": wire.ink.color}
    attributes |= {"penwidth": _length(wire.ink.width)}
    if wire.ink.style != "solid":
        attributes["style"] = wire.ink.style
    if wire.label and wire.label_at:
        attributes |= {"label": wire.label, "lp": _point(wire.label_at)}
    if wire.exact:
        attributes["tooltip"] = wire.exact
    return f"{_quoted(wire.source)} -> {_quoted(wire.target)} {_attributes(attributes)};"


def _spline(points: Iterable[Point]) -> str:
    """The curve of a wire in Graphviz's words: the arrow's tip, then the points."""
    path = list(points)
    return " ".join([f"e,{_point(path[-1])}", *map(_point, wire_curve(path))])


def wire_curve(points: Iterable[Point]) -> list[Point]:
    """The polyline with round corners as Bezier curves, stopping short of the arrow's tip."""
    path = _without_repeats(points)
    tip = path[-1]
    path[-1] = _towards(tip, path[-2], min(ARROW, 0.9 * _distance(tip, path[-2])))
    curve = [path[0]]
    for before, corner, after in zip(path, path[1:], path[2:], strict=False):
        radius = min(CORNER, _distance(before, corner) / 2, _distance(corner, after) / 2)
        start, end = _towards(corner, before, radius), _towards(corner, after, radius)
        curve += _straight(curve[-1], start)
        curve += [_between(start, corner, ROUND), _between(end, corner, ROUND), end]
    return [*curve, *_straight(curve[-1], path[-1])]


def _without_repeats(points: Iterable[Point]) -> list[Point]:
    path: list[Point] = []
    for point in points:
        if path and _distance(path[-1], point) < 0.01:
            continue
        if len(path) > 1 and _in_line(path[-2], path[-1], point):
            path.pop()
        path.append(point)
    return path


def _in_line(a: Point, b: Point, c: Point) -> bool:
    cross = (b.x - a.x) * (c.y - b.y) - (b.y - a.y) * (c.x - b.x)
    along = (b.x - a.x) * (c.x - b.x) + (b.y - a.y) * (c.y - b.y)
    return abs(cross) < 1e-6 and along > 0


def _straight(start: Point, end: Point) -> list[Point]:
    return [_between(start, end, 1 / 3), _between(start, end, 2 / 3), end]


def _between(a: Point, b: Point, part: float) -> Point:
    return Point(a.x + part * (b.x - a.x), a.y + part * (b.y - a.y))


def _towards(start: Point, end: Point, length: float) -> Point:
    return _between(start, end, length / _distance(start, end))


def _distance(a: Point, b: Point) -> float:
    return ((a.x - b.x) ** 2 + (a.y - b.y) ** 2) ** 0.5


def _attributes(attributes: dict[str, str]) -> str:
    return f"[{', '.join(f'{name}={_quoted(value)}' for name, value in attributes.items())}]"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    escaped = escaped.replace(LEFT, "\\l")
    return f'"{escaped}"'


def _point(point: Point) -> str:
    return f"{_length(point.x)},{_length(point.y)}"


def _length(value: float) -> str:
    return f"{round(value, 2) + 0.0:g}"


def _inches(value: float) -> str:
    return f"{value / POINTS_PER_INCH:.4g}"
