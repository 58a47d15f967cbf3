"""The scene of a step graph: the state flows from left to right, each step is a region."""

from odegraph.draw import graph_style
from odegraph.draw.floorplan import plan
from odegraph.draw.placement import GAP, STATE_HEIGHT, STATE_WIDTH, Placement, place
from odegraph.draw.scene import Box, Point, Region, Scene, Wire
from odegraph.draw.step_texts import StepTexts
from odegraph.draw.tracks import thetas_below, updates_below
from odegraph.draw.view import Item
from odegraph.draw.wiring import drawn_source, ink_of, rail, wires_between
from odegraph.ir import Output, SlotGradient, Update

TITLE_ROOM = 42.0
TAP_ROOM = 36.0
TAP_HEIGHT = 34.0
BELOW = 12.0


def step_scene(items: list[Item], texts: StepTexts, *, title: str) -> Scene:
    """Places for the items of one step graph."""
    placement = place(plan(texts.graph, items), texts)
    thetas, theta_wires = thetas_below(placement)
    updates = [item for item in items if isinstance(item.node, Update | SlotGradient)]
    bottom = min((box.bottom.y for box in thetas), default=placement.floor)
    learned, update_wires = updates_below(placement, updates, top=bottom)
    outputs, output_wires = _outputs(placement)
    wires = [*theta_wires, *update_wires, *wires_between(placement), *output_wires]
    boxes = [*placement.boxes.values(), *thetas, *learned, *outputs]
    bottom = min((box.bottom.y for box in learned), default=bottom) - BELOW
    regions = _regions(placement, boxes, bottom)
    return Scene(title, tuple(boxes), tuple(wires), tuple(regions))


def _outputs(placement: Placement) -> tuple[list[Box], list[Wire]]:
    boxes, wires = [], []
    for item in placement.floorplan.outputs:
        ((value, _),) = item.inputs
        segment = placement.floorplan.source[value].segment
        points = rail(placement, value, segment=segment)
        end = placement.spans[segment].end
        if placement.floorplan.is_last(segment):
            at = Point(end + GAP + STATE_WIDTH / 2, points[-1].y)
        else:
            at = Point(end - STATE_WIDTH / 2, TAP_HEIGHT + points[-1].y)
        assert isinstance(item.node, Output)
        text = placement.texts.output(item.name, item.node)
        box = Box(item.name, at, STATE_WIDTH, STATE_HEIGHT, text, graph_style.STATE_LOOK)
        turn = [] if at.y == points[-1].y else [Point(at.x, points[-1].y)]
        tip = box.bottom if turn else box.left
        boxes.append(box)
        ink = ink_of(placement, value)
        wires.append(Wire(drawn_source(placement, value), item.name, (*points, *turn, tip), ink))
    return boxes, wires


def _regions(placement: Placement, boxes: list[Box], bottom: float) -> list[Region]:
    last = placement.floorplan.segments[-1].index
    taps = any(
        placement.floorplan.source[value].segment != last
        for item in placement.floorplan.outputs
        for value, _ in item.inputs
    )
    top = TITLE_ROOM + (TAP_ROOM if taps else 0.0)
    regions = []
    for segment in placement.floorplan.segments:
        if segment.step is None or segment.left_out:
            continue
        span = placement.spans[segment.index]
        inside = [box.name for box in boxes if span.start <= box.at.x <= span.end]
        regions.append(
            Region(
                f"step{segment.step}",
                placement.texts.step_title(segment.step),
                Point(span.start, bottom),
                Point(span.end, top),
                tuple(inside),
                look=graph_style.STEP_REGION,
            )
        )
    return regions
