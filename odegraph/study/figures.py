"""Figures of a study: errors over the horizon, spectra, fields beside the truth."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from torch import Tensor

from odegraph.draw import style
from odegraph.draw.spectrum import unit_circle
from odegraph.study.recipe import KINDS
from odegraph.study.records import Run

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SCALE_WIDTH = 0.7
HIGHEST = 30.0  # relative error that is shown
DASHES = (":", "-.", "--", (0, (6, 2)))  # of the baselines


def draw_horizon(path: Path, runs: Sequence[Run]) -> Path:
    """Relative error over the steps ahead: median over the seeds, and the band of all of them."""
    levels = sorted({run.noise for run in runs})
    with style.drawing(path, width=4.6 * len(levels), height=4.8) as figure:
        grid = figure.subplots(1, len(levels), sharey=True, squeeze=False)
        top = _top(runs)
        for axes, level in zip(grid[0], levels, strict=True):
            _horizon(axes, [run for run in runs if run.noise == level])
            axes.set_ylim(top=top)
            style.title(axes, _noise(level), subtitle="median and range over seeds")
        grid[0][0].set_ylabel("relative error")
        figure.legend(*grid[0][-1].get_legend_handles_labels(), loc="outside lower center", ncols=4)
    return path


def _top(runs: Sequence[Run]) -> float:
    """Above all errors, but not where a model that blows up would press the others together."""
    errors = np.array([error for run in runs for error in run.scores.errors])
    return min(HIGHEST, 1.5 * float(np.max(errors[np.isfinite(errors)], initial=1.0)))


def _horizon(axes: "Axes", runs: Sequence[Run]) -> None:
    for index, (kind, described) in enumerate(KINDS.items()):
        curves = np.array([run.scores.errors for run in runs if run.kind == kind])
        if not curves.size:
            continue
        steps, color = np.arange(1, curves.shape[1] + 1), style.SERIES[index]
        curves = np.clip(np.nan_to_num(curves, nan=1e6), None, 1e6)
        axes.fill_between(steps, curves.min(0), curves.max(0), color=color, alpha=0.15, linewidth=0)
        axes.plot(steps, np.median(curves, 0), color=color, label=described.title)
    baselines = [run for run in runs if run.kind not in KINDS]
    for run, dashes in zip(baselines, DASHES, strict=False):
        axes.plot(
            np.arange(1, len(run.scores.errors) + 1),
            run.scores.errors,
            color=style.INK,
            linestyle=dashes,
            linewidth=1.1,
            label=run.kind,
        )
    axes.set_yscale("log")
    style.logarithmic(axes.yaxis)
    axes.set_xlabel("steps ahead")
    style.grid(axes)


def draw_spectra(path: Path, spectra: Mapping[str, Mapping[float, np.ndarray]]) -> Path:
    """Eigenvalues of Omega on the unit circle, a column a kind, a row a level of noise."""
    levels = sorted({level for found in spectra.values() for level in found})
    size = (2.9 * len(spectra), 3.1 * len(levels))
    largest = max(np.abs(values).max() for found in spectra.values() for values in found.values())
    with style.drawing(path, width=size[0], height=size[1]) as figure:
        grid = figure.subplots(len(levels), len(spectra), squeeze=False)
        for column, (kind, found) in enumerate(spectra.items()):
            for row, level in enumerate(levels):
                unit_circle(grid[row][column], found[level], largest=largest)
                grid[row][column].set_title(f"{KINDS[kind].title}\n{_noise(level)}", fontsize=9)
    return path


def draw_fields(
    path: Path, fields: Mapping[str, Tensor], *, steps: Sequence[int], unit: str
) -> Path:
    """Frames at some steps ahead, a row a source, the truth on top: each is [steps, rows, columns].

    All have the colours of the truth, which the scale at the right explains.
    """
    rows, columns = fields["truth"].shape[1:]
    width = 2.7 * len(steps) + 1.3 + SCALE_WIDTH
    height = 2.7 * max(0.25, min(1.2, rows / columns)) * len(fields) + 0.6
    reach = float(np.nanmax(np.abs(fields["truth"].numpy())))
    with style.drawing(path, width=width, height=height) as figure:
        grid = figure.subplots(len(fields), len(steps), squeeze=False)
        for row, (name, frames) in enumerate(fields.items()):
            for column, step in enumerate(steps):
                axes = grid[row][column]
                image = axes.imshow(
                    frames[column].numpy(),
                    origin="lower",
                    cmap="RdBu_r",
                    vmin=-reach,
                    vmax=reach,
                    aspect="auto",
                )
                axes.set_facecolor(style.FAINT)  # land
                axes.set_xticks([])
                axes.set_yticks([])
                if row == 0:
                    axes.set_title(f"{step} step{'s' * (step > 1)} ahead", fontsize=9)
            grid[row][0].set_ylabel(name, fontsize=8, rotation=0, ha="right", va="center")
        bar = figure.colorbar(image, ax=grid[0, :], aspect=12, pad=0.02)
        bar.ax.tick_params(labelsize=8)
        bar.set_label("anomaly" if unit == "1" else f"anomaly in {unit}", fontsize=8)
    return path


def _noise(level: float) -> str:
    return "clean frames" if level == 0 else f"noise of {level:g}"
