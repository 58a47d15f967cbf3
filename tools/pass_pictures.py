"""Draw the pictures of docs/passes.md."""

from pathlib import Path

import odegraph as og
from odegraph.draw import draw_snapshots, draw_step_graph
from odegraph.ir import StepGraph, build_step_graph, manifestation
from odegraph.passes import DEFAULT_PASSES, run_passes
from odegraph.passes.invert import invert, only_start

FOLDER = Path("docs/pictures/passes")


def main() -> None:
    draw_snapshots(32, FOLDER / "checkpoints-all.svg", snapshots=32)
    draw_snapshots(32, FOLDER / "checkpoints-7.svg", snapshots=7)
    verlet = one_step("stormer-verlet")
    draw_step_graph(verlet, FOLDER / "verlet.svg")
    draw_step_graph(only_start(invert(verlet)), FOLDER / "verlet-inverse.svg", title="its inverse")


def one_step(scheme: str, *, steps: int = 1) -> StepGraph:
    """The graph of one step with constant coefficients."""
    form = manifestation(scheme, basis=og.PiecewiseConstant(1), steps=steps)
    return run_passes(build_step_graph(form), DEFAULT_PASSES)


if __name__ == "__main__":
    main()
