"""On a CUDA device: the small unit beside torchdiffeq, a network beside a compiled loop."""

from collections.abc import Iterator

import torch

import odegraph as og
from benchmarks import peers
from benchmarks.by_hand import forward, loops_of, training_step
from benchmarks.effort import Effort
from benchmarks.measure import device_seconds, in_turns
from benchmarks.row import AtLeast, AtMost, Goal, Row
from benchmarks.small_unit import STEPS, TASKS, block_of, task
from odegraph.models import ContinuousNet
from odegraph.models.units import TanhUnit

BATCH = 128
SMALL, NETWORK = AtLeast(10), AtMost(1.02)
SMALL_CASE = f"rk4-38, {STEPS} steps: compiled beside torchdiffeq"
NETWORK_CASE = f"ContinuousNet 8-8-8, euler, batch {BATCH}: compiled beside a compiled loop"
NO_DEVICE = "skipped: torch finds no CUDA device on this machine"


def rows(effort: Effort) -> Iterator[Row]:
    """Milliseconds until the device has finished."""
    if not torch.cuda.is_available():
        yield from (_missing(what, SMALL_CASE, SMALL) for what in TASKS)
        yield from (_missing(what, NETWORK_CASE, NETWORK) for what in TASKS)
        return
    yield from _small(effort)
    yield from _network(effort)


def _missing(what: str, case: str, goal: Goal) -> Row:
    return Row(f"{what}, {case}", (), unit=goal.measure, goal=goal, note=NO_DEVICE)


def _small(effort: Effort) -> Iterator[Row]:
    unit = TanhUnit(2, 50).cuda()
    solvers = {
        "ours": block_of(unit, "rk4-38", STEPS, og.CompiledSteps()).cuda(),
        "theirs": peers.torchdiffeq(unit, STEPS),
    }
    for what in TASKS:
        work = {name: task(what, solve, device="cuda") for name, solve in solvers.items()}
        times = in_turns(work, turns=effort.turns, clock=device_seconds)
        yield Row(f"{what}, {SMALL_CASE}", times["ours"], times["theirs"], goal=SMALL)


def _network(effort: Effort) -> Iterator[Row]:
    net = ContinuousNet(scheme="euler", elements=8, steps=8).cuda()
    images = torch.randn(BATCH, 3, 32, 32, device="cuda")
    models = {
        "ours": og.with_execution(net, compilation=og.CompiledSteps()),
        "theirs": torch.compile(loops_of(net)),
    }
    for what, make in zip(TASKS, (forward, training_step), strict=True):
        work = {name: make(model, images) for name, model in models.items()}
        times = in_turns(work, turns=effort.turns, clock=device_seconds)
        yield Row(f"{what}, {NETWORK_CASE}", times["ours"], times["theirs"], goal=NETWORK)
