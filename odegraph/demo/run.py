"""Train in three schemes, test convergence in all, write everything down."""

from dataclasses import dataclass
from pathlib import Path

import torch

from odegraph.demo.training import Advance, Recipe, Trained, train
from odegraph.diagnostics import ConvergenceReport

SCHEMES = ("euler", "midpoint", "rk4-classic")
END = 2  # seconds
STEPS = (8, 10, 12, 15, 18, 20, 22, 25, 30, 40, 60, 80, 120, 160, 240, 320, 480, 640, 960, 1280)
MEASURE = "distance of [θ, θ'] at t = 2 s from the exact state"


@dataclass(frozen=True)
class Demonstration:
    """What the demo found and wrote.

    Attributes:
        trained: the trained block of each scheme.
        reports: the convergence test of each.
        written: all files, in the order of writing.
    """

    trained: dict[str, Trained]
    reports: tuple[ConvergenceReport, ...]
    written: tuple[Path, ...]


def run(folder: Path, *, recipe: Recipe, advance: Advance) -> Demonstration:
    """The experiment with all its files; `advance` is told the name and fraction of each stage."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # the tensors are small: a second thread only contends
    try:
        trained, reports = {}, []
        for scheme in SCHEMES:
            trained[scheme] = train(scheme, recipe, advance=lambda f, s=scheme: advance(s, f))
            reports.append(test_convergence(trained[scheme].block))
            advance("convergence", len(reports) / len(SCHEMES))
    finally:
        torch.set_num_threads(threads)
    written = write_files(folder, trained, reports)
    return Demonstration(trained, tuple(reports), tuple(written))
