"""Quality against cost of several candidates, and the front of those that nothing beats."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from odegraph.draw import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PANEL_WIDTH = 4.2
PANEL_HEIGHT = 3.8


@dataclass(frozen=True)
class Candidate:
    """One point: what it is called, its costs by name, its quality, and whether it was chosen."""

    label: str
    series: str
    costs: dict[str, float]
    quality: float
    is_chosen: bool


def front(costs: Sequence[float], qualities: Sequence[float]) -> list[int]:
    """Indices of the points that no other beats in both, by rising cost."""
    order = sorted(range(len(costs)), key=lambda i: (costs[i], -qualities[i]))
    found: list[int] = []
    for i in order:
        if not found or qualities[i] > qualities[found[-1]]:
            found.append(i)
    return found


def draw_pareto_front(
    candidates: Sequence[Candidate], path: str | Path, *, quality_label: str = "metric"
) -> Path:
    """One panel for each cost, all candidates, and the front as a line."""
    names = list(candidates[0].costs)
    series = list(dict.fromkeys(candidate.series for candidate in candidates))
    looks = {name: style.series_style(index) for index, name in enumerate(series)}
    width = PANEL_WIDTH * len(names) + 0.4
    with style.drawing(path, width=width, height=PANEL_HEIGHT) as figure:
        panels = figure.subplots(1, len(names), sharey=True, squeeze=False)[0]
        for axes, name in zip(panels, names, strict=True):
            _draw_panel(axes, candidates, name, looks)
            axes.set_xlabel(name)
        panels[0].set_ylabel(quality_label)
        handles, labels = panels[0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=min(len(labels), 5))
    return Path(path)


def _draw_panel(
    axes: "Axes", candidates: Sequence[Candidate], name: str, looks: dict[str, dict]
) -> None:
    axes.set_xscale("log")
    style.logarithmic(axes.xaxis)
    style.grid(axes)
    costs = [candidate.costs[name] for candidate in candidates]
    qualities = [candidate.quality for candidate in candidates]
    best = front(costs, qualities)
    axes.plot(
        [costs[i] for i in best],
        [qualities[i] for i in best],
        color=style.MUTED,
        linewidth=1.0,
        drawstyle="steps-post",
        label="Pareto front",
    )
    for series, look in looks.items():
        mine = [i for i, candidate in enumerate(candidates) if candidate.series == series]
        points = [costs[i] for i in mine], [qualities[i] for i in mine]
        axes.plot(*points, linestyle="none", label=series, **look)
    for i, candidate in enumerate(candidates):
        if candidate.is_chosen:
            axes.plot(
                [costs[i]], [qualities[i]], "o", ms=11, mfc="none", mec=style.INK, label="chosen"
            )
