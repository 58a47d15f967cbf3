"""Reversible schemes: exact inversion, and gradients from the last state alone."""

from fractions import Fraction
from functools import partial

import pytest
import torch
from example_units import Normed, Tanh, randomized
from saved_tensors import saved_tensors
from torch import nn
from torch.testing import assert_close

import odegraph as og
from odegraph.ir import Evaluate, Input
from odegraph.passes import order_registers
from odegraph.passes.invert import invert

pytestmark = pytest.mark.filterwarnings("ignore::odegraph.OrderLossWarning")

REVERSIBLE = [
    "symplectic-euler",
    "lie-trotter",
    "strang",
    "stormer-verlet",
    "velocity-verlet",
    "mclachlan-atela-2",
    "ruth-3",
    "yoshida-4",
    "suzuki-4",
]
BASES = [og.PiecewiseConstant(1), og.PiecewiseConstant(4), og.PiecewiseLinear(3), og.Legendre(2)]


class Separable(nn.Module):
    """q' = f(p), p' = g(q)."""

    def __init__(self, size: int = 2, width: int = 5) -> None:
        super().__init__()
        self.f = Tanh(size, width)
        self.g = Tanh(size, width)

    def forward(self, x):
        q, p = x.chunk(2, dim=1)
        return torch.cat([self.f(p), self.g(q)], dim=1)


def gradients(block: og.OdeBlock, start: torch.Tensor):
    x = start.clone().requires_grad_()
    end = block(x)
    loss = (end * torch.arange(1.0, end.numel() + 1).reshape(end.shape)).sum()
    return end, torch.autograd.grad(loss, [x, *block.parameters()])


@pytest.mark.parametrize("basis", BASES, ids=str)
@pytest.mark.parametrize("scheme", REVERSIBLE)
def test_there_and_back_is_the_identity_to_rounding(scheme, basis):
    block = randomized(og.OdeBlock(Separable(), scheme=scheme, basis=basis, steps=16))
    x = torch.randn(5, 4)
    assert_close(block.inverse(block(x)), x, rtol=1e-13, atol=1e-13)
    assert_close(block(block.inverse(x)), x, rtol=1e-13, atol=1e-13)


def test_integer_arithmetic_is_inverted_without_any_rounding():
    unit = nn.Linear(2, 2, bias=False)
    with torch.no_grad():
        unit.weight.copy_(torch.tensor([[0.0, 2.0], [-3.0, 0.0]]))
    block = og.OdeBlock(
        unit, scheme="symplectic-euler", basis=og.PiecewiseConstant(1), steps=8, span=8
    )
    x = torch.tensor([[1.0, -2.0], [5.0, 3.0]])
    assert torch.equal(block.inverse(block(x)), x)


@pytest.mark.parametrize("basis", BASES, ids=str)
@pytest.mark.parametrize("grid", [range(9), (0, 1, 3, 4, 8)], ids=["even", "uneven"])
@pytest.mark.parametrize("unit_type", [Tanh, partial(nn.Linear, 2, 2)], ids=["tanh", "linear"])
def test_reversible_heun_goes_back_on_any_unit(unit_type, grid, basis):
    depths = [Fraction(n, 8) for n in grid]
    block = og.OdeBlock(unit_type(), scheme="reversible-heun", basis=basis, grid=depths, span=2)
    back = og.with_execution(randomized(block), gradients=og.Reversal())
    start = torch.randn(5, 2)
    (end, expected), (same, found) = gradients(block, start), gradients(back, start)
    assert torch.equal(end, same)
    for one, other in zip(found, expected, strict=True):
        assert_close(one, other, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize(
    "passes", [(), (*og.DEFAULT_PASSES, order_registers)], ids=["none", "registers"]
)
@pytest.mark.parametrize("scheme", ["reversible-heun", "leapfrog", "yoshida-4"])
def test_values_are_found_whatever_the_passes_call_them(scheme, passes):
    block = og.OdeBlock(Separable(), scheme=scheme, basis=og.PiecewiseLinear(2), steps=5)
    block = og.with_execution(randomized(block), passes=passes)
    back = og.with_execution(block, gradients=og.Reversal())
    start = torch.randn(5, 4)
    (_, expected), (_, found) = gradients(block, start), gradients(back, start)
    for one, other in zip(found, expected, strict=True):
        assert_close(one, other, rtol=1e-12, atol=1e-13)


def test_convolutions_go_back():
    unit = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.GELU(), nn.Conv2d(4, 3, 3, padding=1))
    hats = og.PiecewiseLinear(2)
    block = randomized(og.OdeBlock(unit, scheme="reversible-heun", basis=hats, steps=6))
    back = og.with_execution(block, gradients=og.Reversal())
    start = torch.randn(2, 3, 5, 5)
    (_, expected), (_, found) = gradients(block, start), gradients(back, start)
    for one, other in zip(found, expected, strict=True):
        assert_close(one, other, rtol=0, atol=1e-12 * float(other.abs().max()))


@pytest.mark.parametrize("steps", [1, 2, 5])
def test_reversible_heun_is_inverted_by_its_two_values(steps):
    block = og.OdeBlock(
        Tanh(), scheme="reversible-heun", basis=og.PiecewiseConstant(1), steps=steps
    )
    inverse = invert(block.step_graph)
    assert inverse.first == 0
    assert len(inverse.graph.of_type(Input)) == 2
    # the first rate of all is not needed on the way back
    assert len(inverse.graph.of_type(Evaluate)) == block.evaluations - 1 == steps


