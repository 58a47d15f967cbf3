"""Typeset formulas and rules with places in points, y downwards from the top."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple

from odegraph.draw import style
from odegraph.draw.tableau_latex import Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SIZE = 15.0
GAP = 13.0
ROW_GAP = 11.0
BETWEEN = 42.0
RULE_WIDTH = 0.9


class Extent(NamedTuple):
    """The size of a formula, in points: how wide, and how far above and below its baseline."""

    width: float
    ascent: float
    descent: float


@dataclass(frozen=True)
class Formula:
    """A formula whose baseline is centred about `x`, or begins there, at `y`."""

    latex: str
    x: float
    y: float
    size: float
    align: str = "center"


@dataclass(frozen=True)
class Rule:
    """A straight line."""

    start: tuple[float, float]
    end: tuple[float, float]


@dataclass(frozen=True)
class Sheet:
    """A rectangle of formulas and rules."""

    width: float
    height: float
    formulas: tuple[Formula, ...]
    rules: tuple[Rule, ...] = ()

    def moved(self, x: float, y: float) -> "Sheet":
        """The same to the right and further down."""
        return Sheet(
            self.width + x,
            self.height + y,
            tuple(replace(one, x=one.x + x, y=one.y + y) for one in self.formulas),
            tuple(
                Rule((r.start[0] + x, r.start[1] + y), (r.end[0] + x, r.end[1] + y))
                for r in self.rules
            ),
        )

    def scaled(self, factor: float) -> "Sheet":
        """The same in another size."""
        return Sheet(
            factor * self.width,
            factor * self.height,
            tuple(
                replace(f, x=factor * f.x, y=factor * f.y, size=factor * f.size)
                for f in self.formulas
            ),
            tuple(
                Rule(
                    (factor * r.start[0], factor * r.start[1]),
                    (factor * r.end[0], factor * r.end[1]),
                )
                for r in self.rules
            ),
        )

    def fitting(self, width: float, height: float) -> "Sheet":
        """The same, smaller where it would not fit in."""
        return self.scaled(min(1.0, width / self.width, height / self.height))


def typeset_arrays(arrays: Sequence[Array], *, width: float) -> Sheet:
    """The arrays beside each other as far as `width` goes, the others below."""
    sheets = [typeset_array(array) for array in arrays]
    lines: list[list[Sheet]] = [[]]
    for sheet in sheets:
        used = sum(other.width + BETWEEN for other in lines[-1])
        if lines[-1] and used + sheet.width > width:
            lines.append([])
        lines[-1].append(sheet)
    return stacked([_beside(line) for line in lines], gap=1.6 * ROW_GAP)


def typeset_array(array: Array) -> Sheet:
    """One array: columns centred, baselines in line, its heading above."""
    extents = [[extent_of(text) for text in row] for row in array.rows]
    widths = [
        max((row[j].width for row in extents if j < len(row)), default=0.0)
        for j in range(array.columns)
    ]
    gaps = [2 * GAP if j in array.lines_behind else GAP for j in range(array.columns)]
    heading = typeset_line(array.heading) if array.heading else None
    top = heading.height + 0.7 * ROW_GAP if heading else 0.0
    formulas, rules, y = list(heading.formulas if heading else ()), [], top
    ends = list(accumulate(width + gap for width, gap in zip(widths, gaps, strict=True)))
    end = ends[-1] - gaps[-1] + 0.5 * GAP
    for index, (row, sizes) in enumerate(zip(array.rows, extents, strict=True)):
        if index == array.rule:
            y += ROW_GAP / 2
            rules.append(Rule((0.0, y), (end, y)))
            y += ROW_GAP / 2
        baseline = y + ROW_GAP / 2 + max(size.ascent for size in sizes)
        formulas += _row(row, widths, gaps, baseline)
        y = baseline + max(size.descent for size in sizes) + ROW_GAP / 2
    rules += [Rule((ends[j] - GAP, top), (ends[j] - GAP, y)) for j in array.lines_behind]
    return Sheet(end, y, tuple(formulas), tuple(rules))


def _row(
    row: Sequence[str], widths: Sequence[float], gaps: Sequence[float], baseline: float
) -> Iterable[Formula]:
    x = 0.0
    for latex, width, gap in zip(row, widths, gaps, strict=False):
        if latex:
            yield Formula(latex, x + width / 2, baseline, SIZE)
        x += width + gap


def typeset_line(latex: str, *, size: float = SIZE) -> Sheet:
    """One formula, from the left."""
    extent = extent_of(latex, size=size)
    formula = Formula(latex, 0.0, extent.ascent, size, align="left")
    return Sheet(extent.width, extent.ascent + extent.descent, (formula,))


def stacked(sheets: Sequence[Sheet], *, gap: float) -> Sheet:
    """One below the other."""
    placed: list[Sheet] = []
    for sheet in sheets:
        placed.append(sheet.moved(0.0, placed[-1].height + gap if placed else 0.0))
    return _merged(placed)


def _beside(sheets: Sequence[Sheet]) -> Sheet:
    placed: list[Sheet] = []
    for sheet in sheets:
        placed.append(sheet.moved(placed[-1].width + BETWEEN if placed else 0.0, 0.0))
    return _merged(placed)


def _merged(sheets: Sequence[Sheet]) -> Sheet:
    return Sheet(
        max(sheet.width for sheet in sheets),
        max(sheet.height for sheet in sheets),
        tuple(formula for sheet in sheets for formula in sheet.formulas),
        tuple(rule for sheet in sheets for rule in sheet.rules),
    )


def place(axes: "Axes", sheet: Sheet) -> None:
    """Draw a sheet on axes whose units are points, y downwards."""
    for formula in sheet.formulas:
        axes.text(
            formula.x,
            formula.y,
            f"${formula.latex}$",
            size=formula.size,
            ha=formula.align,
            va="baseline",
        )
    for rule in sheet.rules:
        (x0, y0), (x1, y1) = rule.start, rule.end
        axes.plot([x0, x1], [y0, y1], color=style.INK, linewidth=RULE_WIDTH)


@lru_cache(maxsize=4096)
def extent_of(latex: str, *, size: float = SIZE) -> Extent:
    """How large a formula is, in the fonts of `style.drawing`."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.mathtext import MathTextParser

    if not latex:
        return Extent(0.0, 0.0, 0.0)
    font = FontProperties(size=size, math_fontfamily="cm")
    width, height, depth, *_ = MathTextParser("path").parse(f"${latex}$", dpi=72, prop=font)
    return Extent(width, height - depth, depth)
