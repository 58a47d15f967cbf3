"""Train in three schemes, test convergence in all, write everything down."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch

from odegraph.block import OdeBlock
from odegraph.data.pendulum import Pendulum, PendulumRate
from odegraph.demo.files import write_files
from odegraph.demo.training import Recipe, Trained, train
from odegraph.diagnostics import ConvergenceReport, convergence_test

SCHEMES = ("euler", "midpoint", "rk4-classic")
END = 2  # seconds
STEPS = (8, 10, 12, 15, 18, 20, 22, 25, 30, 40, 60, 80, 120, 160, 240, 320, 480, 640, 960, 1280)
MEASURE = "distance from the exact state at t = 2 s"

Progress = Callable[[str, float], None]


@dataclass(frozen=True)
class Demonstration:
    """What the demo found and wrote.

    Attributes:
        trained: the trained block of each scheme.
        reports: the convergence test of each, in the same order.
        written: all files.
    """

    trained: dict[str, Trained]
    reports: tuple[ConvergenceReport, ...]
    written: tuple[Path, ...]


def run(folder: Path, *, recipe: Recipe, progress: Progress) -> Demonstration:
    """The whole experiment; `progress` is told the name of each stage and its fraction done."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # the tensors are small: a second thread only contends
    try:
        trained, reports = {}, []
        for scheme in SCHEMES:
            trained[scheme] = train(scheme, recipe, advance=lambda f, s=scheme: progress(s, f))
        for number, one in enumerate(trained.values(), start=1):
            reports.append(pendulum_convergence(one.block))
            progress("convergence", number / len(SCHEMES))
        written = write_files(folder, trained, reports, recipe)
        progress("files", 1.0)
    finally:
        torch.set_num_threads(threads)
    return Demonstration(trained, tuple(reports), tuple(written))


def pendulum_convergence(block: OdeBlock) -> ConvergenceReport:
    """The block in every scheme, from rest at 135 degrees to t = 2 s, against the exact state."""
    start, end = torch.as_tensor(Pendulum().state([0.0, float(END)]), dtype=torch.float64)
    return convergence_test(
        block,
        start[None],
        end[None],
        steps=STEPS,
        schemes=SCHEMES,
        duration=END,
        exact=PendulumRate(Pendulum()),
        measure=MEASURE,
    )
