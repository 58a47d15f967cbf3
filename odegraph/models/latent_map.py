"""A latent map that is learned freely: one matrix."""

from fractions import Fraction
from typing import Any

import torch
from torch import Tensor, nn

from odegraph._errors import UnitError
from odegraph.dynamics import part_of_step

RADIUS = 0.95  # on the unit circle the Lyapunov equation of a new model would be singular


class LatentMap(nn.Module):
    """z -> Omega z with any real matrix Omega; it starts as 0.95 times a random rotation."""

    def __init__(self, size: int) -> None:
        super().__init__()
        if size < 1:
            raise UnitError(f"size is `{size}`; a latent space has at least one dimension.")
        self.weight = nn.Parameter(RADIUS * torch.linalg.qr(torch.randn(size, size))[0])

    def extra_repr(self) -> str:
        """Show what a model summary should show."""
        return f"{len(self.weight)}"

    def description(self) -> dict[str, Any]:
        """What a checkpoint says about the map."""
        return {"class": "LatentMap", "size": len(self.weight)}

    def omega(self, *, part: Fraction | int = 1) -> Tensor:
        """The matrix of one step, or of a `part` of it where there is one: [size, size].

        A part is exp(part * log Omega), without a gradient.

        Raises:
            GraphError: Omega has no real logarithm, as with a single negative eigenvalue.
        """
        return self.weight if part == 1 else part_of_step(self.weight, Fraction(part))

    def forward(self, z: Tensor) -> Tensor:
        """One step of states z [..., size]."""
        return z @ self.weight.mT