@pytest.mark.parametrize("basis", BASES, ids=str)
@pytest.mark.parametrize("scheme", [*REVERSIBLE, "leapfrog", "reversible-heun"])
def test_gradients_are_those_of_backpropagation_to_rounding(scheme, basis):
    block = randomized(og.OdeBlock(Separable(), scheme=scheme, basis=basis, steps=8))
    back = og.with_execution(block, gradients=og.Reversal())
    start = torch.randn(5, 4)
    (end, expected), (same, found) = gradients(block, start), gradients(back, start)
    assert torch.equal(end, same)
    for one, other in zip(found, expected, strict=True):
        assert_close(one, other, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize(
    "scheme", ["symplectic-euler", "stormer-verlet", "yoshida-4", "leapfrog", "reversible-heun"]
)
def test_memory_is_that_of_one_step_and_does_not_grow(scheme):
    def saved(steps: int, rule, scheme=scheme) -> int:
        block = og.OdeBlock(
            Separable(4, 16),
            scheme=scheme,
            basis=og.PiecewiseConstant(1),
            steps=steps,
            execution=og.Execution(gradients=rule),
        )
        x = torch.randn(16, 8)
        block(x)  # the first call goes there and back
        with saved_tensors(but=[x, *block.parameters()]) as peak:
            block(x).square().sum().backward()
        return peak.bytes

    # The greatest step of leapfrog is the first, which its start rule makes.
    greatest = "heun-2" if scheme == "leapfrog" else scheme
    one_step = saved(1, og.Backpropagation(), greatest)
    few, many = saved(8, og.Reversal()), saved(64, og.Reversal())
    assert many == few
    assert many <= 1.5 * one_step


class NormedHalves(nn.Module):
    """A separable unit with running statistics."""

    def __init__(self) -> None:
        super().__init__()
        self.f = Normed(2)
        self.g = Normed(2)

    def forward(self, x):
        q, p = x.chunk(2, dim=1)
        return torch.cat([self.f(p), self.g(q)], dim=1)


@pytest.mark.parametrize("scheme", ["stormer-verlet", "reversible-heun"])
@pytest.mark.parametrize("mode", [True, False])
def test_statistics_are_updated_once(mode, scheme):
    block = og.OdeBlock(NormedHalves(), scheme=scheme, basis=og.PiecewiseConstant(2), steps=4)
    randomized(block).train(mode)
    back = og.with_execution(block, gradients=og.Reversal()).train(mode)
    start = torch.randn(6, 4)
    (end, expected), (same, found) = gradients(block, start), gradients(back, start)
    assert torch.equal(end, same)
    for one, other in zip(found, expected, strict=True):
        assert_close(one, other, rtol=1e-10, atol=1e-12)
    for one, other in zip(back.state.buffers(), block.state.buffers(), strict=True):
        assert torch.equal(one, other)


@pytest.mark.parametrize("scheme", ["euler", "rk4-classic", "nystrom-4", "adams-bashforth-2"])
def test_schemes_without_an_inverse_are_refused(scheme):
    block = og.OdeBlock(Separable(), scheme=scheme, basis=og.PiecewiseConstant(1), steps=4)
    with pytest.raises(og.GraphError, match=rf"`{scheme}` has no algebraic inverse.*Take a rev"):
        block.inverse(torch.ones(1, 4))
    back = og.with_execution(block, gradients=og.Reversal())
    with pytest.raises(og.GraphError, match="has no algebraic inverse"):
        back(torch.ones(1, 4))


def test_implicit_stages_are_refused():
    block = og.OdeBlock(Tanh(), scheme="implicit-midpoint", basis=og.PiecewiseConstant(1), steps=2)
    with pytest.raises(og.GraphError, match="its stages are not explicit"):
        block.inverse(torch.ones(1, 2))


@pytest.mark.parametrize("scheme", ["leapfrog", "reversible-heun"])
def test_the_last_state_alone_does_not_tell_a_history(scheme):
    block = og.OdeBlock(Tanh(), scheme=scheme, basis=og.PiecewiseConstant(1), steps=4)
    with pytest.raises(og.GraphError, match="goes back from its last states together"):
        block.inverse(torch.ones(1, 2))


@pytest.mark.filterwarnings("ignore::odegraph.block.halves.SeparabilityWarning")
def test_units_that_do_not_come_back_are_refused():
    back = og.OdeBlock(
        Tanh(2, 5),
        scheme="stormer-verlet",
        basis=og.PiecewiseConstant(1),
        steps=8,
        span=8,
        execution=og.Execution(gradients=og.Reversal()),
    )
    with pytest.raises(og.GraphError, match=r"misses the state at depth 0 by.*`Checkpoints\(\)`"):
        back(torch.randn(4, 2))


def test_random_units_are_refused():
    unit = nn.Sequential(nn.Linear(2, 2), nn.Dropout(0.5))
    back = og.OdeBlock(
        unit,
        scheme="leapfrog",
        basis=og.PiecewiseConstant(1),
        steps=4,
        execution=og.Execution(gradients=og.Reversal()),
    )
    with pytest.raises(og.GraphError, match="draws random numbers"):
        back(torch.ones(1, 2))
