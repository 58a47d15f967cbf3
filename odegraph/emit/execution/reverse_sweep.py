"""Gradients of a chain of steps without keeping what all of them computed.

The forward pass keeps the states at a few steps. Backward takes the steps from the last to the
first: each is computed again from its state, now with what its gradient needs, and pulls the
gradient back. What is kept, and how the other states come back, is up to a `StatePlan`.
"""

import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor

from odegraph._errors import GraphError
from odegraph.emit.execution.random_state import RandomState
from odegraph.emit.execution.step_segments import Segment, StepSegments, Values


@dataclass(frozen=True)
class Kept:
    """What a forward pass keeps at the beginning of one step (or, after the last, at the end).

    Attributes:
        step: the number of the step in the chain.
        values: values that cross into it.
        random: where the random number generators stood; None where nothing is drawn.
    """

    step: int
    values: Values
    random: RandomState | None


class StateSource(Protocol):
    """Gives back the values that cross into a step, for the steps from the last to the first."""

    def before(self, step: int) -> Values:
        """What steps before `step` made and it, or a later one, reads.

        The random number generators then stand where they stood there.
        """
        ...


class StatePlan(Protocol):
    """Decides what the forward pass keeps, and how backward finds the rest."""

    def keep(self, steps: StepSegments, values: Values) -> tuple[Sequence[Kept], Values]:
        """Take all steps: what is kept, and the results."""
        ...

    def source(self, steps: StepSegments, kept: Sequence[Kept], constants: Values) -> StateSource:
        """The states again, from what was kept."""
        ...


def run_with_plan(steps: StepSegments, plan: StatePlan, x: Tensor) -> Any:
    """The output of a graph at x; its gradient is computed as the plan says."""
    return steps.epilogue(*_Sweep.apply(steps, plan, x, *steps.prologue()))


def take_steps(steps: StepSegments, values: Values, *, start: int, stop: int) -> Values:
    """What crosses into step `stop`, from what crosses into `start` and the constants."""
    for at in range(start, stop):
        values = values | steps.steps[at].run(values)
        values = {name: values[name] for name in (*steps.constants, *steps.crossing[at + 1])}
    return values


class _Sweep(torch.autograd.Function):
    """All steps as one function of the state and the coefficients."""

    @staticmethod
    def forward(ctx: Any, steps: StepSegments, plan: StatePlan, *tensors: Tensor) -> Any:
        names = (*steps.inputs, *steps.constants)
        kept, results = plan.keep(steps, dict(zip(names, tensors, strict=True)))
        ctx.steps, ctx.plan = steps, plan
        ctx.kept = [(one.step, tuple(one.values), one.random) for one in kept]
        ctx.autocast = autocast_as_now(tensors[0].device.type)
        ctx.save_for_backward(*tensors, *(value for one in kept for value in one.values.values()))
        ctx.set_materialize_grads(False)
        found = {name: results[name] for name in steps.results}
        ctx.mark_non_differentiable(*(found[n] for n in found if n not in steps.differentiable))
        return tuple(found.values())

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor | None) -> Any:
        refuse_second_derivatives()
        steps: StepSegments = ctx.steps
        names = (*steps.inputs, *steps.constants)
        saved = iter(ctx.saved_tensors)
        values = {name: next(saved) for name in names}
        kept = [
            Kept(step, {name: next(saved) for name in read}, random)
            for step, read, random in ctx.kept
        ]
        wanted = zip(names, ctx.needs_input_grad[2:], strict=True)
        fixed = {name for name, needed in wanted if not needed}
        sums = {n: g for n, g in zip(steps.results, gradients, strict=True) if g is not None}
        constants = {name: values[name] for name in steps.constants}
        randoms = [one.random for one in kept if one.random is not None]
        with ctx.autocast(), RandomState.forked(randoms):
            source = ctx.plan.source(steps, kept, constants)
            for at in reversed(range(len(steps.steps))):
                pull_back(steps.steps[at], constants | source.before(at), sums, fixed=fixed)
        return None, None, *(sums.get(name) for name in names)


def pull_back(
    step: Segment, values: Mapping[str, Tensor], sums: dict[str, Tensor], *, fixed: set[str]
) -> None:
    """Take the gradients of what a step made out of `sums`, and add those of what it read.

    Every value adds up what its uses send, the latest use first, as backpropagation through all
    steps at once does it: the sums are the same to the last bit.
    """
    leaves = {name: _leaf(values[name], needed=name not in fixed) for name in step.reads}
    with torch.enable_grad():
        made = step.run(leaves)
        made |= {name: leaf.view_as(leaf) for name, leaf in leaves.items() if name in sums}
    roots = {n: v for n, v in made.items() if n in sums and v.requires_grad}
    inputs = {name: leaf for name, leaf in leaves.items() if leaf.requires_grad}
    if roots and inputs:
        found = torch.autograd.grad(
            list(roots.values()),
            list(inputs.values()),
            [sums[name] for name in roots],
            allow_unused=True,
        )
        sums |= {n: g for n, g in zip(inputs, found, strict=True) if g is not None}
    for name in step.makes:
        sums.pop(name, None)


def autocast_as_now(device: str) -> Callable[[], torch.autocast]:
    """The autocast region of the forward pass, for steps that are computed again.

    Backward often runs outside of it; the steps must round as they did.
    """
    return functools.partial(
        torch.autocast,
        device,
        dtype=torch.get_autocast_dtype(device),
        enabled=torch.is_autocast_enabled(device),
        cache_enabled=False,  # it would add up gradients of casts before they are cast back
    )


def refuse_second_derivatives() -> None:
    """Raise where backward is asked for a graph of its own.

    Raises:
        GraphError: always then.
    """
    if torch.is_grad_enabled():
        raise GraphError(
            "Gradients that compute steps again have no derivatives themselves, and "
            "`create_graph=True` asks for them. Use "
            "`odegraph.with_execution(model, gradients=odegraph.Backpropagation())`."
        )


def _leaf(value: Tensor, *, needed: bool) -> Tensor:
    return value.detach().requires_grad_(needed and value.is_floating_point())
