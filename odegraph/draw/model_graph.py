"""Models as pictures: layers in sequence, each block on a line of its own, like a text.

Layers are taken in the order in which the model names its children; containers of blocks are opened
up. Plain layers stay boxes.
"""

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from torch import nn

from odegraph._errors import EmitError
from odegraph.block import BakedBlock, OdeBlock
from odegraph.draw import graph_style, labels
from odegraph.draw.backend import render_placed
from odegraph.draw.layer_graph import Wired, is_chain, said_of, title_of, wired_scene
from odegraph.draw.scene import Box, Point, Region, Scene, Wire
from odegraph.draw.scene_dot import scene_to_dot
from odegraph.draw.step_graph import graph_scene, summary
from odegraph.draw.step_texts import COEFFICIENTS, CONSTANTS
from odegraph.draw.view import View, repeated_steps_left_out
from odegraph.ir import Input, Output

LINE_WIDTH = 900.0
LAYER_HEIGHT = 34.0
BETWEEN_LAYERS = 26.0
BETWEEN_LINES = 34.0
INDENT = 22.0
PADDING = 14.0
TITLE_ROOM = 30.0
MAX_LAYERS = 400

Block = OdeBlock | BakedBlock


@dataclass(frozen=True)
class Layer:
    """A layer by its dotted name."""

    name: str
    module: nn.Module


@dataclass(frozen=True)
class Line:
    """A line of the picture, with the names of the boxes where the state comes in and goes out."""

    scene: Scene
    entry: str
    exit: str


def model_to_dot(
    model: nn.Module, *, title: str | None = None, view: View = repeated_steps_left_out
) -> str:
    """A model in the DOT language: equal models, equal text.

    Raises:
        EmitError: the model has no layers, or too many for a picture.
    """
    return scene_to_dot(model_scene(model, title=title, view=view))


def draw_model(
    model: nn.Module,
    path: str | Path,
    *,
    title: str | None = None,
    view: View = repeated_steps_left_out,
) -> Path:
    """Draw a model as .svg, .png, .pdf or .dot; see `model_to_dot`."""
    return render_placed(model_to_dot(model, title=title, view=view), path)


def block_scene(block: Block, *, view: View = repeated_steps_left_out) -> Scene:
    """The picture of one block."""
    notation = CONSTANTS if isinstance(block, BakedBlock) else COEFFICIENTS
    return graph_scene(block.step_graph, title=block_title(block), view=view, notation=notation)


def block_title(block: Block) -> str:
    """What a block computes, in one line."""
    baked = ", folded for inference" if isinstance(block, BakedBlock) else ""
    return f"{summary(block.manifestation)}, R = {block.unit.name}{baked}"


def model_scene(
    model: nn.Module, *, title: str | None = None, view: View = repeated_steps_left_out
) -> Scene:
    """The picture before it is written."""
    if isinstance(model, Wired) and not is_chain(model.wiring):
        return _graph_above_blocks(model, title=title, view=view)
    layers = list(layers_of(model))
    if not layers or len(layers) > MAX_LAYERS:
        count = "no layers" if not layers else f"{len(layers)} layers"
        raise EmitError(
            f"The model `{type(model).__name__}` has {count}; a picture shows between 1 and "
            f"{MAX_LAYERS}. Draw one of its blocks."
        )
    lines = _stacked(list(_lines(layers, view)))
    wires = [_carriage_return(a, b) for a, b in itertools.pairwise(lines)]
    return Scene(
        title or title_of(model),
        tuple(box for line in lines for box in line.scene.boxes),
        (*(wire for line in lines for wire in line.scene.wires), *wires),
        tuple(region for line in lines for region in line.scene.regions),
    )


def _graph_above_blocks(model: Wired, *, title: str | None, view: View) -> Scene:
    """The graph of the layers with plain boxes, and below it what the blocks among them compute."""
    graph = wired_scene(model, title=title)
    names = dict.fromkeys(wire.layer for wire in model.wiring)
    lines = [Line(graph, "", "")]
    for name in names:
        layer = model.get_submodule(name)
        for path, part in layer.named_modules(prefix=name):
            if isinstance(part, Block):
                lines.append(_line_of_block(path, part, view))
    lines = _stacked(lines)
    return Scene(
        graph.title,
        tuple(box for line in lines for box in line.scene.boxes),
        tuple(wire for line in lines for wire in line.scene.wires),
        tuple(region for line in lines for region in line.scene.regions),
    )


