"""Models whose layers form a graph: shared layers, taps, losses, parts that read weights alone.

Layers stand in columns, each right of all that it reads (Sugiyama, Tagawa and Toda 1981); a wire
that passes a column has a lane of its own there. Values of one layer have one colour.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Protocol, runtime_checkable

from torch import nn

from odegraph._exact import shorten
from odegraph.draw import graph_style, labels, style
from odegraph.draw.layer_wires import Routes, height, routes
from odegraph.draw.scene import Box, Ink, Look, Point, Region, Scene, Wire

HEIGHT = 34.0
MAX_DETAIL = 60
DEFAULTS = re.compile(r", (?:bias=True|inplace=False)")
SHARED = ("#d6e8f3", "#cbe5ae", "#f7efb2", "#f6e3ee")
OUTPUT_BORDER = style.INK
WEIGHT_LOOK = Look(style="filled,dashed", border=style.MUTED, size=10.0)
INPUT_LOOK = Look(border=style.INK, fill=graph_style.RAMP[0])
WEIGHTS_REGION = graph_style.STEP_REGION
STATE, WEIGHT = graph_style.STATE, Ink(style.MUTED, width=1.2, style="dashed")


class Value(Protocol):
    """A value: its name, what it is made of, and the layer that makes it."""

    @property
    def name(self) -> str:
        """Of the value."""
        ...

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of values or parameters."""
        ...

    @property
    def layer(self) -> str:
        """The path of the layer."""
        ...


@runtime_checkable
class Wired(Protocol):
    """A model that says how its layers are connected."""

    @property
    def wiring(self) -> Sequence[Value]:
        """All values, in the order of evaluation."""
        ...

    @property
    def outputs(self) -> Sequence[str]:
        """The names of the values that the model returns."""
        ...

    def get_submodule(self, target: str) -> nn.Module:
        """The layer at a path."""
        ...


def title_of(model: object) -> str:
    """The title that a model has, or the name of its class."""
    title = getattr(model, "title", "")
    return title if isinstance(title, str) and title else type(model).__name__


def is_chain(wiring: Sequence[Value]) -> bool:
    """Whether every layer is used once, on the value before."""
    before = [wire.name for wire in wiring[:-1]]
    reads = [wire.inputs for wire in wiring[1:]]
    return reads == [(name,) for name in before] and all(w.layer == w.name for w in wiring)


def said_of(module: nn.Module) -> str:
    """What a layer is, in one line."""
    said = DEFAULTS.sub("", repr(module))
    return shorten(said, MAX_DETAIL) if "\n" not in said else type(module).__name__


def wired_scene(model: Wired, *, title: str | None = None) -> Scene:
    """The picture before it is written."""
    reads = _reads(model)
    columns = _columns(reads)
    weights = _weights_only(model, reads)
    rows = _rows(reads, columns, weights)
    found = routes(reads, columns, rows)
    boxes = _boxes(model, found, weights)
    wires = _wires(found, boxes, weights)
    regions = _weights_region([boxes[name] for name in reads if name in weights])
    return Scene(title or title_of(model), tuple(boxes.values()), wires, regions)


def _reads(model: Wired) -> dict[str, tuple[str, ...]]:
    """What each value reads, sources first."""
    made = {wire.name: tuple(dict.fromkeys(wire.inputs)) for wire in model.wiring}
    sources = [one for inputs in made.values() for one in inputs if one not in made]
    return {**dict.fromkeys(sources, ()), **made}


def _columns(reads: Mapping[str, tuple[str, ...]]) -> dict[str, int]:
    """The longest way from a source; sources stand just left of their first reader."""
    columns: dict[str, int] = {}
    for name, inputs in reads.items():
        columns[name] = 1 + max((columns[one] for one in inputs), default=-1)
    for name, inputs in reads.items():
        if not inputs:
            columns[name] = min(columns[n] for n, used in reads.items() if name in used) - 1
    return columns


def _weights_only(model: Wired, reads: Mapping[str, tuple[str, ...]]) -> set[str]:
    found: set[str] = set()
    made = {wire.name for wire in model.wiring}
    for name, inputs in reads.items():
        is_weight = name not in made and "." in name
        if is_weight or (inputs and found.issuperset(inputs)):
            found.add(name)
    return found


