"""How the gradient of a block is computed: what is kept, and what is computed again."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, final

from torch import Tensor

from odegraph._errors import GraphError
from odegraph.emit.execution.compilation import Lowered, Run
from odegraph.emit.execution.random_state import RandomState
from odegraph.emit.execution.reverse_sweep import Kept, run_with_plan, take_steps
from odegraph.emit.execution.step_segments import StepSegments, Values
from odegraph.passes.place_snapshots import snapshots_for, steps_to_next_snapshot


class Gradients(Protocol):
    """A way to compute gradients; the forward pass is the same in all."""

    def runner(self, lowered: Lowered) -> Run:
        """The function that a block calls."""
        ...


@final
@dataclass(frozen=True)
class Backpropagation:
    """Keep what every step computed: fastest, with memory that grows with the steps."""

    def runner(self, lowered: Lowered) -> Run:
        """The graph as it is."""
        return lowered.compilation.whole(lowered)


@final
@dataclass(frozen=True)
class Checkpoints:
    """Keep the states at a few steps, and compute the others again from these.

    The states are placed binomially, which is optimal (Griewank and Walther 2000): with s of them
    and at most r passes over any step, C(s + r, s) steps can be reversed. Gradients are those of
    backpropagation to the last bit; second derivatives are not available.

    Args:
        snapshots: how many states are kept at a time, that at depth 0 included. Without a number
            as many as make two passes enough, about sqrt(2 steps).
        budget: in place of a number the bytes that the kept states may take: as many as fit are
            kept, for each batch. What the gradient of one step needs comes on top. Where several
            values cross from step to step, such as a rate that is used again, a state is all of
            them.

    Raises:
        GraphError: both, or what is no number of at least 1; when called, a budget that not even
            one state fits into.
    """

    snapshots: int | None = None
    budget: int | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        if not _is_count(self.snapshots):
            raise GraphError(
                f"`snapshots` is `{self.snapshots}`; it is the number of states that are kept, at "
                "least 1. Leave it out for as many as make two passes over every step enough."
            )
        if not _is_count(self.budget):
            raise GraphError(
                f"`budget` is `{self.budget}`; it is a whole number of bytes, such as `2**20`."
            )
        if self.snapshots is not None and self.budget is not None:
            raise GraphError(
                f"`snapshots` is `{self.snapshots}` and `budget` is `{self.budget}`; the number of "
                "states follows from either. Give one of them."
            )

    def runner(self, lowered: Lowered) -> Run:
        """The steps one by one, with the states of some."""
        steps = lowered.compilation.steps(lowered.module)

        def run(x: Tensor) -> Any:
            return run_with_plan(steps, Revolve(self._count(steps, x), draws=lowered.draws), x)

        return run

    def _count(self, steps: StepSegments, x: Tensor) -> int:
        """How many states are kept on the way from x."""
        if self.budget is None:
            return self.snapshots or snapshots_for(len(steps.steps), repetitions=2)
        values = max(map(len, steps.crossing))
        size = values * x.numel() * x.element_size()
        if size > self.budget:
            raise GraphError(
                f"`budget` is `{self.budget}` bytes, and one state of shape {list(x.shape)} takes "
                f"{size} ({values} of {size // values} cross from step to step). Give at least as "
                "many bytes, or smaller batches."
            )
        return min(self.budget // max(size, 1), len(steps.steps))


def _is_count(given: object) -> bool:
    return given is None or (isinstance(given, int) and given is not True and given >= 1)


@final
@dataclass(frozen=True)
class Revolve:
    """The plan behind `Checkpoints`."""

    snapshots: int
    draws: bool

    def keep(self, steps: StepSegments, values: Values) -> tuple[Sequence[Kept], Values]:
        """Keep states on the way, those that are needed first when going back."""
        kept: list[Kept] = []
        results: Values = {}
        for at, step in enumerate(steps.steps):
            if at == self._next(kept, last=len(steps.steps) - 1):
                kept.append(self._snapshot(steps, values, at))
            made = step.run(values)
            results |= {name: made[name] for name in made if name in steps.results}
            values = values | made
            values = {name: values[name] for name in (*steps.constants, *steps.crossing[at + 1])}
        return kept, results

    def source(self, steps: StepSegments, kept: Sequence[Kept], constants: Values) -> "_Revolving":
        """Go from the nearest kept state, and keep others on the way as places become free."""
        return _Revolving(self, steps, list(kept), constants)

    def _next(self, kept: Sequence[Kept], *, last: int) -> int | None:
        """Where the next state is kept on the way to step `last`; None where none is."""
        if not kept:
            return 0
        at, free = kept[-1].step, self.snapshots - len(kept)
        if not free or at == last:
            return None
        return at + steps_to_next_snapshot(last + 1 - at, snapshots=free + 1)

    def _snapshot(self, steps: StepSegments, values: Values, at: int) -> Kept:
        crossing = {name: values[name] for name in steps.crossing[at]}
        random = RandomState(list(crossing.values())) if self.draws else None
        return Kept(at, crossing, random)


class _Revolving:
    def __init__(
        self, plan: Revolve, steps: StepSegments, kept: list[Kept], constants: Values
    ) -> None:
        self.plan = plan
        self.steps = steps
        self.kept = kept
        self.constants = constants

    def before(self, step: int) -> Values:
        start = self.kept[-1]
        at, values = start.step, {**self.constants, **start.values}
        if start.random is not None:
            start.random.restore()
        while at < step:
            stop = self.plan._next(self.kept, last=step) or step
            values = take_steps(self.steps, values, start=at, stop=stop)
            at = stop
            if len(self.kept) < self.plan.snapshots:
                self.kept.append(self.plan._snapshot(self.steps, values, at))
        if self.kept[-1].step == step:
            self.kept.pop()
        return values
