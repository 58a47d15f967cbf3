"""Linear latent dynamics: many equal steps as one matrix, beside taking them one by one."""

from collections.abc import Iterator

import torch
from torch import nn

import odegraph as og
from benchmarks.by_hand import forward
from benchmarks.effort import Effort
from benchmarks.measure import in_turns
from benchmarks.row import AtLeast, Row
from odegraph.passes import DEFAULT_PASSES, collapse_linear

FEATURES, STEPS, BATCH = 64, 1000, 32
NOTE = (
    "of the collapsed pass the solve takes 83 and the power 87 microseconds, timed alone; a step "
    "beside it is already a single product, 11 microseconds"
)
SCHEMES = ("euler", "rk4-classic", "implicit-midpoint")


def rows(effort: Effort) -> Iterator[Row]:
    """How many times as long the steps take one by one, forward in evaluation mode."""
    unit = nn.Linear(FEATURES, FEATURES, bias=False)
    latent = torch.randn(BATCH, FEATURES)
    for scheme in SCHEMES:
        stepped = og.OdeBlock(unit, scheme=scheme, basis=og.PiecewiseConstant(1), steps=STEPS)
        collapsed = og.with_execution(stepped, passes=(collapse_linear, *DEFAULT_PASSES))
        work = {"stepped": forward(stepped, latent), "collapsed": forward(collapsed, latent)}
        times = in_turns(work, turns=effort.turns)
        case = f"{scheme}, {STEPS} steps, n = {FEATURES}: collapse_linear beside step by step"
        yield Row(case, times["collapsed"], times["stepped"], goal=AtLeast(50), note=NOTE)
