"""Registers over the events of a step: which value each of them holds, and how sums are made."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from odegraph._errors import EmitError
from odegraph.basis import PiecewiseConstant
from odegraph.draw import labels, style
from odegraph.ir import Combine, StepGraph, build_step_graph, manifestation
from odegraph.passes import DEFAULT_PASSES, Registers, order_registers, registers, run_passes
from odegraph.scheme import GeneralLinearScheme, LinearMultistepScheme, Scheme

if TYPE_CHECKING:
    from matplotlib.axes import Axes

NAME = re.compile(r"^(?:step\d+\.)?(?P<kind>[a-z]+?)(?P<number>\d+)$")
COLUMN, ROW, LINE = 44.0, 22.0, 13.5  # points
LEFT, RIGHT, ABOVE, BETWEEN, BELOW = 26.0, 14.0, 46.0, 14.0, 16.0
LONGEST = 64  # characters of a line of sums
NARROWEST = 330.0
TEXT, WIDER = 8.5, 1.15  # the type is a little wider than the one that is measured
SHADES = {"x": style.PALE_BLUE, "y": style.PALE_BLUE, "s": "#f6e2b3"}
RATE = "#f3d3c0"
READ = "\u2022"


def draw_registers(graphs: Sequence[tuple[str, StepGraph]], path: str | Path) -> Path:
    """A chart for each graph, under its title: rows are registers, columns what runs, bars values.

    A dot marks what the unit reads. Below the last chart stand the sums of its graph.
    """
    charts = [(title, graph, registers(graph)) for title, graph in graphs]
    lines = [*_sums(*charts[-1][1:]), f"{READ} read by what runs"]
    columns = max(len(found.events) for _, _, found in charts) + 1
    longest = max(labels.text_width(line, size=TEXT) for line in lines)
    width = LEFT + RIGHT + max(COLUMN * columns, NARROWEST, WIDER * longest)
    height = sum(ABOVE + ROW * found.count + BETWEEN for _, _, found in charts)
    with style.drawing(path, width=width / 72, height=height / 72) as figure:
        paper = style.paper(figure, width=width, height=height + LINE * len(lines) + BELOW)
        y = 0.0
        for title, graph, found in charts:
            paper.text(
                LEFT, y + 18, f"{title}: {_counted(found.count)}", fontsize=10.5, weight="bold"
            )
            y += ABOVE
            size = {"width": COLUMN * (len(found.events) + 1), "height": ROW * found.count}
            _draw_chart(style.inset(paper, x=LEFT, y=y, **size), graph, found)
            y += ROW * found.count + BETWEEN
        for line in lines:
            paper.text(LEFT, y + LINE, line, fontsize=TEXT)
            y += LINE
    return Path(path)


def _counted(count: int) -> str:
    return "1 register" if count == 1 else f"{count} registers"


def _draw_chart(axes: "Axes", graph: StepGraph, found: Registers) -> None:
    for name, life in found.lifetimes.items():
        row = found.allocation[name]
        _draw_bar(axes, symbol(name), first=life.first, last=life.last, row=row)
    for event, name in enumerate(found.events):
        read = (source for source, _ in graph.inputs(name) if source in found.allocation)
        for source in read:
            dot = [event + 0.2], [found.allocation[source] + 0.5]
            axes.plot(*dot, "o", color=style.INK, markersize=3, zorder=4)
    ends = range(len(found.events) + 1)
    axes.set_xlim(0, len(ends))
    axes.set_ylim(found.count, 0)
    axes.set_xticks([event + 0.5 for event in ends], [*map(symbol, found.events), "end"])
    axes.set_yticks(
        [row + 0.5 for row in range(found.count)], [f"{row + 1}" for row in range(found.count)]
    )
    axes.xaxis.tick_top()
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    for event in (*ends, len(ends)):
        axes.axvline(event, color=style.FAINT, linewidth=0.8, zorder=0)


def _draw_bar(axes: "Axes", text: str, *, first: int, last: int, row: int) -> None:
    from matplotlib.patches import FancyBboxPatch

    bar = FancyBboxPatch(
        (first + 0.06, row + 0.1),
        last - first + 0.88,
        0.8,
        boxstyle="round,pad=0,rounding_size=0.08",
        mutation_aspect=COLUMN / ROW,
        facecolor=SHADES.get(text[0], RATE),
        edgecolor=style.LINE,
        linewidth=0.8,
    )
    axes.add_patch(bar)
    middle = (first + last + 1) / 2
    axes.text(middle, row + 0.52, text, ha="center", va="center", zorder=5)


def symbol(name: str) -> str:
    """``x₁``, ``y₃`` for the state of a stage, ``k₂``, ``s₁`` for a sum that is not complete."""
    match = NAME.match(name)
    if match is None:
        return name.rsplit(".", 1)[-1]
    kind = match["kind"]
    if kind == "x" and name.startswith("step"):
        kind = "y"
    return labels.subscript("s" if kind == "sum" else kind, int(match["number"]))


def _sums(graph: StepGraph, found: Registers) -> list[str]:
    """Lines of what is computed before each event."""
    lines, since = [], []
    for name, node in graph.nodes():
        if isinstance(node, Combine):
            since.append(f"{symbol(name)} = {_terms(graph, name)}")
        elif name in found.events and since:
            lines += _wrapped(f"before {symbol(name)}:", since)
            since = []
    return lines + (_wrapped("at the end:", since) if since else [])


def _wrapped(start: str, sums: Sequence[str]) -> list[str]:
    lines = [start]
    for one in sums:
        if len(lines[-1]) + len(one) > LONGEST and lines[-1] != start:
            lines.append("    ")
        lines[-1] += f" {one}," if one is not sums[-1] else f" {one}"
    return lines


def _terms(graph: StepGraph, name: str) -> str:
    text = ""
    for source, edge in graph.inputs(name):
        weight = labels.number(edge.exact).replace("≈ ", "")
        sign = "−" if weight.startswith("−") else "+"
        size = weight.removeprefix("−")
        factor = "" if size == "1" else f"({size}) " if " " in size else f"{size} "
        text += f" {sign} {factor}{symbol(source)}"
    # The first sign stands at its number, or not at all.
    return f"−{text[3:]}" if text.startswith(" −") else text[3:]


def draw_scheme_registers(scheme: Scheme, path: str | Path) -> Path:
    """One step of a scheme as its formulas say it, and as `order_registers` makes it.

    Raises:
        GraphError: a scheme that cannot be compiled.
        EmitError: a scheme that treats the halves of the state differently.
    """
    match scheme:
        case LinearMultistepScheme():
            steps = scheme.history
        case GeneralLinearScheme():
            steps = 2  # in the first all values are one
        case _:
            steps = 1
    form = manifestation(scheme, basis=PiecewiseConstant(1), steps=steps)
    graph = run_passes(build_step_graph(form), DEFAULT_PASSES)
    if any(graph.splits_state(name) for name, _ in graph.nodes()):
        raise EmitError(
            f"`{scheme.name}` treats the halves of the state differently and updates them in "
            "place; there are no registers to draw. Draw its step: `--picture step`."
        )
    charts = [
        (f"{scheme.name} as the formulas say it", graph),
        (f"{scheme.name} after order_registers", order_registers(graph)),
    ]
    return draw_registers(charts, path)
