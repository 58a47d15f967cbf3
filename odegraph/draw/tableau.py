r"""A Butcher tableau as typeset mathematics: c | A over b, as in Hairer, Norsett and Wanner.

c_1 | a_11  ...  a_1s
 :  |   :           :
c_s | a_s1  ...  a_ss
----+----------------
    |  b_1  ...   b_s
    |  embedded weights, where there are any
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from odegraph._exact import exact_text, to_float
from odegraph.draw import style
from odegraph.draw.kinds import require_runge_kutta
from odegraph.scheme import RungeKuttaScheme, Scheme

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MAX_EXACT_CHARACTERS = 28
FONT_POINTS = 15.0
GAP = 13.0
ROW_GAP = 11.0
MARGIN = 10.0
TITLE_POINTS = 26.0


@dataclass(frozen=True)
class Cells:
    """LaTeX of the entries that are shown: c, A row by row, and the rows of weights."""

    nodes: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    weights: tuple[tuple[str, ...], ...]


def tableau_latex(scheme: RungeKuttaScheme) -> str:
    """The tableau as a LaTeX array, to be put into mathematics mode."""
    cells = tableau_cells(scheme)
    lines = [
        rf"{' & '.join([node, *row])} \\" for node, row in zip(cells.nodes, cells.rows, strict=True)
    ]
    weights = [" & ".join(["", *row]) for row in cells.weights]
    return "\n".join(
        [
            rf"\begin{{array}}{{c|{'c' * scheme.stages}}}",
            *lines,
            r"\hline",
            " \\\\\n".join(weights),
            r"\end{array}",
        ]
    )


def draw_tableau(scheme: Scheme, path: str | Path) -> Path:
    """Draw the tableau under the scheme's title."""
    scheme = require_runge_kutta(scheme, picture="tableau")
    cells = tableau_cells(scheme)
    lines = [*zip(cells.nodes, cells.rows, strict=True), *(("", row) for row in cells.weights)]
    boxes = [[_Box.of(text) for text in (node, *row)] for node, row in lines]
    columns = scheme.stages + 1
    widths = [max(row[j].width for row in boxes if j < len(row)) for j in range(columns)]
    heights = [max(box.height for box in row) for row in boxes]
    width = sum(widths) + GAP * (columns + 1) + 2 * MARGIN
    height = sum(heights) + ROW_GAP * (len(heights) + 2) + 2 * MARGIN + TITLE_POINTS
    width = max(width, 7.5 * len(scheme.title) + 2 * MARGIN)
    with style.drawing(path, width=width / 72, height=height / 72) as figure:
        figure.set_layout_engine("none")
        axes = figure.add_axes((0, 0, 1, 1))
        axes.set_axis_off()
        axes.set_xlim(0, width)
        axes.set_ylim(height, 0)
        axes.text(MARGIN, MARGIN + 10, scheme.title, size=11, fontweight="bold", parse_math=False)
        _place(axes, boxes, widths, heights, stages=scheme.stages)
    return Path(path)


def tableau_cells(scheme: RungeKuttaScheme) -> Cells:
    """The entries; zeros at and above the diagonal behind the last other entry are left out."""
    weights = [scheme.b] if scheme.b_embedded is None else [scheme.b, scheme.b_embedded]
    rows = []
    for i in range(scheme.stages):
        shown = max([i - 1, *(j for j in range(scheme.stages) if scheme.A[i, j] != 0)]) + 1
        rows.append(tuple(_latex(scheme.A[i, j]) for j in range(shown)))
    return Cells(
        nodes=tuple(_latex(node) for node in scheme.c),
        rows=tuple(rows),
        weights=tuple(tuple(_latex(weight) for weight in row) for row in weights),
    )


def _latex(value: Any) -> str:
    if len(exact_text(value)) > MAX_EXACT_CHARACTERS:
        return f"{to_float(value):.6g}"
    # SymPy's own LaTeX, through the protocol by which notebooks ask for it.
    return value._repr_latex_().removeprefix(r"$\displaystyle ").removesuffix("$")


@dataclass(frozen=True)
class _Box:
    text: str
    width: float
    height: float

    @classmethod
    def of(cls, latex: str) -> "_Box":
        """The size in points of a formula."""
        from matplotlib.font_manager import FontProperties
        from matplotlib.mathtext import MathTextParser

        if not latex:
            return cls("", 0.0, 0.0)
        size = FontProperties(size=FONT_POINTS)
        width, height, *_ = MathTextParser("path").parse(f"${latex}$", dpi=72, prop=size)
        return cls(f"${latex}$", width, height)


def _place(
    axes: "Axes", boxes: list[list[_Box]], widths: list[float], heights: list[float], *, stages: int
) -> None:
    rule_x = MARGIN + widths[0] + GAP
    y = MARGIN + TITLE_POINTS
    top = y
    for index, (row, height) in enumerate(zip(boxes, heights, strict=True)):
        if index == stages:
            y += ROW_GAP
            end = rule_x + sum(widths[1:]) + GAP * stages + GAP / 2
            axes.plot([MARGIN, end], [y, y], color=style.INK, linewidth=0.9)
        y += ROW_GAP
        x = MARGIN
        for column, (box, width) in enumerate(zip(row, widths, strict=False)):
            axes.text(
                x + width / 2, y + height / 2, box.text, size=FONT_POINTS, ha="center", va="center"
            )
            x += width + (2 * GAP if column == 0 else GAP)
        y += height
    axes.plot([rule_x, rule_x], [top, y + ROW_GAP / 2], color=style.INK, linewidth=0.9)