def layers_of(model: nn.Module, *, prefix: str = "") -> Iterator[Layer]:
    """Children in order; containers that hold blocks are replaced by their own children."""
    for name, child in model.named_children():
        path = f"{prefix}{name}"
        if not isinstance(child, Block) and _has_blocks(child):
            yield from layers_of(child, prefix=f"{path}.")
        else:
            yield Layer(path, child)


def _has_blocks(module: nn.Module) -> bool:
    return any(isinstance(part, Block) for part in module.modules())


def _lines(layers: Iterable[Layer], view: View) -> Iterator[Line]:
    waiting: list[Box] = []
    for layer in layers:
        if isinstance(layer.module, Block):
            if waiting:
                yield _line_of_layers(waiting)
                waiting = []
            yield _line_of_block(layer.name, layer.module, view)
            continue
        box = _layer_box(layer)
        if waiting and waiting[-1].right.x + BETWEEN_LAYERS + box.width > LINE_WIDTH:
            yield _line_of_layers(waiting)
            waiting = []
        start = waiting[-1].right.x + BETWEEN_LAYERS if waiting else 0.0
        waiting.append(replace(box, at=Point(start + box.width / 2, 0.0)))
    if waiting:
        yield _line_of_layers(waiting)


def _layer_box(layer: Layer) -> Box:
    text = f"{layer.name}\n{said_of(layer.module)}"
    width = labels.text_width(text, size=graph_style.LAYER_LOOK.size) + 20
    return Box(layer.name, Point(0, 0), width, LAYER_HEIGHT, text, graph_style.LAYER_LOOK)


def _line_of_layers(boxes: list[Box]) -> Line:
    wires = tuple(
        Wire(a.name, b.name, (a.right, b.left), graph_style.STATE)
        for a, b in itertools.pairwise(boxes)
    )
    return Line(Scene("", tuple(boxes), wires, ()), boxes[0].name, boxes[-1].name)


def _line_of_block(name: str, block: Block, view: View) -> Line:
    scene = block_scene(block, view=view)
    title = f"{name}: {scene.title}"
    scene = scene.moved(Point(PADDING - scene.lower.x, 0.0), prefix=f"{name}/")
    (entry,), (*_, exit_) = (block.step_graph.of_type(kind) for kind in (Input, Output))
    width = max(scene.upper.x + PADDING, labels.text_width(title, size=11.0) + 2 * PADDING)
    region = Region(
        name,
        title,
        Point(0.0, scene.lower.y - PADDING),
        Point(width, scene.upper.y + TITLE_ROOM),
        tuple(box.name for box in scene.boxes),
        look=graph_style.BLOCK_REGION,
    )
    regions = (region, *(replace(one, inside=one.inside or name) for one in scene.regions))
    return Line(replace(scene, regions=regions), f"{name}/{entry}", f"{name}/{exit_}")


def _stacked(lines: list[Line]) -> list[Line]:
    placed, top = [], 0.0
    for line in lines:
        moved = line.scene.moved(Point(0.0, top - line.scene.upper.y))
        placed.append(replace(line, scene=moved))
        top = moved.lower.y - BETWEEN_LINES
    return placed


def _carriage_return(line: Line, following: Line) -> Wire:
    """From the end of a line to the beginning of the next."""
    start = line.scene.box(line.exit).right
    end = following.scene.box(following.entry).left
    right = line.scene.upper.x + INDENT
    between = following.scene.upper.y + BETWEEN_LINES / 2
    points = (
        start,
        Point(right, start.y),
        Point(right, between),
        Point(-INDENT, between),
        Point(-INDENT, end.y),
        end,
    )
    return Wire(line.exit, following.entry, points, graph_style.STATE)
