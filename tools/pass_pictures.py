"""Draw the pictures of docs/passes.md."""

from collections.abc import Sequence
from pathlib import Path

import odegraph as og
from odegraph.draw import draw_snapshots, draw_step_graph
from odegraph.ir import StepGraph, build_step_graph, manifestation
from odegraph.passes import DEFAULT_PASSES, Pass, collapse_linear, run_passes
from odegraph.passes.invert import invert, only_start

FOLDER = Path("docs/pictures/passes")


def main() -> None:
    draw_snapshots(32, FOLDER / "checkpoints-all.svg", snapshots=32)
    draw_snapshots(32, FOLDER / "checkpoints-7.svg", snapshots=7)
    verlet = one_step("stormer-verlet")
    draw_step_graph(verlet, FOLDER / "verlet.svg")
    rollout = one_step("rk4-classic", steps=3)
    draw_step_graph(rollout, FOLDER / "linear-steps.svg")
    collapsed = one_step("rk4-classic", steps=3, passes=(collapse_linear, *DEFAULT_PASSES))
    og.draw(collapsed, FOLDER / "linear-collapsed.svg")
    draw_step_graph(only_start(invert(verlet)), FOLDER / "verlet-inverse.svg", title="its inverse")


def one_step(scheme: str, *, steps: int = 1, passes: Sequence[Pass] = DEFAULT_PASSES) -> StepGraph:
    """The graph of one step, or of a few, with constant coefficients."""
    form = manifestation(scheme, basis=og.PiecewiseConstant(1), steps=steps)
    return run_passes(build_step_graph(form), passes)


if __name__ == "__main__":
    main()
