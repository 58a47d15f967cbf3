"""ContinuousNet 8-8-8: three blocks of eight steps, beside hand-written loops of their modules."""

import copy
from collections.abc import Iterator, Mapping

import torch
from torch import Tensor, nn

import odegraph as og
from benchmarks.by_hand import forward, loops_of, training_step
from benchmarks.effort import Effort
from benchmarks.measure import in_turns
from benchmarks.row import AtMost, Goal, Row
from odegraph.models import ContinuousNet

LAST = torch.channels_last
EAGER, COMPILED = AtMost(1.03), AtMost(0.7)
LOOP, LOOP_LAST = "a loop", "a loop in channels_last"

# What is measured, beside what, and its goal.
FORWARD: tuple[tuple[str, str, Goal], ...] = (
    ("eager", LOOP, EAGER),
    ("eager in channels_last", LOOP_LAST, EAGER),
    ("compiled", LOOP, COMPILED),
    ("compiled in channels_last", LOOP_LAST, AtMost()),
)
TRAINING: tuple[tuple[str, str, Goal], ...] = (
    ("eager", LOOP, EAGER),
    ("eager in channels_last", LOOP_LAST, EAGER),
)
COMPILED_TRAINING: tuple[tuple[str, str, Goal], ...] = (("compiled", LOOP, AtMost()),)


def rows(effort: Effort) -> Iterator[Row]:
    """Milliseconds of a network, ours beside theirs."""
    for scheme in effort.networks:
        net = ContinuousNet(scheme=scheme, elements=8, steps=8)
        for batch in effort.batches:
            images = torch.randn(batch, 3, 32, 32)
            for what, lines in (
                ("forward", FORWARD),
                ("training step", (*TRAINING, *(COMPILED_TRAINING if effort.is_full else ()))),
            ):
                yield from _beside(net, images, f"{what}, {scheme}", lines, effort)


def _beside(
    net: ContinuousNet,
    images: Tensor,
    what: str,
    lines: tuple[tuple[str, str, Goal], ...],
    effort: Effort,
) -> Iterator[Row]:
    task = forward if what.startswith("forward") else training_step
    models = _models(net, {name for ours, theirs, _ in lines for name in (ours, theirs)})
    work = {
        name: task(model, images.to(memory_format=LAST) if "last" in name else images)
        for name, model in models.items()
    }
    times = in_turns(work, turns=effort.turns)
    for ours, theirs, goal in lines:
        case = f"{what}, batch {len(images)}: {ours} beside {theirs}"
        yield Row(case, times[ours], times[theirs], goal=goal)


def _models(net: ContinuousNet, names: set[str]) -> Mapping[str, nn.Module]:
    """Copies, so that each has gradients and statistics of its own."""
    loop = loops_of(net)
    makers = {
        LOOP: lambda: copy.deepcopy(loop),
        LOOP_LAST: lambda: copy.deepcopy(loop).to(memory_format=LAST),  # pyright: ignore[reportCallIssue]
        "eager": lambda: og.with_execution(net),
        "eager in channels_last": lambda: og.with_execution(net, memory_format=LAST),
        "compiled": lambda: og.with_execution(net, compilation=og.CompiledSteps()),
        "compiled in channels_last": lambda: og.with_execution(
            net, compilation=og.CompiledSteps(), memory_format=LAST
        ),
    }
    return {name: make() for name, make in makers.items() if name in names}
