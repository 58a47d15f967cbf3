"""Generators L of linear latent dynamics dz/dt = L z that cannot grow, whatever their weights.

With L = J - R, J skew and R positive semi-definite, d|z|^2/dt = -2 z' R z <= 0: the form of
port-Hamiltonian systems (van der Schaft and Jeltsema 2014) with the energy |z|^2 / 2.
"""

import math

import torch
from torch import Tensor, nn

from odegraph._errors import UnitError

FREQUENCY = 0.5  # of the spread of initial frequencies, in radians a unit of time
DAMPING = 0.1  # root of the spread of initial damping rates


class Conservative(nn.Module):
    """L = J = S - S': a purely imaginary spectrum, and |z| never changes."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.skew = nn.Parameter(_random(size, scale=FREQUENCY))

    def forward(self) -> Tensor:
        """The generator, [size, size]."""
        return self.skew - self.skew.mT


class Dissipative(nn.Module):
    """L = J - R with J = S - S' and R = D D': no eigenvalue right of the imaginary axis."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.skew = nn.Parameter(_random(size, scale=FREQUENCY))
        self.damping = nn.Parameter(_random(size, scale=DAMPING))

    def forward(self) -> Tensor:
        """The generator, [size, size]."""
        return self.skew - self.skew.mT - self.damping @ self.damping.mT


def _random(size: int, *, scale: float) -> Tensor:
    if size < 1:
        raise UnitError(f"size is `{size}`; a latent space has at least one dimension.")
    return scale / math.sqrt(size) * torch.randn(size, size)
