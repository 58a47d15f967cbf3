"""Gradients by the adjoint graph: what backpropagation does, laid down as a graph of its own."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, final

import torch
from torch import Tensor

from odegraph.emit.collector import paused_collector
from odegraph.emit.execution.compilation import Lowered, Run
from odegraph.emit.execution.reverse_sweep import autocast_as_now, refuse_second_derivatives
from odegraph.emit.execution.step_segments import StepSegments
from odegraph.emit.slots import slot_of
from odegraph.ir import Output
from odegraph.passes.discrete_adjoint import discrete_adjoint, keeping


@final
@dataclass(frozen=True)
class DiscreteAdjoint:
    """Keep the states at which the unit is evaluated, and run the adjoint graph.

    `passes.discrete_adjoint` transposes the step graph: of a Runge-Kutta scheme it makes the one of
    its `costate`. Gradients are those of backpropagation to rounding. Backward computes the unit
    once more at each state that was kept; what is inside of the unit is never kept. For explicit
    schemes; second derivatives are not available.
    """

    def runner(self, lowered: Lowered) -> Run:
        """Forward steps that hand out their stages, and the adjoint graph.

        Raises:
            GraphError: stages that are solved for, or steps that take a Jacobian.
        """
        return _ForwardAndBack(lowered)


class _ForwardAndBack:
    """The graph that keeps its stages, and the adjoint graph for the slots that learn."""

    @paused_collector()
    def __init__(self, lowered: Lowered) -> None:
        self.lowered = lowered
        self.adjoint = discrete_adjoint(lowered.graph)
        self.outputs = len(lowered.graph.of_type(Output))
        graph = keeping(lowered.graph, self.adjoint.kept)
        module = lowered.lower(graph)
        self.forward = lowered.compilation.whole(replace(lowered, graph=graph, module=module))
        self.slots = lowered.module.get_submodule("theta")
        self.paths = tuple(path for path, _ in self.slots.named_parameters())
        self.backs: dict[tuple[str, ...], _Back] = {}

    def __call__(self, x: Tensor) -> Any:
        slots = {path: slot_of(self.slots, path) for path in self.paths}
        learning = {path: slot for path, slot in slots.items() if slot.requires_grad}
        ends = _ByAdjoint.apply(self, self._back(tuple(learning)), x, *learning.values())
        return ends[0] if self.outputs == 1 else ends

    def _back(self, learning: tuple[str, ...]) -> "_Back":
        if learning not in self.backs:
            module = self.lowered.lower(self.adjoint.graph)
            self.backs[learning] = _Back(self.lowered.compilation.steps(module), learning)
        return self.backs[learning]


class _Back:
    """The adjoint graph, step by step, the last one first."""

    def __init__(self, steps: StepSegments, learning: tuple[str, ...]) -> None:
        self.steps = steps
        self.learning = learning
        self.read_last = _read_last(steps)

    def gradients(
        self, given: Sequence[Tensor], constants: Sequence[Tensor]
    ) -> tuple[Tensor, tuple[Tensor, ...]]:
        """The gradients of the state at depth 0 and of the slots that learn."""
        steps = self.steps
        values = dict(zip((*steps.inputs, *steps.constants), (*given, *constants), strict=True))
        for segment, read_last in zip(steps.steps, self.read_last, strict=True):
            values.update(segment.run(values))
            for name in read_last:
                del values[name]
        state, slots = steps.epilogue(*(values[name] for name in steps.results))
        return state, tuple(slots[path] for path in self.learning)


def _read_last(steps: StepSegments) -> list[list[str]]:
    """For each step what nothing after it reads; there are too many stages for `crossing`."""
    needed = {*steps.results, *steps.constants}
    read_last = []
    for segment in reversed(steps.steps):
        read_last.append([name for name in segment.reads if name not in needed])
        needed.update(segment.reads)
    return read_last[::-1]


class _ByAdjoint(torch.autograd.Function):
    """All steps as one function of the state and the slots."""

    @staticmethod
    def forward(
        ctx: Any,
        run: _ForwardAndBack,
        back: _Back,
        x: Tensor,
        *slots: Tensor,  # noqa: ARG004  the graphs read them; autograd needs to know of them
    ) -> Any:
        # Before the forward pass, which may store new statistics in slots that the unit reads.
        # Without their history as views, so that autograd only asks whether they have changed.
        constants = [value.detach() for value in back.steps.prologue()]
        results = run.forward(x)
        ends, kept = results[: run.outputs], results[run.outputs :]
        ctx.back, ctx.constants = back, len(constants)
        ctx.autocast = autocast_as_now(x.device.type)
        ctx.save_for_backward(*constants, *kept)
        return tuple(ends)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Any:
        refuse_second_derivatives()
        saved = ctx.saved_tensors
        constants, kept = saved[: ctx.constants], saved[ctx.constants :]
        with ctx.autocast():
            state, slots = ctx.back.gradients((*gradients, *kept), constants)
        return None, None, state, *slots
