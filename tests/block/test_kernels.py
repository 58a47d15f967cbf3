"""How many kernels a step calls: golden numbers, so that a change that adds one is seen."""

from collections import Counter

import pytest
import torch
from example_units import Tanh
from torch.profiler import ProfilerActivity, profile

import odegraph as og

STEPS = 4


SCHEMES = {
    "euler": {"linear": 2, "tanh": 1, "mul": 1, "add": 1},
    "rk4-classic": {"linear": 8, "tanh": 4, "mul": 7, "add": 7},
}


def kernels(scheme: str, steps: int) -> Counter[str]:
    """Operations that the block calls, not those that they call, by name."""
    block = og.OdeBlock(Tanh(), scheme=scheme, basis=og.PiecewiseConstant(1), steps=steps)
    x = torch.randn(3, 2)
    with torch.no_grad(), profile(activities=[ProfilerActivity.CPU]) as profiled:
        block(x)
    events = profiled.events()
    assert events is not None
    outermost = (e for e in events if e.name.startswith("aten::") and e.cpu_parent is None)
    return Counter(e.name.removeprefix("aten::") for e in outermost)


def in_a_step(scheme: str) -> dict[str, float]:
    """What one more step costs."""
    more = kernels(scheme, 2 * STEPS)
    more.subtract(kernels(scheme, STEPS))
    return {name: count / STEPS for name, count in more.items() if count}


@pytest.mark.parametrize("scheme", list(SCHEMES))
def test_a_step_calls_as_many_kernels_as_its_formula_has_operations(scheme):
    assert in_a_step(scheme) == SCHEMES[scheme]
