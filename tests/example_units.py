"""Residual units that many tests compile; each maps a state [batch, size] to a rate."""

from typing import TypeVar

import torch
from torch import Tensor, nn


class Tanh(nn.Module):
    """The unit of the demo: linear, tanh, linear."""

    def __init__(self, size: int = 2, width: int = 5) -> None:
        super().__init__()
        self.f = nn.Linear(size, width)
        self.g = nn.Linear(width, size)

    def forward(self, x: Tensor) -> Tensor:
        return self.g(torch.tanh(self.f(x)))


class Growth(nn.Module):
    """R(x) = lambda x."""

    def __init__(self) -> None:
        super().__init__()
        self.lam = nn.Parameter(torch.ones(()))

    def forward(self, x: Tensor) -> Tensor:
        return self.lam * x


class Constant(nn.Module):
    """R(x) = r, a rate that does not depend on the state."""

    def __init__(self, size: int = 1) -> None:
        super().__init__()
        self.rate = nn.Parameter(torch.ones(size))

    def forward(self, x: Tensor) -> Tensor:
        return self.rate.expand_as(x)


class Visits(nn.Module):
    """Writes down in which order coefficients are visited.

    Let the coefficient of element k be the sum of the unit vectors k and -1. With steps of length
    one the last component of the state doubles in each, and component k becomes what the last one
    was when element k was visited: a power of two, exact for 1000 steps.
    """

    def __init__(self, elements: int) -> None:
        super().__init__()
        self.mark = nn.Parameter(torch.zeros(elements + 1))

    def forward(self, x: Tensor) -> Tensor:
        return self.mark * x[..., -1:]


class Normed(nn.Module):
    """Linear, BatchNorm, tanh: a unit with running statistics."""

    def __init__(self, size: int = 3) -> None:
        super().__init__()
        self.f = nn.Linear(size, size)
        self.norm = nn.BatchNorm1d(size)

    def forward(self, x: Tensor) -> Tensor:
        return torch.tanh(self.norm(self.f(x)))


Model = TypeVar("Model", bound=nn.Module)


def randomized(module: Model, *, seed: int = 0) -> Model:
    """The module with other values in every slot: theta(t) then varies with depth.

    Running variances and what else is all ones stay positive.
    """
    generator = torch.Generator().manual_seed(seed)
    for name, tensor in module.state_dict().items():
        if not tensor.is_floating_point():
            continue
        noise = torch.rand(tensor.shape, generator=generator, dtype=torch.float64).to(tensor.dtype)
        tensor.copy_(noise + 0.5 if name.endswith("running_var") else 2 * noise - 1)
    return module
