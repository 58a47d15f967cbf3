"""Checkpoints over time: which states are kept while a chain of steps is reversed."""

from pathlib import Path
from typing import TYPE_CHECKING

from odegraph.draw import style
from odegraph.passes.place_snapshots import moves

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Line = list[tuple[float, float]]

WIDTH = 7.2
HEIGHT = 3.4


def draw_snapshots(steps: int, path: str | Path, *, snapshots: int) -> Path:
    """Forward walks, steps that are reversed, and the states that are kept meanwhile."""
    time, since = 0, {}
    kept, forward, back = [], [], []
    for move in moves(steps, snapshots=snapshots):
        for state in since.keys() - {*move.kept}:
            kept.append([(since.pop(state), state), (time, state)])
        since = dict.fromkeys(move.kept, time) | since
        end = time + max(1, move.stop - move.start)
        if move.is_back:
            back.append([(time, move.start + 1), (end, move.start)])
        else:
            forward.append([(time, move.start), (end, move.stop)])
        time = end
    kept += [[(start, state), (time, state)] for state, start in since.items()]
    with style.drawing(path, width=WIDTH, height=HEIGHT) as figure:
        axes = figure.subplots()
        _add_lines(axes, kept, style.AMBER, 1.6, "state kept")
        _add_lines(axes, forward, style.BLUE, 1.4, "steps taken, nothing kept")
        _add_lines(axes, back, style.VERMILION, 1.4, "step taken again and reversed")
        axes.autoscale()
        axes.set_xlabel("time, in steps")
        axes.set_ylabel("step")
        style.title(
            axes,
            f"{steps} steps, {snapshots} states kept",
            subtitle=f"{time - steps} steps forward before the {steps} that are reversed",
        )
        figure.legend(loc="outside lower center", ncols=3)
    return Path(path)


def _add_lines(axes: "Axes", lines: list[Line], color: str, width: float, label: str) -> None:
    from matplotlib.collections import LineCollection

    axes.add_collection(LineCollection(lines, colors=color, linewidths=width, label=label))
