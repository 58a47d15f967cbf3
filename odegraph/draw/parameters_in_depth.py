"""theta(t) over depth: entries of one slot, and its norm, with jumps drawn as jumps."""

import difflib
import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from odegraph._errors import EmitError
from odegraph._exact import to_float
from odegraph.basis import Basis, Side
from odegraph.block import OdeBlock
from odegraph.draw import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Entry = tuple[int, ...]
Values = NDArray[np.float64]

SHOWN_ENTRIES = 4
SAMPLES = 240
SHOWN_BREAKPOINTS = 33
FIGURE_SIZE = MappingProxyType({"width": 6.4, "height": 5.2})


@dataclass(frozen=True)
class Piece:
    """A slot over one element of the basis, ends included: depths [n], values [n, entries]."""

    depths: Values
    values: Values


@dataclass(frozen=True)
class SlotInDepth:
    """theta(t) of one slot in a floating-point rendering of its exact basis."""

    name: str
    shape: Entry
    breakpoints: tuple[Fraction, ...]
    pieces: tuple[Piece, ...]

    def column(self, entry: Entry) -> int:
        """Where an entry stands among the flattened values.

        Raises:
            EmitError: no such entry.
        """
        inside = len(entry) == len(self.shape)
        if inside and all(0 <= i < n for i, n in zip(entry, self.shape, strict=True)):
            return int(np.ravel_multi_index(entry, self.shape)) if entry else 0
        raise EmitError(
            f"`{self.name}` has no entry `{entry}`: the unit's tensor has the shape "
            f"{list(self.shape)}. Give one index for each dimension, counted from 0."
        )

    def most_varying(self, count: int = SHOWN_ENTRIES) -> list[Entry]:
        """The entries with the widest range over depth, in the order of the tensor."""
        everything = np.concatenate([piece.values for piece in self.pieces])
        widths = everything.max(axis=0) - everything.min(axis=0)
        chosen = sorted(np.argsort(-widths, kind="stable")[:count].tolist())
        return [tuple(int(i) for i in np.unravel_index(c, self.shape)) for c in chosen]

    def curves(self, column: int) -> list[tuple[Values, Values]]:
        """One entry, piece by piece."""
        return [(piece.depths, piece.values[:, column]) for piece in self.pieces]

    def norms(self) -> list[tuple[Values, Values]]:
        """The Euclidean norm of all entries, piece by piece."""
        return [(piece.depths, np.linalg.norm(piece.values, axis=1)) for piece in self.pieces]


def slot_in_depth(block: OdeBlock, slot: str) -> SlotInDepth:
    """Evaluate a slot on a fine grid of exact depths, each element from its own side.

    Raises:
        EmitError: the block has no such slot.
    """
    tensor, basis = _find_slot(block, slot)
    coefficients = tensor.detach().double().reshape(tensor.shape[0], -1).cpu().numpy()
    samples = max(2, math.ceil(SAMPLES / (len(basis.breakpoints) - 1)))
    pieces = tuple(
        _piece(basis, element, samples, coefficients)
        for element in itertools.pairwise(basis.breakpoints)
    )
    return SlotInDepth(slot, tuple(tensor.shape[1:]), basis.breakpoints, pieces)


def draw_parameters_in_depth(
    block: OdeBlock,
    path: str | Path,
    *,
    slot: str,
    entries: Sequence[Entry] | None = None,
    before: OdeBlock | None = None,
) -> Path:
    """Draw entries of theta(t), and the norm of the whole slot, over depth.

    Args:
        block: the block whose parameters are drawn.
        path: the picture: .svg, .png or .pdf.
        slot: a name of the state dict, such as ``theta.f.weight`` or ``state.norm.running_var``.
        entries: indices into the unit's own tensor; by default the four that vary most.
        before: a block of the same unit to be drawn dashed, such as the one that was projected.

    Raises:
        EmitError: no such slot or entry, or `before` has another unit.
    """
    now = slot_in_depth(block, slot)
    old = None if before is None else _of_same_shape(slot_in_depth(before, slot), now)
    shown = now.most_varying() if entries is None else [tuple(entry) for entry in entries]
    columns = {entry: now.column(entry) for entry in shown}
    with style.drawing(path, **FIGURE_SIZE) as figure:
        upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(2.2, 1))
        for number, (entry, column) in enumerate(columns.items()):
            color = style.series_style(number)["color"]
            if old:
                _plot(upper, old.curves(column), color=color, line="dashed", width=1.1)
            _plot(upper, now.curves(column), color=color, label=_entry_label(entry))
        if old:
            _plot(lower, old.norms(), color=style.MUTED, line="dashed", width=1.1, label="before")
        _plot(lower, now.norms(), color=style.INK, label="after" if old else None)
        _finish(upper, lower, now, old)
        style.title(upper, slot, subtitle=_subtitle(block, before, slot))
    return Path(path)


