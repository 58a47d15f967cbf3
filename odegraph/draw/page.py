"""All of the analysis of a scheme on one page.

From the top: its coefficients, where it is stable (with the order star where there is one), one
step as a graph, the first condition that fails, and the facts.
"""

import re
import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from odegraph._errors import EmitError, GraphError
from odegraph.draw import style
from odegraph.draw.failing_tree import failure_picture, place_failure
from odegraph.draw.labels import formula
from odegraph.draw.scene import Scene
from odegraph.draw.scene_figure import place_scene
from odegraph.draw.scheme_graph import scheme_scene
from odegraph.draw.stability_region import RATIONAL, plot_order_star, plot_stability
from odegraph.draw.tableau_latex import scheme_arrays
from odegraph.draw.typeset import place, typeset_arrays
from odegraph.scheme import Scheme
from odegraph.scheme.summary import scheme_facts

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDTH = 620.0
MARGIN = 48.0
TEXT = WIDTH - 2 * MARGIN
BETWEEN = 30.0
CAPTION = 24.0
HEAD = 66.0
TABLEAU_HEIGHT = 260.0
GRAPH_HEIGHT = 250.0
LEGIBLE = 0.45
PLOT = 232.0
PLOT_LABELS = 34.0
FACT_SIZE = 8.0
FACT_LEADING = 12.5
FACT_COLUMNS = 2
NAME_SHARE = 0.52
VALUE_CHARACTERS = 26
LONG = 60
LONG_CHARACTERS = 112
MATHEMATICS = re.compile(r"\*|sqrt|\^\d|[\[(]-|^-|= -")
LEFT_OUT = ("first failing condition",)


@dataclass(frozen=True)
class Part:
    """A captioned part of the page: its height, and how it is drawn from a y downwards."""

    caption: str
    height: float
    draw: Callable[["Axes", float], None]


def draw_page(scheme: Scheme, path: str | Path) -> Path:
    """Draw the whole analysis of a scheme on one page."""
    with style.drawing(path, width=1.0, height=1.0) as figure:
        parts = _parts(scheme)
        height = MARGIN + HEAD + sum(CAPTION + part.height + BETWEEN for part in parts) + 10.0
        axes = style.paper(figure, width=WIDTH, height=height)
        _head(axes, scheme)
        y = MARGIN + HEAD
        for part in parts:
            _caption(axes, part.caption, y)
            part.draw(axes, y + CAPTION)
            y += CAPTION + part.height + BETWEEN
    return Path(path)


def _parts(scheme: Scheme) -> list[Part]:
    parts = [_coefficients(scheme), _stability(scheme)]
    scene = _scene(scheme)
    if scene is not None:
        parts.append(_step(scene, scheme.name))
    return [*parts, *_failure(scheme), _facts(scheme)]


def _head(axes: "Axes", scheme: Scheme) -> None:
    title = textwrap.shorten(scheme.title, 58, placeholder=" …")
    axes.text(MARGIN, MARGIN + 6, title, size=16, fontweight="bold", parse_math=False)
    kind = f"{scheme.name}, of kind {scheme.kind}"
    axes.text(MARGIN, MARGIN + 24, kind, size=9, color=style.MUTED, parse_math=False)
    source = textwrap.shorten(scheme.source, 110, placeholder=" …")
    axes.text(MARGIN, MARGIN + 38, source, size=8, color=style.MUTED, parse_math=False)
    axes.plot([MARGIN, WIDTH - MARGIN], [MARGIN + 48] * 2, color=style.INK, linewidth=0.9)


def _caption(axes: "Axes", text: str, y: float) -> None:
    axes.text(MARGIN, y + 9, text, size=9.5, fontweight="bold", color=style.BLUE)


def _coefficients(scheme: Scheme) -> Part:
    sheet = typeset_arrays(scheme_arrays(scheme), width=1.25 * TEXT).fitting(TEXT, TABLEAU_HEIGHT)
    return Part("Coefficients", sheet.height, lambda axes, y: place(axes, sheet.moved(MARGIN, y)))


