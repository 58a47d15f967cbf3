"""The small unit beside a loop of the same arithmetic that torch.compile unrolls."""

from collections.abc import Iterator

import torch
from torch import nn

import odegraph as og
from benchmarks import peers
from benchmarks.effort import Effort
from benchmarks.measure import compile_seconds, in_turns
from benchmarks.row import AtMost, Row
from benchmarks.small_unit import TASKS, block_of, task
from odegraph.models.units import TanhUnit

BY_HAND = "by hand"
RUNNING = "segments of four steps are called one after the other; what is left are those calls"
COMPILING = "CompiledWhole unrolls all steps, as the loop by hand does; CompiledSteps does not"
FASTER, LIGHTER = AtMost(1.05), AtMost(0.5)


def rows(effort: Effort) -> Iterator[Row]:
    """Run times side by side, then what compiling took once."""
    steps = effort.unrolled_steps
    unit = TanhUnit(2, 50)
    solvers = {**_blocks(unit, effort), BY_HAND: torch.compile(peers.python_loop(unit, steps))}
    for what in TASKS:
        work = {name: task(what, solve) for name, solve in solvers.items()}
        compiling = {name: compile_seconds(one) for name, one in work.items()}
        times = in_turns(work, turns=effort.turns)
        for name in list(solvers)[:-1]:
            case = f"{what}, rk4-classic, {steps} steps: {name} beside a compiled loop"
            yield Row(case, times[name], times[BY_HAND], goal=FASTER, note=RUNNING)
            theirs = [compiling[BY_HAND]]
            # The goal is one of 40 steps, and of what does not grow with them.
            has_goal = effort.is_full and name == og.CompiledSteps.__name__
            lighter = LIGHTER if has_goal else AtMost()
            yield Row(
                f"{case}, compile time",
                [compiling[name]],
                theirs,
                unit="s",
                goal=lighter,
                note=COMPILING,
            )


def _blocks(unit: nn.Module, effort: Effort) -> dict[str, peers.Solve]:
    """Ours first: what later compilations find in the caches of Python is to their good."""
    compilations = (og.CompiledSteps(), *([og.CompiledWhole()] if effort.is_full else []))
    return {
        type(one).__name__: block_of(unit, "rk4-classic", effort.unrolled_steps, one)
        for one in compilations
    }
