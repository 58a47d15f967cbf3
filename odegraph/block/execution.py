"""How a block computes what its manifestation says: choices that change no result."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, final

import torch

from odegraph._errors import GraphError
from odegraph.block.memory_format import check_memory_format, known_format, named_format
from odegraph.emit.execution.compilation import Compilation, CompiledSteps, Eager
from odegraph.emit.execution.gradients import Backpropagation, Gradients
from odegraph.passes import DEFAULT_PASSES, Pass

BACKPROPAGATION = Backpropagation()
EAGER = Eager()
COMPILED_STEPS = CompiledSteps()


@final
@dataclass(frozen=True)
class Execution:
    """The choices that belong to no manifestation: results agree to rounding in all of them.

    Args:
        gradients: what is kept for the gradient: `Backpropagation()` keeps everything,
            `Checkpoints(snapshots=8)` the states at a few steps, `DiscreteAdjoint()` those of the
            stages, `Reversal()` the last one.
        passes: what is done to the step graph, in order; `simplify`, `share_stages`, `drop_dead`
            unless something else is given.
        compilation: `Eager()`, `CompiledSteps()`, or `CompiledWhole()`.
        memory_format: the layout that the state enters in, such as `torch.channels_last` for
            convolutions; `torch.preserve_format` takes it as it comes.
    """

    gradients: Gradients = BACKPROPAGATION
    passes: tuple[Pass, ...] = DEFAULT_PASSES
    compilation: Compilation = EAGER
    memory_format: torch.memory_format = torch.preserve_format

    def __post_init__(self) -> None:
        if not callable(getattr(self.gradients, "runner", None)):
            raise GraphError(
                f"`gradients` is `{self.gradients}`; give the object that computes them, such as "
                "`Backpropagation()` or `Checkpoints(snapshots=8)`."
            )
        if not isinstance(self.passes, tuple) or not all(map(callable, self.passes)):
            raise GraphError(
                f"`passes` is `{self.passes}`; give a tuple of functions from step graph to step "
                "graph, such as `(odegraph.passes.collapse_linear, *odegraph.DEFAULT_PASSES)`."
            )
        if not callable(getattr(self.compilation, "whole", None)):
            raise GraphError(
                f"`compilation` is `{self.compilation}`; give an object: `Eager()`, "
                "`CompiledSteps()` or `CompiledWhole()`."
            )
        check_memory_format(self.memory_format)

    def changed(
        self,
        *,
        gradients: Gradients | None = None,
        passes: Sequence[Pass] | None = None,
        compilation: Compilation | None = None,
        memory_format: torch.memory_format | None = None,
    ) -> "Execution":
        """The same execution but for what is given."""
        changes: dict[str, object] = {}
        if gradients is not None:
            changes["gradients"] = gradients
        if passes is not None:
            changes["passes"] = tuple(passes)
        if compilation is not None:
            changes["compilation"] = compilation
        if memory_format is not None:
            changes["memory_format"] = memory_format
        return replace(self, **changes)  # pyright: ignore[reportArgumentType]

    def __getstate__(self) -> dict[str, Any]:
        return named_format(self.__dict__)

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(known_format(state))


DEFAULT_EXECUTION = Execution()