def _stability(scheme: Scheme) -> Part:
    """One or two square plots."""
    plots = [plot_stability, *([plot_order_star] if isinstance(scheme, RATIONAL) else [])]

    def draw(axes: "Axes", y: float) -> None:
        for index, plot in enumerate(plots):
            x = MARGIN + 26 + index * (TEXT - PLOT - 26)
            inset = style.inset(axes, x=x, y=y + 16, width=PLOT, height=PLOT)
            subtitle = plot(inset, scheme)
            axes.text(x, y + 5, subtitle, size=7.5, color=style.MUTED)
            inset.tick_params(labelsize=7.5)
            for label in (inset.xaxis.label, inset.yaxis.label):
                label.set_fontsize(8.5)

    return Part("Stability", 16 + PLOT + PLOT_LABELS, draw)


def _scene(scheme: Scheme) -> Scene | None:
    """One step as a graph; None where steps of the kind are not compiled."""
    try:
        return scheme_scene(scheme)
    except (EmitError, GraphError):
        return None


def _step(scene: Scene, name: str) -> Part:
    width, height = scene.upper.x - scene.lower.x, scene.upper.y - scene.lower.y
    factor = min(1.0, TEXT / width, GRAPH_HEIGHT / height)
    small = f" (larger by odegraph draw {name})" if factor < LEGIBLE else ""
    return Part(
        f"One step{small}",
        factor * height,
        lambda axes, y: place_scene(axes, scene, x=MARGIN, y=y, factor=factor),
    )


def _failure(scheme: Scheme) -> list[Part]:
    picture = failure_picture(scheme)
    if picture is None:
        return []
    return [
        Part(
            f"The first condition of order {scheme.order + 1} that fails",
            picture.height,
            lambda axes, y: place_failure(axes, picture, x=MARGIN, y=y),
        )
    ]


def _facts(scheme: Scheme) -> Part:
    facts = {name: _shown(value) for name, value in scheme_facts(scheme).items()}
    short = {n: v for n, v in facts.items() if len(v) <= LONG and n not in LEFT_OUT}
    long = {n: v for n, v in facts.items() if len(v) > LONG and n not in LEFT_OUT}
    columns = _columns(short)
    below = [line for name, value in long.items() for line in _long(name, value)]
    rows = max(sum(len(value) for _, value in column) for column in columns)
    height = FACT_LEADING * (rows + len(below)) + (FACT_LEADING / 2 if below else 0.0)

    def draw(axes: "Axes", y: float) -> None:
        for index, column in enumerate(columns):
            _column(axes, column, x=MARGIN + index * (TEXT / FACT_COLUMNS + 6), y=y)
        start = y + FACT_LEADING * rows + FACT_LEADING / 2
        for row, (line, color) in enumerate(below):
            at = start + FACT_LEADING * row + FACT_SIZE
            axes.text(MARGIN, at, line, size=FACT_SIZE, color=color, parse_math=False)

    return Part("Facts", height, draw)


Facts = list[tuple[str, list[str]]]


def _columns(facts: Mapping[str, str]) -> list[Facts]:
    """The facts in columns of about the same height, each value wrapped."""
    wrapped = [(name, textwrap.wrap(text, VALUE_CHARACTERS)) for name, text in facts.items()]
    total = sum(len(lines) for _, lines in wrapped)
    columns: list[Facts] = [[]]
    used = 0
    for fact in wrapped:
        if used >= len(columns) * total / FACT_COLUMNS and len(columns) < FACT_COLUMNS:
            columns.append([])
        columns[-1].append(fact)
        used += len(fact[1])
    return columns


def _column(axes: "Axes", facts: Facts, *, x: float, y: float) -> None:
    at = y + FACT_SIZE
    for name, lines in facts:
        axes.text(x, at, name, size=FACT_SIZE, color=style.MUTED, parse_math=False)
        for line in lines:
            start = x + NAME_SHARE * TEXT / FACT_COLUMNS
            axes.text(start, at, line, size=FACT_SIZE, parse_math=False)
            at += FACT_LEADING


def _long(name: str, text: str) -> Sequence[tuple[str, str]]:
    # A list goes on in a new line for each of its entries.
    lines = [line for one in text.split("; ") for line in textwrap.wrap(one, LONG_CHARACTERS)]
    return [(name, style.MUTED), *((line, style.INK) for line in lines)]


def _shown(value: object) -> str:
    match value:
        case None:
            return "–"
        case bool():
            return "yes" if value else "no"
    text = str(value)
    return formula(text).replace("theta", "θ") if MATHEMATICS.search(text) else text
