"""Blocks to draw, and a check that a scene can be read."""

import itertools
from typing import Any

from example_units import Tanh
from torch import nn

from odegraph.basis import (
    Basis,
    BSpline,
    Cosine,
    Legendre,
    PiecewiseConstant,
    PiecewiseLinear,
)
from odegraph.block import Execution, OdeBlock
from odegraph.draw.labels import text_width
from odegraph.draw.scene import Point, Scene
from odegraph.passes import DEFAULT_PASSES, batch_stages


def block(scheme: str, basis: Basis, *, unit: nn.Module | None = None, **options: Any) -> OdeBlock:
    return OdeBlock(Tanh() if unit is None else unit, scheme=scheme, basis=basis, **options)


CASES = {
    "euler": lambda: block("euler", PiecewiseConstant(4), steps=4, span=4),
    "midpoint": lambda: block("midpoint", PiecewiseConstant(2), steps=4),
    "rk4, one coefficient": lambda: block("rk4-classic", PiecewiseConstant(1), steps=3),
    "rk4, hats": lambda: block("rk4-classic", PiecewiseLinear(2), steps=2),
    "first same as last": lambda: block("dormand-prince", PiecewiseLinear(2), steps=2),
    "jumps": lambda: block("bogacki-shampine", PiecewiseConstant(2), steps=6),
    "history": lambda: block("adams-bashforth-3", PiecewiseLinear(1), steps=6),
    "polynomials": lambda: block("midpoint", Legendre(3), steps=2),
    "cosines": lambda: block("rk4-38", Cosine(2), steps=1),
    "splines": lambda: block("ralston-3", BSpline(2, 2), steps=2),
    "one solve a step": lambda: block("bdf-2", PiecewiseLinear(1), steps=3),
    "one Jacobian a step": lambda: block("rodas3", PiecewiseConstant(2), steps=2),
    "phi functions": lambda: block("etd-4-rk", PiecewiseLinear(1), steps=2),
    "stages in a batch": lambda: block(
        "extrapolated-euler(4)",
        PiecewiseLinear(1),
        steps=2,
        execution=Execution(passes=(*DEFAULT_PASSES, batch_stages)),
    ),
    "grid": lambda: block("ralston-3", PiecewiseLinear(3), grid=[0, "1/7", "1/2", 1]),
}


def assert_readable(scene: Scene) -> None:
    """Nothing overlaps, wires run at right angles, and titles lie inside their regions."""
    for a, b in itertools.combinations(scene.boxes, 2):
        beside = abs(a.at.x - b.at.x) >= (a.width + b.width) / 2
        above = abs(a.at.y - b.at.y) >= (a.height + b.height) / 2
        assert beside or above, f"{a.name} overlaps {b.name}"
    for wire in scene.wires:
        for start, end in itertools.pairwise(wire.points):
            assert abs(start.x - end.x) < 1e-6 or abs(start.y - end.y) < 1e-6, wire
    for box in scene.boxes:
        assert text_width(box.label, size=box.look.size) <= box.width, box.label
    for region in scene.regions:
        width = region.upper.x - region.lower.x
        assert text_width(region.title, size=11.0) + 24 <= width, region.title
    assert_labels_are_free(scene)


def assert_labels_are_free(scene: Scene) -> None:
    """No weight stands on a box, or on another weight."""
    labels = [(w.label, w.label_at) for w in scene.wires if w.label and w.label_at]
    for label, at in labels:
        for box in scene.boxes:
            beside = abs(at.x - box.at.x) >= (width(label) + box.width) / 2
            assert beside or abs(at.y - box.at.y) >= box.height / 2 + 3, (label, box.name)
    for (first, at), (second, other) in itertools.combinations(labels, 2):
        assert not overlap(first, at, second, other), (first, second)


def width(label: str) -> float:
    return text_width(label, size=10.0)


def overlap(first: str, at: Point, second: str, other: Point) -> bool:
    beside = abs(at.x - other.x) >= (width(first) + width(second)) / 2
    return not beside and abs(at.y - other.y) < 10
