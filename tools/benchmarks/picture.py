"""A bar for each framework and execution of the small unit: microseconds of a step."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from matplotlib.axes import Axes

from benchmarks import small_unit
from benchmarks.row import Row
from odegraph.draw import style

WIDTH, BAR_HEIGHT, HEAD = 8.4, 0.27, 1.1


def draw_bars(rows: Sequence[Row], path: str | Path) -> Path:
    """Both tasks side by side; bars of one scheme stand together, ours last."""
    panels = dict(small_unit.bars(rows))
    lines = sum(len(cluster) + 1 for cluster in next(iter(panels.values())).values())
    with style.drawing(path, width=WIDTH, height=HEAD + BAR_HEIGHT * lines) as figure:
        subplots = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
        for axes, (what, clusters) in zip(subplots, panels.items(), strict=True):
            _draw_panel(axes, clusters)
            axes.set_title(what)
            axes.set_xlabel("µs for one step")
    return Path(path)


def _draw_panel(axes: Axes, clusters: Mapping[str, Mapping[str, float]]) -> None:
    place, ticks = 0, []
    for scheme, bars in clusters.items():
        for name, value in sorted(bars.items(), key=lambda bar: bar[0].startswith("odegraph")):
            axes.barh(place, value, height=0.72, color=_colour(name))
            axes.annotate(
                f"{value:.0f}",
                (value, place),
                xytext=(3, 0),
                textcoords="offset points",
                va="center",
                fontsize=8,
            )
            ticks.append((place, f"{scheme}: {name}"))
            place += 1
        place += 1
    axes.set_yticks(*zip(*ticks, strict=True))
    axes.tick_params(axis="y", length=0)
    axes.grid(visible=True, which="major", axis="x")
    axes.margins(x=0.12)
    axes.set_ylim(place - 1.4, -0.6)


def _colour(name: str) -> str:
    if not name.startswith("odegraph"):
        return style.LINE
    return style.BLUE if name.endswith("compiled") else style.SKY
