"""A residual network is forward Euler on a piecewise-constant basis: bit for bit in float32."""

import copy
import warnings
from fractions import Fraction

import pytest
import torch
from catalogue_names import names_of_kind
from torch import Tensor, nn

import odegraph as og
from odegraph.block import block_of_units
from odegraph.models.units import ConvReluNorm, NormReluConv, TanhUnit

DEPTHS = [*range(1, 17), 22, 32, 49]
EXPLICIT = [n for n in names_of_kind("runge-kutta") if og.load_scheme(n).is_explicit]


@pytest.fixture(autouse=True)
def float32(float64_by_default):
    torch.manual_seed(0)
    torch.set_default_dtype(torch.float32)


def residual_loop(units: list[nn.Module], x: Tensor) -> Tensor:
    for unit in units:
        x = x + unit(x)
    return x


@pytest.mark.parametrize("unit", [ConvReluNorm, NormReluConv])
@pytest.mark.parametrize("depth", DEPTHS)
def test_euler_with_one_step_an_element_is_a_residual_network(depth, unit):
    units = [unit(2) for _ in range(depth)]
    basis = og.PiecewiseConstant(depth)
    block = block_of_units(
        copy.deepcopy(units), scheme="euler", basis=basis, steps=depth, span=depth
    )
    x = torch.randn(4, 2, 4, 4)
    with torch.no_grad():
        for mode in (True, True, False):  # training twice, so that the statistics have moved
            block.train(mode)
            for one in units:
                one.train(mode)
            assert torch.equal(block(x), residual_loop(units, x))
    for path, buffer in block.state.named_buffers():
        assert torch.equal(buffer, torch.stack([one.get_buffer(path) for one in units]))


def test_gradients_are_those_of_the_residual_network():
    units: list[nn.Module] = [TanhUnit(3, 5) for _ in range(4)]
    basis = og.PiecewiseConstant(4)
    block = block_of_units(units, scheme="euler", basis=basis, steps=4, span=4)
    x = torch.randn(6, 3)
    block(x).square().sum().backward()
    residual_loop(units, x).square().sum().backward()
    for path, slot in block.theta.named_parameters():
        assert slot.grad is not None
        expected = torch.stack([one.get_parameter(path).grad for one in units])  # type: ignore[misc]
        torch.testing.assert_close(slot.grad, expected)


@pytest.mark.parametrize("scheme", EXPLICIT)
def test_a_basis_twice_as_fine_changes_no_output(scheme):
    block = og.OdeBlock(
        TanhUnit(3, 4), scheme=scheme, basis=og.PiecewiseConstant(2), steps=2, span=2
    )
    with torch.no_grad():
        for slot in block.parameters():
            slot.copy_(torch.randn_like(slot))
    x = torch.randn(5, 3)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", og.OrderLossWarning)
        finer = og.project(block, basis=og.PiecewiseConstant(4))
    assert torch.equal(finer(x), block(x))


def test_gradients_of_the_children_add_up_to_the_parent():
    block = og.OdeBlock(
        TanhUnit(3, 4), scheme="rk4-classic", basis=og.PiecewiseConstant(2), steps=4, span=2
    ).double()
    finer = og.project(block, basis=og.PiecewiseConstant(4))
    x = torch.randn(5, 3, dtype=torch.float64)
    for one in (block, finer):
        one(x).square().sum().backward()
    for parent, children in zip(block.parameters(), finer.parameters(), strict=True):
        assert parent.grad is not None
        assert children.grad is not None
        pairs = children.grad.unflatten(0, (2, 2)).sum(dim=1)
        torch.testing.assert_close(pairs, parent.grad)


class Proportional(nn.Module):
    """R(x) = lambda x."""

    def __init__(self) -> None:
        super().__init__()
        self.rate = nn.Parameter(torch.ones(()))

    def forward(self, x: Tensor) -> Tensor:
        return self.rate * x


def test_euler_multiplies_exactly():
    block = og.OdeBlock(Proportional(), scheme="euler", basis=og.PiecewiseConstant(4), steps=4)
    with torch.no_grad():
        block.get_parameter("theta.rate").copy_(torch.tensor([1, -2, 3, 0.5]))
    assert block(torch.ones(1)).item() == 1.23046875


@pytest.mark.parametrize(
    ("start", "elements", "expected"),
    [
        ([1, 3, 2, 6], [2], [2, 4]),
        ([3, 6, 9], [2, 3], [4, 6, 8]),
    ],
)
def test_projected_coefficients(start, elements, expected):
    block = og.OdeBlock(
        Proportional(), scheme="euler", basis=og.PiecewiseConstant(len(start)), steps=6
    )
    with torch.no_grad():
        block.get_parameter("theta.rate").copy_(torch.tensor(start))
    for count in elements:
        block = og.project(block, basis=og.PiecewiseConstant(count))
    assert block.get_parameter("theta.rate").tolist() == expected


def test_a_linear_function_projects_to_its_means():
    matrix = og.projection_matrix(og.DiscontinuousLinear(1), og.PiecewiseConstant(2))
    assert [Fraction(str(matrix[i, 1])) for i in range(2)] == [Fraction(1, 4), Fraction(3, 4)]
