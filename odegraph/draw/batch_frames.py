"""Frames around the units of a step graph that one call evaluates, as one batch."""

from collections.abc import Iterator
from dataclasses import replace

from odegraph.draw import graph_style
from odegraph.draw.scene import Box, Point, Region, Scene
from odegraph.ir import EvaluateBatch, StepGraph

ROOM = 6.0


def with_frames(scene: Scene, graph: StepGraph) -> Scene:
    """The picture of the stages of `graph`, with a frame around those of each batch that it has."""
    boxes = {box.name: box for box in scene.boxes}
    frames = [
        _frame(name, f"step{node.step}", [boxes[one] for one in _drawn(graph, name, boxes)])
        for name, node in graph.nodes()
        if isinstance(node, EvaluateBatch) and any(_drawn(graph, name, boxes))
    ]
    return replace(scene, regions=(*scene.regions, *frames)) if frames else scene


def _drawn(graph: StepGraph, batch: str, boxes: dict[str, Box]) -> Iterator[str]:
    """The units of a batch in the picture: none where their step is left out."""
    return (rate for rate in graph.graph.succ[batch] if rate in boxes)


def _frame(name: str, step: str, units: list[Box]) -> Region:
    lower = Point(min(one.left.x for one in units), min(one.bottom.y for one in units))
    upper = Point(max(one.right.x for one in units), max(one.top.y for one in units))
    return Region(
        name,
        "",
        Point(lower.x - ROOM, lower.y - ROOM),
        Point(upper.x + ROOM, upper.y + ROOM),
        tuple(one.name for one in units),
        look=graph_style.BATCH_REGION,
        inside=step,
    )
