"""Peak of what autograd saves in a training step, counted by its own hooks."""

from collections.abc import Iterator

import torch
from saved_tensors import saved_tensors
from torch import nn

import odegraph as og
from benchmarks.effort import Effort
from benchmarks.row import AtMost, Row
from odegraph.emit.execution.gradients import Gradients
from odegraph.models.units import ConvTanh, TanhUnit

STEPS, DEEPER = 64, 256
STATES = {STEPS: 10, DEEPER: 22}  # the least s with (s + 1)(s + 2) / 2 at least the steps
KILOBYTE = 1024


class Separable(nn.Module):
    """Rates of (q, p) that depend on the other half alone, as symplectic pairs ask for."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.position, self.momentum = TanhUnit(size, 50), TanhUnit(size, 50)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Rates of shape [..., 2 size] for states of the same shape."""
        q, p = x.chunk(2, dim=-1)
        return torch.cat([self.position(p), self.momentum(q)], dim=-1)


def rows(effort: Effort) -> Iterator[Row]:
    """Kilobytes; the numbers are the same in every run."""
    del effort
    small, image = torch.randn(64, 2), torch.randn(8, 4, 16, 16)
    for name, unit, start in (
        ("small unit", TanhUnit(2, 50), small),
        ("convolutions", ConvTanh(4), image),
    ):
        for scheme in ("euler", "rk4-classic"):
            yield from _checkpoints(name, unit, start, scheme)
    start = torch.randn(64, 8)
    for scheme in ("stormer-verlet", "yoshida-4", "leapfrog"):
        yield _reversal("separable unit", Separable(4), start, scheme)
    yield _reversal("unit that is not separable", TanhUnit(8, 50), start, "reversible-heun")


def _checkpoints(name: str, unit: nn.Module, start: torch.Tensor, scheme: str) -> Iterator[Row]:
    everything = _kilobytes(unit, start, scheme, STEPS, og.Backpropagation())
    kept = _kilobytes(unit, start, scheme, STEPS, og.Checkpoints())
    deeper = _kilobytes(unit, start, scheme, DEEPER, og.Checkpoints())
    case = f"{name}, {scheme}, {STEPS} steps: Checkpoints() beside storing everything"
    yield Row(case, [kept], [everything], unit="kB", goal=AtMost(0.25))
    case = f"{name}, {scheme}: Checkpoints() of {DEEPER} steps beside {STEPS}, O(root of N)"
    yield Row(case, [deeper], [kept], unit="kB", goal=AtMost(STATES[DEEPER] / STATES[STEPS]))


def _reversal(name: str, unit: nn.Module, start: torch.Tensor, scheme: str) -> Row:
    peak = _kilobytes(unit, start, scheme, STEPS, og.Reversal())
    # The greatest step of leapfrog is the first, which its start rule makes.
    greatest = "heun-2" if scheme == "leapfrog" else scheme
    one = _kilobytes(unit, start, greatest, 1, og.Backpropagation())
    case = f"{name}, {scheme}, {STEPS} steps: Reversal() beside one step"
    return Row(case, [peak], [one], unit="kB", goal=AtMost(1.5))


def _kilobytes(
    unit: nn.Module, start: torch.Tensor, scheme: str, steps: int, gradients: Gradients
) -> float:
    execution = og.Execution(gradients=gradients)
    block = og.OdeBlock(
        unit, scheme=scheme, basis=og.PiecewiseConstant(1), steps=steps, execution=execution
    )
    block(start).square().sum().backward()  # what is saved once is not counted
    with saved_tensors(but=[start, *block.parameters()]) as peak:
        block(start).square().sum().backward()
    return peak.bytes / KILOBYTE
