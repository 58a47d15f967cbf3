"""The traced unit R(x, theta): what the rest of the compiler knows about a residual module."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import torch
from torch import Tensor, fx

from odegraph._errors import UnitError
from odegraph.unit.operations import draws_numbers
from odegraph.unit.samples import least_dimensions
from odegraph.unit.shape import refuse_shape_change


@dataclass(frozen=True, eq=False)
class Unit:
    """A residual unit as two stateless graphs, forward(x, *parameters, *buffers).

    The evaluation graph returns the rate. The training graph returns the rate alone, or
    (rate, *new values of updated_buffers) where a training call changes buffers; neither graph
    ever changes what it is given. Where the mode makes no difference both are one object.

    `positive_slots` names what must stay positive on every map between bases (running variances);
    `is_linear` is true where R(x) = A x is proven; `value_shapes` holds meta tensors of the
    parameters and buffers; `traced_for` is the shape of the state where the graph is for one rank.
    A unit with the rate R(x) = F(x) - x of a layer F keeps that as `layer`. A `SplitUnit` has its
    explicit and its implicit part as `parts`, units with the parameters and buffers of the whole.
    """

    name: str
    reference: str
    parameters: tuple[str, ...]
    buffers: tuple[str, ...]
    updated_buffers: tuple[str, ...]
    positive_slots: tuple[str, ...]
    is_linear: bool
    evaluation: fx.GraphModule
    training: fx.GraphModule
    value_shapes: tuple[Tensor, ...]
    traced_for: tuple[int, ...] | None
    layer: Unit | None = None
    parts: tuple[Unit, Unit] | None = None

    @property
    def is_random(self) -> bool:
        """Whether a training call may draw random numbers."""
        return _draws(self.training)

    @property
    def is_random_in_evaluation(self) -> bool:
        """Whether a call in evaluation mode may draw random numbers."""
        return _draws(self.evaluation)

    @property
    def least_dimensions(self) -> int | None:
        """From how many dimensions of a state on an evaluation call treats each sample by itself.

        Of all parts, too; None where it is not proven. See `samples`.
        """
        return _of_all([self._proven(one.evaluation) for one in (self, *(self.parts or ()))])

    @property
    def least_dimensions_in_training(self) -> int | None:
        """The same for a training call."""
        return _of_all([self._proven(one.training) for one in (self, *(self.parts or ()))])

    def _proven(self, graph: fx.GraphModule) -> int | None:
        return least_dimensions(graph, self.value_shapes)

    def frozen(self) -> Unit:
        """The same unit in evaluation mode for good."""
        parts = None if self.parts is None else (self.parts[0].frozen(), self.parts[1].frozen())
        return dataclasses.replace(self, training=self.evaluation, updated_buffers=(), parts=parts)

    def __deepcopy__(self, memo: dict) -> Unit:
        return self  # frozen: the graphs hold no values

    def check_rate_shape(self, x: Tensor) -> None:
        """Refuse a state whose rate has another shape. Computes no numbers, so it costs no memory.

        Meant for the first call of a block. Does nothing under `torch.compile` and `torch.export`.
        """
        if torch.compiler.is_compiling():
            return
        try:
            refuse_shape_change(self.evaluation.forward, x, self.value_shapes)
        except UnitError as error:
            raise UnitError(f"The unit `{self.name}` {error}{self._traced_for()}") from error

    def _traced_for(self) -> str:
        if self.traced_for is None:
            return ""
        return f" It was traced for states like {list(self.traced_for)}: pass yours as `example=`."


def _of_all(least: list[int | None]) -> int | None:
    known = [one for one in least if one is not None]
    return max(known) if len(known) == len(least) else None


def _draws(module: fx.GraphModule) -> bool:
    return any(map(draws_numbers, module.graph.nodes))
