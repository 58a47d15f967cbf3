"""Pictures of models whose layers form a graph: laws of the wires, and blocks below the graph."""

import itertools
import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from torch import nn

import odegraph as og
from odegraph.draw.layer_graph import wired_scene
from odegraph.draw.model_graph import model_scene
from odegraph.draw.scene import Scene, Wire
from odegraph.models import LayeredModel, LyapunovAutoencoder, read_model
from odegraph.models.units import TanhUnit

EXAMPLE = Path(__file__).parents[2] / "examples" / "lyapunov_autoencoder.toml"
CLOSE = 3.0


def random_model(seed: int) -> LayeredModel:
    """Every layer reads one to three values before it."""
    draw = random.Random(seed)
    names = [f"layer{n}" for n in range(draw.randint(3, 12))]
    inputs = {}
    for number, name in enumerate(names):
        before = ["input", *names[:number]]
        inputs[name] = draw.sample(before, draw.randint(1, min(3, len(before))))
    return LayeredModel({name: nn.Identity() for name in names}, inputs=inputs)


def scenes() -> Iterator[Scene]:
    yield wired_scene(read_model(EXAMPLE).model)
    for taps in ((1, 2), (1, 3), tuple(range(1, 9))):
        yield wired_scene(LyapunovAutoencoder(6, taps=taps))
    for seed in range(40):
        yield wired_scene(random_model(seed))


def overlap(a: float, b: float, c: float, d: float) -> float:
    return min(max(a, b), max(c, d)) - max(min(a, b), min(c, d))


def run_along(one: Wire, other: Wire) -> bool:
    """Whether two wires have a piece of more than a corner in common."""
    for a, b in itertools.pairwise(one.points):
        for c, d in itertools.pairwise(other.points):
            level = abs(a.y - b.y) < 1 and abs(c.y - d.y) < 1 and abs(a.y - c.y) < CLOSE
            upright = abs(a.x - b.x) < 1 and abs(c.x - d.x) < 1 and abs(a.x - c.x) < CLOSE
            if level and overlap(a.x, b.x, c.x, d.x) > 1:
                return True
            if upright and overlap(a.y, b.y, c.y, d.y) > 1:
                return True
    return False


def test_wires_of_different_values_do_not_run_along_each_other():
    for scene in scenes():
        for one, other in itertools.combinations(scene.wires, 2):
            assert one.source == other.source or not run_along(one, other), (one, other)


def test_wires_do_not_pass_under_boxes():
    for scene in scenes():
        for wire, box in itertools.product(scene.wires, scene.boxes):
            if box.name in (wire.source, wire.target):
                continue
            for a, b in itertools.pairwise(wire.points):
                across = overlap(a.x, b.x, box.left.x, box.right.x) > 0
                assert not (across and overlap(a.y, b.y, box.bottom.y, box.top.y) > 0), (wire, box)


def test_wires_go_from_box_to_box_with_right_angles():
    for scene in scenes():
        for wire in scene.wires:
            assert wire.points[0] == scene.box(wire.source).right
            assert wire.points[-1].x == scene.box(wire.target).left.x
            assert all(a.x == b.x or a.y == b.y for a, b in itertools.pairwise(wire.points))


def test_the_title_is_that_of_the_model_file():
    assert wired_scene(read_model(EXAMPLE).model).title == (
        "Lyapunov autoencoder 40-25-15 with two taps"
    )
    assert wired_scene(LyapunovAutoencoder(6)).title == "LyapunovAutoencoder"


@pytest.mark.parametrize("wrap", [lambda block: block, nn.Sequential])
def test_blocks_are_drawn_below_the_graph_once_each(wrap):
    block = og.OdeBlock(
        TanhUnit(3, 4), scheme="rk4-classic", basis=og.PiecewiseConstant(1), steps=1
    )
    layers = {"encoder": nn.Linear(5, 3), "latent": wrap(block), "decoder": nn.Linear(3, 5)}
    model = LayeredModel(
        layers,
        inputs={"again": ["latent"], "late": ["again"]},
        uses={"again": "latent", "late": "decoder"},
        order=["encoder", "latent", "decoder", "again", "late"],
    )
    scene = model_scene(model)
    regions = [one.title for one in scene.regions if "rk4-classic" in one.title]
    assert len(regions) == 1
    assert regions[0].startswith("latent")
    names = [box.name for box in scene.boxes]
    assert len(names) == len(set(names))
    graph = [box for box in scene.boxes if "/" not in box.name]
    below = [box for box in scene.boxes if "/" in box.name]
    assert min(box.bottom.y for box in graph) > max(box.top.y for box in below)