def _find_slot(block: OdeBlock, slot: str) -> tuple[Tensor, Basis]:
    form, slots = block.manifestation, block.state_dict()
    if slot not in slots:
        near = difflib.get_close_matches(slot, slots, n=1)
        hint = f"Did you mean `{near[0]}`?" if near else f"It has: {', '.join(slots)}."
        raise EmitError(f"The block has no slot `{slot}`. {hint}")
    basis = form.state_basis if slot.startswith("state.") else form.basis
    assert basis is not None
    return slots[slot], basis


def _of_same_shape(old: SlotInDepth, now: SlotInDepth) -> SlotInDepth:
    if old.shape == now.shape:
        return old
    raise EmitError(
        f"`{now.name}` has the shape {list(now.shape)} in the block and {list(old.shape)} in "
        "`before`. Compare blocks of the same unit."
    )


def _piece(
    basis: Basis, element: tuple[Fraction, Fraction], samples: int, coefficients: Values
) -> Piece:
    start, end = element
    depths = [start + Fraction(n, samples - 1) * (end - start) for n in range(samples)]
    matrix = np.zeros((samples, basis.size))
    for n, depth in enumerate(depths):
        side: Side = "left" if n == samples - 1 else "right"
        for index, value in basis.row(depth, side=side):
            matrix[n, index] = to_float(value)
    return Piece(np.array([float(depth) for depth in depths]), matrix @ coefficients)


def _plot(
    axes: "Axes",
    curves: Sequence[tuple[Values, Values]],
    *,
    color: str,
    line: str = "solid",
    width: float = 1.7,
    label: str | None = None,
) -> None:
    for depths, values in _joined(curves):
        axes.plot(depths, values, color=color, linestyle=line, linewidth=width, label=label)
        label = None
    for (depths, left), (_, right) in itertools.pairwise(curves):
        if not np.isclose(left[-1], right[0], rtol=1e-9, atol=1e-12):
            ends = [left[-1], right[0]]
            axes.plot([depths[-1]] * 2, ends, color=color, linestyle="dotted", linewidth=0.8)


def _joined(curves: Sequence[tuple[Values, Values]]) -> Iterator[tuple[Values, Values]]:
    """Pieces that meet, as one line, so that dashes run on."""
    depths, values = [curves[0][0]], [curves[0][1]]
    for t, v in curves[1:]:
        if not np.isclose(values[-1][-1], v[0], rtol=1e-9, atol=1e-12):
            yield np.concatenate(depths), np.concatenate(values)
            depths, values = [], []
        depths.append(t)
        values.append(v)
    yield np.concatenate(depths), np.concatenate(values)


def _finish(upper: "Axes", lower: "Axes", now: SlotInDepth, old: SlotInDepth | None) -> None:
    for axes in (upper, lower):
        axes.grid(visible=True, which="major", axis="y")
        if len(now.breakpoints) <= SHOWN_BREAKPOINTS:
            for depth in now.breakpoints[1:-1]:
                axes.axvline(float(depth), color=style.LINE, linewidth=0.6, zorder=0.5)
    upper.set_ylabel("entry of θ(t)")
    lower.set_ylabel("norm")
    lower.set_xlabel("depth t")
    lower.set_xlim(0, 1)
    lower.set_ylim(bottom=0)
    upper.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
    if old:
        lower.legend(loc="center left", bbox_to_anchor=(1.0, 0.5))


def _subtitle(block: OdeBlock, before: OdeBlock | None, slot: str) -> str:
    _, basis = _find_slot(block, slot)
    if before is None:
        return repr(basis)
    _, old = _find_slot(before, slot)
    return f"{basis!r}; dashed: before, {old!r}"


def _entry_label(entry: Entry) -> str:
    return f"[{', '.join(map(str, entry))}]" if entry else "value"
