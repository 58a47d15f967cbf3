"""Steps are placed where an embedded pair finds the error."""

from fractions import Fraction
from itertools import pairwise

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

import odegraph as og
from odegraph.diagnostics.adapt_grid import equidistributed, step_errors


class Decay(nn.Module):
    """R(x) = -rate x."""

    def __init__(self) -> None:
        super().__init__()
        self.rate = nn.Parameter(torch.ones(()))

    def forward(self, x: Tensor) -> Tensor:
        return -self.rate * x


def stiff_at_the_end(*, scheme: str = "bogacki-shampine", steps: int = 8) -> og.OdeBlock:
    """The rate is 1 in the first half of depth and 20 in the second."""
    block = og.OdeBlock(Decay(), scheme=scheme, basis=og.PiecewiseConstant(2), steps=steps)
    with torch.no_grad():
        block.get_parameter("theta.rate").copy_(torch.tensor([1.0, 20.0]))
    return block


def test_steps_are_short_where_the_rate_is_large():
    block = stiff_at_the_end()
    x = torch.rand(10, 1) + 1
    adapted = og.adapt_grid(block, x)
    grid = adapted.manifestation.grid
    assert adapted.manifestation.steps == 8
    assert Fraction(1, 2) in grid
    assert sum(t > Fraction(1, 2) for t in grid) > sum(t < Fraction(1, 2) for t in grid)
    exact = torch.exp(torch.tensor(-10.5)) * x
    assert (adapted(x) - exact).norm() < 0.5 * (block(x) - exact).norm()


def test_a_scheme_without_a_pair_is_measured_by_one():
    block = stiff_at_the_end(scheme="rk4-classic")
    x = torch.rand(10, 1) + 1
    with pytest.raises(og.GraphError, match=r"`rk4-classic` has no embedded method"):
        og.adapt_grid(block, x)
    adapted = og.adapt_grid(nn.Sequential(block), x, steps=4, pair="bogacki-shampine")
    form = adapted.get_submodule("0").manifestation
    assert isinstance(form, og.Manifestation)
    assert (form.scheme.name, form.steps) == ("rk4-classic", 4)


def test_errors_of_steps_shrink_with_the_order_of_the_pair():
    block = og.OdeBlock(Decay(), scheme="bogacki-shampine", basis=og.PiecewiseConstant(1), steps=10)
    x = torch.ones(1, 1)
    coarse = step_errors(block, x)[0].item()
    fine = step_errors(og.manifest(block, steps=20), x)[0].item()
    assert coarse / fine == pytest.approx(2**3, rel=0.1)


@given(
    amounts=st.lists(st.floats(0, 1e3), min_size=1, max_size=30),
    steps=st.integers(1, 40),
    jumps=st.sets(st.integers(1, 29), max_size=5),
)
def test_grids_run_from_0_to_1_and_increase(amounts, steps, jumps):
    depths = sorted({Fraction(i, len(amounts)) for i in range(len(amounts) + 1)})
    fixed = sorted({depths[j] for j in jumps if j < len(amounts)})
    grid = equidistributed(depths, amounts, steps=steps, fixed=fixed)
    assert (grid[0], grid[-1], len(grid)) == (0, 1, steps + 1)
    assert all(a < b for a, b in pairwise(grid))
    if steps > len(fixed):
        assert set(fixed) <= set(grid)


def test_even_errors_give_even_steps():
    depths = [Fraction(i, 16) for i in range(17)]
    grid = equidistributed(depths, [1.0] * 16, steps=4)
    assert grid == (0, Fraction(1, 4), Fraction(1, 2), Fraction(3, 4), 1)


def test_bad_calibration_is_refused():
    block = stiff_at_the_end()
    with pytest.raises(og.GraphError, match=r"not finite on the calibration data"):
        og.adapt_grid(block, torch.full((2, 1), torch.inf))
    with pytest.raises(og.GraphError, match=r"`steps` is `0`"):
        og.adapt_grid(block, torch.ones(2, 1), steps=0)
    with pytest.raises(og.GraphError, match=r"1 to 2048 steps"):
        og.adapt_grid(block, torch.ones(2, 1), steps=3000)
    with pytest.raises(og.GraphError, match=r"has no `OdeBlock`"):
        og.adapt_grid(nn.Linear(1, 1), torch.ones(2, 1))
