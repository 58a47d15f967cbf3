"""What is done once: the graph, its passes and its lowering; compiling, by depth."""

from collections.abc import Iterator

import torch

import odegraph as og
from benchmarks.by_hand import forward
from benchmarks.effort import Effort
from benchmarks.measure import compile_seconds, processor_seconds
from benchmarks.row import AtMost, Row
from odegraph.models.units import ConvReluNorm, TanhUnit

FEW, MANY = 256, 1024
SHALLOW, DEEP = 4, 64
CHANNELS = 16


def rows(effort: Effort) -> Iterator[Row]:
    """Building first: it is quick."""
    yield from _building(effort)
    yield from _compiling(effort)


def _building(effort: Effort) -> Iterator[Row]:
    turns = range(max(3, effort.turns // 2))
    few, many = zip(
        *[(_seconds_to_build(FEW), _seconds_to_build(MANY)) for _ in turns], strict=True
    )
    case = f"build, passes and lowering of rk4-classic, {MANY} steps"
    yield Row(case, many, unit="s", goal=AtMost(2))
    longer = [MANY // FEW * seconds for seconds in few]
    case = f"the same beside {MANY // FEW} times that of {FEW} steps: linear in steps"
    yield Row(case, many, longer, unit="s", goal=AtMost(1.25))


def _seconds_to_build(steps: int) -> float:
    return processor_seconds(
        lambda: og.OdeBlock(
            TanhUnit(2, 50), scheme="rk4-classic", basis=og.PiecewiseConstant(1), steps=steps
        )
    )


def _compiling(effort: Effort) -> Iterator[Row]:
    turns = [
        (_seconds_to_compile(DEEP), _seconds_to_compile(SHALLOW)) for _ in range(effort.compiles)
    ]
    deep, shallow = zip(*turns, strict=True)
    case = f"compile time, rk4-classic, two convolutions: {DEEP} steps beside {SHALLOW}"
    yield Row(case, deep, shallow, unit="s", goal=AtMost(1.5))


def _seconds_to_compile(steps: int) -> float:
    torch.compiler.reset()
    block = og.OdeBlock(
        ConvReluNorm(CHANNELS),
        scheme="rk4-classic",
        basis=og.PiecewiseConstant(steps),
        steps=steps,
        execution=og.Execution(compilation=og.CompiledSteps()),
    )
    return compile_seconds(forward(block, torch.randn(1, CHANNELS, 32, 32)))
