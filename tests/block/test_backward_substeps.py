"""Negative composition coefficients on diffusive or stochastic units are warned of."""

import warnings

import pytest
import torch
from torch import Tensor, nn

import odegraph as og
from odegraph.block.backward import BackwardSubstepWarning
from odegraph.block.halves import SeparabilityWarning

X = torch.tensor([[0.3, -0.5, 1.0, 0.8], [1.2, 0.1, -0.4, 0.2]], dtype=torch.float64)


class Springs(nn.Module):
    """q' = p, p' = -sin q."""

    def forward(self, x: Tensor) -> Tensor:
        q, p = x.chunk(2, dim=1)
        return torch.cat([p, -torch.sin(q)], dim=1)


class Heat(nn.Module):
    """x' = A x with the second difference A on a ring."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.roll(x, 1, dims=1) - x * 2.0 + torch.roll(x, -1, dims=1)


class Noisy(nn.Module):
    """Springs that are cut at random."""

    def __init__(self) -> None:
        super().__init__()
        self.springs = Springs()
        self.cut = nn.Dropout(0.1)

    def forward(self, x: Tensor) -> Tensor:
        return self.cut(self.springs(x))


def block_of(unit: nn.Module, scheme: str) -> og.OdeBlock:
    return og.OdeBlock(unit, scheme=scheme, basis=og.PiecewiseConstant(1), steps=1)


@pytest.mark.filterwarnings("ignore::odegraph.block.halves.SeparabilityWarning")
def test_a_diffusive_unit_is_warned_of_once_at_its_first_state():
    block = block_of(Heat(), "yoshida-4")
    with pytest.warns(BackwardSubstepWarning, match=r"`Heat` is diffusive.*about -[789]"):
        block(X)
    block(X)


def test_the_composition_of_an_implicit_rule_is_warned_of_too():
    block = block_of(Heat(), "suzuki-4-implicit-midpoint")
    with pytest.warns(BackwardSubstepWarning, match=r"`suzuki-4-implicit-midpoint` has negative"):
        block(X)


def test_a_unit_that_draws_numbers_is_warned_of_when_it_is_compiled():
    with pytest.warns(
        BackwardSubstepWarning, match=r"`ruth-3` has negative .*`Noisy` draws.*strang"
    ):
        block_of(Noisy(), "ruth-3")


def test_what_can_be_run_backward_is_not_warned_of():
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        for scheme in ("yoshida-4", "suzuki-4", "ruth-3"):
            block_of(Springs(), scheme)(X)
        for unit in (Heat(), Noisy()):
            block_of(unit, "strang")(X)
            block_of(unit, "rk4-classic")(X)
    # Heat and noise are not separable, which `strang` warns of.
    assert {one.category for one in found} == {SeparabilityWarning}


def test_the_probe_leaves_the_random_numbers_of_the_user_alone():
    block = block_of(Springs(), "yoshida-4")
    torch.manual_seed(1)
    expected = torch.rand(3)
    torch.manual_seed(1)
    block(X)
    assert torch.equal(torch.rand(3), expected)
