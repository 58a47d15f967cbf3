"""Nonlinear systems with time in them and closed solutions, as units; t is the parameter theta(t).

In the basis of hat functions on one element the coefficients of t are its ends, so theta is time.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

import odegraph as og

START, LENGTH = 0.5, 1.5


class Clock(nn.Module):
    """A module that knows the time."""

    def __init__(self) -> None:
        super().__init__()
        self.t = nn.Parameter(torch.zeros(()))


def coupled(t, x: Tensor) -> Tensor:
    """q' = q^2 cos t, p' = (q - 1) q cos(t) p."""
    q, p = x[:, :1], x[:, 1:2]
    return torch.cat([q * q * torch.cos(t), (q - 1) * q * torch.cos(t) * p], dim=1)


def taken_out(t, x: Tensor) -> Tensor:
    """What a split unit moves from its explicit to its implicit part."""
    q, p = x[:, :1], x[:, 1:2]
    return torch.cat([q * p * torch.sin(t), torch.cos(t) - q * p], dim=1) / 4


class Coupled(Clock):
    """Solved by q = 1 / (C - sin t), p = exp(q) / q: (log p)' = (q - 1) q' / q."""

    def forward(self, x: Tensor) -> Tensor:
        return coupled(self.t, x)


class WithTime(nn.Module):
    """The same system with time as a component of the state."""

    def forward(self, x: Tensor) -> Tensor:
        t = x[:, 2:]
        return torch.cat([coupled(t, x), torch.ones_like(t)], dim=1)


class Kept(Clock):
    """The rate without what is taken out."""

    def forward(self, x: Tensor) -> Tensor:
        return coupled(self.t, x) - taken_out(self.t, x)


class Taken(Clock):
    """What is taken out."""

    def forward(self, x: Tensor) -> Tensor:
        return taken_out(self.t, x)


class Separable(Clock):
    """q' = f(t, p), p' = g(t, q), solved by q = sin t and p = 1 / (1 + t)."""

    def forward(self, x: Tensor) -> Tensor:
        t, q, p = self.t, x[:, :1], x[:, 1:]
        f = torch.cos(t) + p * p - (1 + t) ** -2
        g = torch.sin(q) - torch.sin(torch.sin(t)) - (1 + t) ** -2
        return torch.cat([f, g], dim=1)


class SecondOrder(Clock):
    """q'' = f(t, q), solved by q = sin t."""

    def forward(self, x: Tensor) -> Tensor:
        q, v = x[:, :1], x[:, 1:]
        return torch.cat([v, q * q - torch.sin(self.t) ** 2 - torch.sin(self.t)], dim=1)


class Damped(Clock):
    """q'' = f(t, q, v), solved by q = sin t."""

    def forward(self, x: Tensor) -> Tensor:
        t, q, v = self.t, x[:, :1], x[:, 1:]
        f = q * v - torch.sin(t) * torch.cos(t) - torch.sin(t)
        return torch.cat([v, f], dim=1)


@dataclass(frozen=True)
class Problem:
    """A unit and what solves it."""

    unit: Callable[[], nn.Module]
    solution: Callable[[float], list[list[float]]]

    def error(self, scheme: str, *, steps: int) -> float:
        """The norm of the error at the end."""
        unit = self.unit()
        clocks = any(isinstance(module, Clock) for module in unit.modules())
        in_turn = getattr(og.load_scheme(scheme), "is_diagonally_implicit", False)
        block = og.OdeBlock(
            unit,
            scheme=scheme,
            basis=og.PiecewiseLinear(1) if clocks else og.PiecewiseConstant(1),
            steps=steps,
            span=LENGTH,
            # as many directions as a sample has unknowns in one stage, or in four at once
            solver=og.NewtonKrylov(iterations=4, krylov=2 if in_turn else 8),
        )
        with torch.no_grad():
            for slot in block.parameters():
                slot.copy_(torch.tensor([START, START + LENGTH]))
            start, end = (torch.tensor(self.solution(t)) for t in (START, START + LENGTH))
            return (block(start) - end).norm().item()


def solves_coupled(t: float) -> list[list[float]]:
    # several constants, so that no term of the error vanishes by chance
    curves = [1 / (C - math.sin(t)) for C in (2, 2.5, 3)]
    return [[q, math.exp(q) / q] for q in curves]


COUPLED = Problem(Coupled, solves_coupled)
WITH_TIME = Problem(WithTime, lambda t: [[*x, t] for x in solves_coupled(t)])
SPLIT = Problem(lambda: og.SplitUnit(Kept(), Taken()), solves_coupled)
SEPARABLE = Problem(Separable, lambda t: [[math.sin(t), 1 / (1 + t)]])
SECOND_ORDER = Problem(SecondOrder, lambda t: [[math.sin(t), math.cos(t)]])
DAMPED = Problem(Damped, lambda t: [[math.sin(t), math.cos(t)]])
