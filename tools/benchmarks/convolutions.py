"""Compiled steps of a convolution block beside a loop of the same layers: time, compile time."""

from collections.abc import Callable, Iterator

import torch
from torch import nn

import odegraph as og
from benchmarks.overhead import RungeKuttaLoop, layers_of
from benchmarks.row import Row, least_in_turns, processor_seconds
from odegraph.models.units import ConvReluNorm

CHANNELS, STEPS, ROUNDS = 16, 8, 5


def rows(runs: int) -> Iterator[Row]:
    """What the compiled block takes of the loop, and what baking saves."""
    block = _block(STEPS).eval()
    loop = RungeKuttaLoop(layers_of(block)).eval()
    baked = og.bake(block)
    compiled = og.with_execution(block, compilation=og.CompiledSteps())
    for batch in (32, 1):
        work = {
            "loop": _forward(loop, batch),
            "eager": _forward(block, batch),
            "compiled": _forward(compiled, batch),
            "baked": _forward(baked, batch),
        }
        times = [least_in_turns(work, rounds=ROUNDS) for _ in range(runs)]
        case = f"rk4-classic, {STEPS} steps, forward, batch {batch}"
        for name, goal in (("eager", "1.03"), ("compiled", "0.7")):
            ratios = [one[name] / one["loop"] for one in times]
            yield Row(f"{case}: {name} beside a loop", ratios, "times", f"at most {goal}")
        ratios = [one["baked"] / one["eager"] for one in times]
        yield Row(f"{case}: baked beside trained", ratios, "times", "at most 0.8")
    growth = [_first_call(64) / _first_call(4) for _ in range(runs)]
    yield Row("compile time of 64 steps beside 4", growth, "times", "at most 1.5")


def _block(steps: int) -> og.OdeBlock:
    return og.OdeBlock(
        ConvReluNorm(CHANNELS),
        scheme="rk4-classic",
        basis=og.PiecewiseConstant(steps),
        steps=steps,
        span=steps,
    )


def _forward(model: nn.Module, batch: int) -> Callable[[], object]:
    images = torch.randn(batch, CHANNELS, 32, 32)

    @torch.no_grad()
    def work() -> None:
        model(images)

    return work


def _first_call(steps: int) -> float:
    """Processor seconds of what is done once; without the caches of earlier runs."""
    torch.compiler.reset()
    block = _block(steps).eval()
    block.compile()
    work = _forward(block, 1)
    with torch._inductor.utils.fresh_cache():
        first = processor_seconds(work)
    return first - processor_seconds(work)
