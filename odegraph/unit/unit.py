"""The traced unit R(x, theta): what the rest of the compiler knows about a residual module."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from torch import Tensor, fx

from odegraph.unit.shape import refuse_shape_change


@dataclass(frozen=True, eq=False)
class Unit:
    """A residual unit as two stateless graphs, forward(x, *parameters, *buffers).

    The evaluation graph returns the rate. The training graph returns the rate alone, or
    (rate, *new values of updated_buffers) where a training call changes buffers; neither graph
    ever changes what it is given. Where the mode makes no difference both are one object.
    """

    name: str
    reference: str
    parameters: tuple[str, ...]
    buffers: tuple[str, ...]
    updated_buffers: tuple[str, ...]
    positive_buffers: tuple[str, ...]
    is_linear: bool
    evaluation: fx.GraphModule
    training: fx.GraphModule
    value_shapes: tuple[Tensor, ...]

    def frozen(self) -> Unit:
        """The same unit in evaluation mode for good."""
        return dataclasses.replace(self, training=self.evaluation, updated_buffers=())

    def __deepcopy__(self, memo: dict) -> Unit:
        return self  # frozen: the graphs hold no values

    def check_rate_shape(self, x: Tensor) -> None:
        """Refuse a state whose rate has another shape. Computes no numbers, so it costs no memory.

        For the first call of a block; call it outside of `torch.compile` and `torch.export` only.
        """
        refuse_shape_change(self.evaluation, x, self.value_shapes, name=self.name)
