"""Gradients of reversible schemes: backward takes every step back instead of keeping states."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, final

import torch
from torch import Tensor

from odegraph._errors import GraphError
from odegraph.emit.execution.compilation import Lowered, Run
from odegraph.emit.execution.reverse_sweep import Kept, run_with_plan
from odegraph.emit.execution.step_segments import StepSegments, Values
from odegraph.ir import Edge, Input, Output, StepGraph, parts_of, step_graph
from odegraph.ir.graph import NamedNode
from odegraph.passes.invert import Inverse, invert
from odegraph.passes.own_theta import own_theta

TOLERANCE = 1e-2  # of the size of the state: rounding stays far below, a wrong inverse far above


@final
@dataclass(frozen=True)
class Reversal:
    """Keep the last state alone and take every step back: memory that does not grow with depth.

    For schemes whose steps have an algebraic inverse (Gomez, Ren, Urtasun and Grosse 2017 for one
    such pair): symplectic pairs and compositions on separable systems [q, p], and on any system
    leapfrog and reversible Heun (Kidger, Foster, Li and Lyons 2021). The states come back with
    rounding errors, so gradients are those of backpropagation to rounding; where a system contracts
    much on the way, these errors grow on the way back. The first call measures them, and refuses a
    unit that cannot be taken back, such as one that is not separable under a symplectic pair.
    """

    def runner(self, lowered: Lowered) -> Run:
        """The steps one by one, and their inverses.

        Raises:
            GraphError: no algebraic inverse, or a unit that draws random numbers.
        """
        if lowered.draws:
            raise GraphError(
                f"The unit `{lowered.unit}` draws random numbers, and a step that is taken back "
                "cannot draw them again. Use `Checkpoints()`, which can."
            )
        inverse = invert(lowered.graph)
        graph = own_theta(_handing_out(lowered.graph, inverse.graph.of_type(Input)))
        outputs, more = (len(one.of_type(Output)) for one in (lowered.graph, graph))
        steps = lowered.compilation.steps(lowered.lower(graph))
        back = lowered.compilation.steps(lowered.lower(inverse.graph))
        plan = StepsBack(back, inverse, lowered.unit)
        checked: list[bool] = []

        def run(x: Tensor) -> Any:
            if not checked:
                plan.check(steps, x)
                checked.append(True)
            found = run_with_plan(steps, plan, x)
            if outputs == more:
                return found
            return found[0] if outputs == 1 else found[:outputs]

        return run


def _handing_out(graph: StepGraph, names: Sequence[str]) -> StepGraph:
    """The graph with outputs for values that nothing reads after the last step."""
    inside = [
        name
        for name in names
        if all(graph.node(user).step == graph.node(name).step for user in graph.graph.succ[name])
    ]
    last = graph.manifestation.steps
    outputs: list[NamedNode] = [
        (f"output.{name}", Output(None, last), [(name, Edge("state"))]) for name in inside
    ]
    return step_graph(graph.manifestation, [*parts_of(graph), *outputs])


@final
class StepsBack:
    """The plan behind `Reversal`."""

    def __init__(self, back: StepSegments, inverse: Inverse, unit: str) -> None:
        self.back = back
        self.first = inverse.first
        self.found = inverse.found
        self.unit = unit
        self.position = {segment.step: at for at, segment in enumerate(back.steps)}

    def keep(self, steps: StepSegments, values: Values) -> tuple[Sequence[Kept], Values]:
        """Keep what the way back starts from, and what crosses into steps of a start rule."""
        kept = []
        results: Values = {}
        wanted = [steps.values[name] for name in self._ends()]
        for at, step in enumerate(steps.steps):
            if at < self.first:
                kept.append(Kept(at, {name: values[name] for name in steps.crossing[at]}, None))
            made = step.run(values)
            results |= {name: made[name] for name in made if name in steps.results}
            values = values | made
            stay = {*steps.constants, *steps.crossing[at + 1], *wanted}
            values = {name: value for name, value in values.items() if name in stay}
        end = {name: (values | results)[name] for name in wanted}
        return [*kept, Kept(len(steps.steps), end, None)], results

    def source(
        self,
        steps: StepSegments,
        kept: Sequence[Kept],
        constants: Values,  # noqa: ARG002
    ) -> "_GoingBack":
        """Take the steps back, one by one; their graph has constants of its own."""
        return _GoingBack(self, steps, kept)

    @torch.no_grad()
    def check(self, steps: StepSegments, x: Tensor) -> None:
        """Go there and back, and compare.

        Raises:
            GraphError: the states that come back are others.
        """
        constants = dict(zip(steps.constants, steps.prologue(), strict=True))
        kept, _ = self.keep(steps, {steps.inputs[0]: x, **constants})
        source = self.source(steps, kept, constants)
        for step in reversed(range(len(steps.steps))):
            values = source.before(step)
        start = values[steps.inputs[0]]
        error = torch.linalg.vector_norm(start - x) / torch.linalg.vector_norm(x)
        if not error <= TOLERANCE:
            raise GraphError(
                f"Taking the steps back misses the state at depth 0 by {float(error):.1g} of its "
                f"size. The unit `{self.unit}` is not what the scheme is for (q' must not depend "
                "on q, nor p' on p), or contracts too much. Use `Checkpoints()`."
            )

    def _ends(self) -> list[str]:
        names = {name: value for value, name in self.back.values.items()}
        return [names[one] for one in self.back.inputs]


class _GoingBack:
    def __init__(self, plan: StepsBack, steps: StepSegments, kept: Sequence[Kept]) -> None:
        self.plan = plan
        self.steps = steps
        self.kept = {one.step: one.values for one in kept}
        self.names = {here: value for value, here in steps.values.items()}
        back = plan.back
        self.constants = dict(zip(back.constants, back.prologue(), strict=True))
        end = self.kept[len(steps.steps)]
        self.values = {back.values[name]: end[steps.values[name]] for name in plan._ends()}

    def before(self, step: int) -> Values:
        if step in self.kept:
            return self.kept[step]
        back = self.plan.back
        at = self.plan.position[step]
        self.values |= back.steps[at].run(self.constants | self.values)
        of_graph = {name: self.plan.found[self.names[name]] for name in self.steps.crossing[step]}
        there = {name: back.values[value] for name, value in of_graph.items()}
        found = {name: self.values[other] for name, other in there.items()}
        alive = {*back.crossing[at + 1], *there.values()}
        self.values = {name: value for name, value in self.values.items() if name in alive}
        return found