def _rows(
    reads: Mapping[str, tuple[str, ...]], columns: Mapping[str, int], weights: set[str]
) -> dict[tuple[str, int], float]:
    """The row of each value in its column, and of its lanes in the columns that its wires pass."""
    last = {name: columns[name] for name in reads}
    for name, inputs in reads.items():
        for one in inputs:
            last[one] = max(last[one], columns[name] - 1)
    rows: dict[tuple[str, int], float] = {}
    for column in range(max(columns.values()) + 1):
        here = [n for n in reads if columns[n] <= column <= last[n] and n not in weights]
        wish = {name: _wished(name, column, reads, rows) for name in here}
        row = -1.0
        for name in sorted(here, key=lambda n: wish[n]):
            row = max(row + (1.0 if columns[name] == column else 0.6), wish[name])
            rows[name, column] = row
    lowest = max(rows.values(), default=0.0) + 1.5
    return rows | {(name, columns[name]): lowest for name in weights}


def _wished(
    name: str,
    column: int,
    reads: Mapping[str, tuple[str, ...]],
    rows: Mapping[tuple[str, int], float],
) -> float:
    if (name, column - 1) in rows:
        return rows[name, column - 1]
    above = [rows[one, column - 1] for one in reads[name] if (one, column - 1) in rows]
    return sum(above) / len(above) if above else 0.0


def _boxes(model: Wired, found: Routes, weights: set[str]) -> dict[str, Box]:
    columns = found.columns
    texts, looks = _texts(model, columns), _looks(model, columns, weights)
    widths = {n: labels.text_width(text, size=looks[n].size) + 20 for n, text in texts.items()}
    centres, left = {}, 0.0
    for column in range(max(columns.values()) + 1):
        width = max((widths[n] for n in columns if columns[n] == column), default=0.0)
        centres[column] = left + width / 2
        left += width + found.gap(column)
    return {
        name: Box(
            name,
            Point(centres[column], height(found, name, column)),
            widths[name],
            HEIGHT,
            texts[name],
            looks[name],
        )
        for name, column in columns.items()
    }


def _texts(model: Wired, columns: Mapping[str, int]) -> dict[str, str]:
    texts = {name: name for name in columns}
    for wire in model.wiring:
        shown = f"{wire.layer}, shared" if wire.layer != wire.name else ""
        texts[wire.name] = f"{wire.name}\n{shown or said_of(model.get_submodule(wire.layer))}"
    return texts


def _looks(model: Wired, columns: Mapping[str, int], weights: set[str]) -> dict[str, Look]:
    looks = {name: WEIGHT_LOOK if name in weights else INPUT_LOOK for name in columns}
    used = [wire.layer for wire in model.wiring]
    shared = [layer for layer in dict.fromkeys(used) if used.count(layer) > 1]
    for wire in model.wiring:
        color = (
            SHARED[shared.index(wire.layer) % len(SHARED)] if wire.layer in shared else "#ffffff"
        )
        border = OUTPUT_BORDER if wire.name in model.outputs else style.LINE
        looks[wire.name] = Look(border=border, fill=color)
    return looks


def _wires(found: Routes, boxes: Mapping[str, Box], weights: set[str]) -> tuple[Wire, ...]:
    columns = found.columns
    right = {c: max(boxes[n].right.x for n in columns if columns[n] == c) for c in columns.values()}
    return tuple(
        Wire(
            source,
            target,
            found.points(source, target, boxes, right=right),
            WEIGHT if source in weights else STATE,
        )
        for target, inputs in found.reads.items()
        for source in inputs
    )


def _weights_region(boxes: Sequence[Box]) -> tuple[Region, ...]:
    if not boxes:
        return ()
    lower = Point(min(b.left.x for b in boxes) - 14, min(b.bottom.y for b in boxes) - 14)
    upper = Point(max(b.right.x for b in boxes) + 14, max(b.top.y for b in boxes) + 30)
    names = tuple(box.name for box in boxes)
    return (Region("weights", "reads weights alone", lower, upper, names, look=WEIGHTS_REGION),)
