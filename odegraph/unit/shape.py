"""The law of a residual unit: the rate has the shape of the state."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, fx

from odegraph._errors import UnitError


def refuse_shape_change(
    graph: fx.GraphModule, x: Tensor, values: Sequence[Tensor], *, name: str
) -> None:
    """Raise where the rate of a state like x has another shape than x."""
