"""Linear latent dynamics: many equal steps as one matrix, beside taking them one by one."""

from collections.abc import Callable, Iterator

import torch
from torch import nn

import odegraph as og
from benchmarks.row import Row, least_in_turns
from odegraph.passes import DEFAULT_PASSES, collapse_linear

FEATURES, STEPS, BATCH, ROUNDS = 64, 1000, 32, 5
CALLS = (
    50  # of the collapsed block in one measurement: a single call lasts a tenth of a millisecond
)
SCHEMES = ("euler", "rk4-classic", "implicit-midpoint")


def rows(runs: int) -> Iterator[Row]:
    """How many times as long the steps take one by one, forward in evaluation mode."""
    unit = nn.Linear(FEATURES, FEATURES, bias=False)
    latent = torch.randn(BATCH, FEATURES)
    for scheme in SCHEMES:
        stepped = og.OdeBlock(unit, scheme=scheme, basis=og.PiecewiseConstant(1), steps=STEPS)
        stepped.eval()
        collapsed = og.with_execution(stepped, passes=(collapse_linear, *DEFAULT_PASSES))
        work = {
            "stepped": _forward(stepped, latent, calls=1),
            "collapsed": _forward(collapsed, latent, calls=CALLS),
        }
        times = [least_in_turns(work, rounds=ROUNDS) for _ in range(runs)]
        ratios = [CALLS * one["stepped"] / one["collapsed"] for one in times]
        case = f"{scheme}, {STEPS} steps, n = {FEATURES}: step by step beside collapse_linear"
        yield Row(case, ratios, "times", "at least 50")


def _forward(model: nn.Module, latent: torch.Tensor, *, calls: int) -> Callable[[], object]:
    @torch.no_grad()
    def work() -> None:
        for _ in range(calls):
            model(latent)

    return work
