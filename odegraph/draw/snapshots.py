"""Checkpoints over time: which states are kept while a chain of steps is reversed."""

from pathlib import Path

from odegraph.draw import style
from odegraph.passes.place_snapshots import moves

WIDTH = 7.2
HEIGHT = 3.4


def draw_snapshots(steps: int, path: str | Path, *, snapshots: int) -> Path:
    """Forward walks, steps that are reversed, and the states that are kept meanwhile."""
    with style.drawing(path, width=WIDTH, height=HEIGHT) as figure:
        axes = figure.subplots()
        time = 0
        for move in moves(steps, snapshots=snapshots):
            duration = max(1, move.stop - move.start)
            for kept in move.kept:
                line = axes.plot(
                    [time, time + duration],
                    [kept, kept],
                    color=style.AMBER,
                    linewidth=2.6,
                    solid_capstyle="butt",
                )
                line[0].set_label("state kept" if time == 0 else "")
            end = (time + duration, move.start if move.is_back else move.stop)
            start = (time, move.start + 1 if move.is_back else move.start)
            color = style.VERMILION if move.is_back else style.BLUE
            axes.plot(*zip(start, end, strict=True), color=color, linewidth=1.4)
            time += duration
        axes.plot([], [], color=style.BLUE, label="steps taken, nothing kept")
        axes.plot([], [], color=style.VERMILION, label="step taken again and reversed")
        axes.set_xlabel("time, in steps")
        axes.set_ylabel("step")
        style.title(
            axes,
            f"{steps} steps, {snapshots} states kept",
            subtitle=f"{time - steps} steps of work beside the backward steps",
        )
        figure.legend(loc="outside lower center", ncols=3)
    return Path(path)
