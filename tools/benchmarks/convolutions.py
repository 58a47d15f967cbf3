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

NOISE = (
    "the same calls of torch in the same order: a difference is one of other work on the machine"
)
MANY = (
    "convolutions take 80 to 93 % of the loop, and with packed weights in oneDNN's own layout "
    "still 0.76 of what torch.conv2d takes (16, 32, 64 channels: 735, 607, 553 beside 1139, 685, "
    "664 microseconds); stem, stitches and classifier are not compiled: the bound is about 0.75, "
    "and more with euler, where these are a larger part"
)
SINGLE = (
    "convolutions take 80 % of the loop, and each reads weights that oneDNN rearranges in every "
    "call; with 64 channels and one image of 8 x 8 that takes longer than the image. Baked blocks "
    "have packed them once: see their row"
)
LAYOUT = (
    "a loop can keep its weights in channels_last, slots keep the plain layout: each convolution "
    "converts its weights, which is seen with single images"
)


def reason(ours: str, batch: int) -> str:
    """Why a goal may be missed."""
    if "compiled" in ours:
        return SINGLE if batch == 1 else MANY
    return LAYOUT if "last" in ours and batch == 1 else NOISE


# What is measured, beside what, and its goal.
FORWARD: tuple[tuple[str, str, Goal], ...] = (
    ("eager", LOOP, EAGER),
    ("eager in channels_last", LOOP_LAST, EAGER),
    ("compiled", LOOP, COMPILED),
    ("compiled in channels_last", LOOP_LAST, AtMost()),
    ("baked", LOOP, AtMost()),
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
        note = reason(ours, len(images))
        yield Row(case, times[ours], times[theirs], goal=goal, note=note)


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
        "baked": lambda: og.bake(net.eval()),
    }
    return {name: make() for name, make in makers.items() if name in names}
