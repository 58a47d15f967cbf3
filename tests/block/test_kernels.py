"""How many kernels a step calls: golden numbers, so that a change that adds one is seen."""

from collections import Counter

import torch
from example_units import Tanh
from torch.profiler import ProfilerActivity, profile

import odegraph as og

STEPS = 4


def kernels(scheme: str, steps: int) -> Counter[str]:
    """Operations that call no others, by name."""
    block = og.OdeBlock(Tanh(), scheme=scheme, basis=og.PiecewiseConstant(1), steps=steps)
    x = torch.randn(3, 2)
    with torch.no_grad(), profile(activities=[ProfilerActivity.CPU]) as profiled:
        block(x)
    events = profiled.events()
    assert events is not None
    return Counter(e.name for e in events if e.name.startswith("aten::") and not e.cpu_children)


def in_a_step(scheme: str) -> dict[str, float]:
    """What one more step costs."""
    more = kernels(scheme, 2 * STEPS)
    more.subtract(kernels(scheme, STEPS))
    return {name: count / STEPS for name, count in more.items() if count}
