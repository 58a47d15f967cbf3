"""Error against step size, log-log: one panel a trained model, one curve a scheme."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from odegraph.draw import style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

PANEL_WIDTH = 3.5
PANEL_HEIGHT = 3.9


@dataclass(frozen=True)
class Line:
    """Errors over step sizes; values that are not positive and finite are not drawn."""

    label: str
    step_sizes: Sequence[float]
    errors: Sequence[float]


@dataclass(frozen=True)
class Panel:
    """A trained model: its own errors, and (dashed) those of the exact right-hand side."""

    title: str
    subtitle: str
    lines: Sequence[Line]
    exact: Sequence[Line]
    training_step: float


def draw_convergence(
    panels: Sequence[Panel],
    path: str | Path,
    *,
    step_label: str = "step size",
    error_label: str = "error",
) -> Path:
    """Draw the panels side by side on common axes, with one legend below them."""
    looks = _looks(panels)
    size = {"width": max(PANEL_WIDTH * len(panels), 4.6) + 0.4, "height": PANEL_HEIGHT}
    with style.drawing(path, **size) as figure:
        subplots = figure.subplots(1, len(panels), sharex=True, sharey=True, squeeze=False)[0]
        for axes, panel in zip(subplots, panels, strict=True):
            _draw_panel(axes, panel, looks)
            axes.set_xlabel(step_label)
        subplots[0].set_ylabel(error_label)
        _legend(figure, looks, has_exact=any(panel.exact for panel in panels))
    return Path(path)


def _looks(panels: Iterable[Panel]) -> dict[str, dict]:
    labels = dict.fromkeys(line.label for panel in panels for line in panel.lines)
    return {label: style.series_style(index) for index, label in enumerate(labels)}


def _draw_panel(axes: "Axes", panel: Panel, looks: dict[str, dict]) -> None:
    axes.set_xscale("log")
    axes.set_yscale("log")
    for axis in (axes.xaxis, axes.yaxis):
        style.logarithmic(axis)
    style.grid(axes)
    axes.axvline(panel.training_step, color=style.MUTED, linewidth=1.0, zorder=1.5)
    for line in panel.exact:
        colour = looks.get(line.label, {"color": style.MUTED})["color"]
        axes.plot(
            *_drawable(line), color=colour, linestyle=(0, (4, 2.5)), linewidth=1.0, alpha=0.75
        )
    for line in panel.lines:
        axes.plot(*_drawable(line), **looks[line.label])
    style.title(axes, panel.title, subtitle=panel.subtitle)


def _drawable(line: Line) -> tuple[np.ndarray, np.ndarray]:
    steps, errors = np.asarray(line.step_sizes, float), np.asarray(line.errors, float)
    kept = np.isfinite(errors) & (errors > 0)
    return steps[kept], errors[kept]


def _legend(figure: "Figure", looks: dict[str, dict], *, has_exact: bool) -> None:
    from matplotlib.lines import Line2D

    entries = [Line2D([], [], label=label, **look) for label, look in looks.items()]
    if has_exact:
        dashes = {"linestyle": (0, (4, 2.5)), "linewidth": 1.0, "color": style.MUTED}
        entries.append(Line2D([], [], label="exact right-hand side", **dashes))
    entries.append(Line2D([], [], label="training step", linewidth=1.0, color=style.MUTED))
    figure.legend(handles=entries, loc="outside lower center", ncols=min(len(entries), 5))
