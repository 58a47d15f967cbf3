"""Layers for the graphs of dynamics models in model files: frames, losses, the Lyapunov equation.

All of them are plain torch operations, so that a generated module holds them too.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from odegraph._errors import GraphError


class Frame(nn.Module):
    """One frame of a window: [batch, time, ...] -> [batch, ...]."""

    def __init__(self, index: int) -> None:
        super().__init__()
        self.index = index

    def forward(self, window: Tensor) -> Tensor:
        """The frame at `index`, 0 for the present one."""
        return window[:, self.index]

    def extra_repr(self) -> str:
        """Show what a model summary should show."""
        return f"{self.index}"


class MeanSquaredError(nn.Module):
    """weight * mean |prediction - truth|^2, a term of a loss."""

    def __init__(self, weight: float = 1.0) -> None:
        super().__init__()
        if not weight > 0:
            raise GraphError(f"weight is `{weight}`; the weight of a term is positive.")
        self.weight = weight

    def forward(self, prediction: Tensor, truth: Tensor) -> Tensor:
        """A scalar."""
        error = F.mse_loss(prediction, truth)
        return error if self.weight == 1 else self.weight * error

    def extra_repr(self) -> str:
        """Show what a model summary should show."""
        return f"weight={self.weight}"


class LyapunovEquation(nn.Module):
    """P with Omega' P Omega - P = -I, as one linear system of size^2 unknowns in float64.

    In row-major order vec(Omega' P Omega) = (Omega' x Omega') vec P. Costs O(size^6); training
    loops in Python use `odegraph.lyapunov_solve`, which costs O(size^3).
    """

    def __init__(self, size: int) -> None:
        super().__init__()
        if not 1 <= size <= MAX_SIZE:
            raise GraphError(
                f"size is `{size}`; the equation is written out for 1 to {MAX_SIZE} dimensions."
            )
        self.size = size

    def forward(self, omega: Tensor) -> Tensor:
        """P, symmetric [size, size], in float64."""
        transposed = omega.to(torch.float64).mT
        products = torch.kron(transposed, transposed)
        identity = torch.ones_like(transposed[0]).diag()
        p = torch.linalg.solve(products - torch.ones_like(products[0]).diag(), -identity.flatten())
        p = p.reshape(self.size, self.size)
        return (p + p.mT) / 2

    def extra_repr(self) -> str:
        """Show what a model summary should show."""
        return f"{self.size}"


MAX_SIZE = 64


class LyapunovPrior(nn.Module):
    """kappa * sum of exp(-|p - 1| / gamma) over the negative eigenvalues p of P.

    One-sided and flat at the unit circle, see `odegraph.lyapunov_prior`.
    """

    def __init__(self, kappa: float = 1.0, gamma: float = 4.0) -> None:
        super().__init__()
        for name, value in (("kappa", kappa), ("gamma", gamma)):
            if not value > 0:
                raise GraphError(
                    f"{name} is `{value}`; weight and width of the prior are positive."
                )
        self.kappa = kappa
        self.gamma = gamma

    def forward(self, p: Tensor) -> Tensor:
        """A scalar for P [size, size]."""
        values = torch.linalg.eigvalsh(p)
        rho = torch.exp((values.clamp(max=0) - 1) / self.gamma)
        return self.kappa * torch.where(values < 0, rho, torch.zeros_like(rho)).sum()

    def extra_repr(self) -> str:
        """Show what a model summary should show."""
        return f"kappa={self.kappa}, gamma={self.gamma}"
