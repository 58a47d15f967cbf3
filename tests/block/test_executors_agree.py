"""Reference interpreter, fx graph, generated module, baked block and checkpoint: one result."""

from fractions import Fraction

import pytest
import torch
from catalogue_names import names_of_kind
from example_units import Constant, Growth, Normed, Tanh, Visits, randomized
from torch.testing import assert_close

import odegraph as og
from odegraph.basis import DiscontinuousLinear, Legendre

EXPLICIT = [n for n in names_of_kind("runge-kutta") if og.load_scheme(n).is_explicit]
SEVERAL = ("euler", "ssp-rk-3-3", "rk4-classic", "dormand-prince", "gill-4", "verner-8-7")
BASES = (
    og.PiecewiseConstant(2),
    og.PiecewiseConstant(breakpoints=[0, "1/6", "1/2", 1]),
    og.PiecewiseLinear(3),
    DiscontinuousLinear(2),
    Legendre(3),
)
GRID = (0, "1/6", "1/2", "2/3", 1)


@pytest.mark.parametrize(
    ("scheme", "basis"),
    [(scheme, og.PiecewiseConstant(2)) for scheme in SEVERAL]
    + [("rk4-classic", basis) for basis in BASES],
    ids=str,
)
def test_all_executors_agree_with_the_reference(executor, scheme, basis):
    unit = Tanh()
    block = og.OdeBlock(unit, scheme=scheme, basis=basis, grid=GRID, span="5/2")
    randomized(block)
    x = torch.linspace(-1, 1, 6).reshape(3, 2)
    expected = interpreted(block, unit, x)
    assert_close(executor(block, unit)(x), expected, rtol=1e-13, atol=1e-14)


def interpreted(block, unit, x):
    import reference

    return torch.as_tensor(reference.run(block, unit, x.numpy()))


@pytest.mark.parametrize("scheme", ["euler", "rk4-38"])
@pytest.mark.parametrize("basis", [og.PiecewiseConstant(2), og.PiecewiseLinear(2)], ids=str)
def test_running_statistics_are_read_at_the_depth_of_the_stage(executor, scheme, basis):
    unit = Normed()
    block = og.OdeBlock(
        unit, scheme=scheme, basis=basis, steps=4, span=2, state_basis=og.PiecewiseLinear(2)
    )
    randomized(block).eval()
    x = torch.randn(5, 3, generator=torch.Generator().manual_seed(1))
    assert_close(executor(block, unit)(x), interpreted(block, unit, x), rtol=1e-13, atol=1e-14)


@pytest.mark.parametrize("elements", [3, 7, 49])
def test_stage_times_of_euler_hit_each_element_in_turn(executor, elements):
    unit = Visits(elements)
    block = og.OdeBlock(
        unit,
        scheme="euler",
        basis=og.PiecewiseConstant(elements),
        steps=elements,
        span=elements,
    )
    block.theta.load_state_dict(
        {"mark": torch.cat([torch.eye(elements), torch.ones(elements, 1)], dim=1)}
    )
    start = torch.zeros(1, elements + 1)
    start[0, -1] = 1
    end = executor(block, unit)(start)
    assert end[0].tolist() == [2.0**k for k in range(elements + 1)]


def test_growth_by_a_piecewise_constant_rate_is_an_exact_number(executor):
    block = og.OdeBlock(Growth(), scheme="euler", basis=og.PiecewiseConstant(4), steps=4)
    block.theta.load_state_dict({"lam": torch.tensor([1, -2, 3, 0.5])})
    assert executor(block, Growth())(torch.ones(1, 1)).item() == 1.23046875


@pytest.mark.parametrize("scheme", [s for s in EXPLICIT if sum(og.load_scheme(s).b) == 1])
def test_a_constant_rate_is_integrated_to_the_last_bit(scheme):
    for dtype in (torch.float64, torch.float32):
        unit = Constant(3)
        block = og.OdeBlock(unit, scheme=scheme, basis=og.PiecewiseConstant(2), steps=4, span=8)
        block.theta.load_state_dict({"rate": torch.tensor([[1, -2, 0.5], [1, 4, 0.25]])})
        block = block.to(dtype)
        x = torch.tensor([[1, 2, -3]], dtype=dtype)
        assert block(x).tolist() == [[9, 10, 0]]


def test_executors_integrate_a_constant_rate_to_the_last_bit(executor):
    unit = Constant(1)
    for scheme in ("rk4-classic", "dormand-prince", "cash-karp", "gill-4"):
        block = og.OdeBlock(unit, scheme=scheme, basis=og.PiecewiseConstant(1), steps=8)
        assert executor(block, unit)(torch.zeros(1, 1)).item() == pytest.approx(1, abs=1e-15)


@pytest.mark.parametrize("scheme", EXPLICIT)
@pytest.mark.filterwarnings("ignore:theta.t. jumps:odegraph.ir.OrderLossWarning")
def test_refining_the_basis_alone_changes_no_bit(scheme):
    block = og.OdeBlock(Tanh(), scheme=scheme, basis=og.PiecewiseConstant(3), steps=3, span=3)
    randomized(block)
    refined = og.project(block, basis=block.manifestation.basis.refined(2))
    x = torch.linspace(-1, 1, 6).reshape(3, 2)
    assert refined.manifestation.basis.size == 6
    assert torch.equal(refined(x), block(x))


def test_refining_the_basis_alone_changes_no_bit_on_any_executor(executor):
    unit = Tanh()
    block = og.OdeBlock(unit, scheme="rk4-classic", basis=og.PiecewiseConstant(3), steps=6, span=3)
    randomized(block)
    refined = og.project(block, basis=og.PiecewiseConstant(6))
    x = torch.linspace(-1, 1, 6).reshape(3, 2)
    assert torch.equal(executor(refined, unit)(x), executor(block, unit)(x))


@pytest.mark.parametrize("basis", [og.PiecewiseLinear(2), DiscontinuousLinear(2)], ids=str)
def test_refining_other_bases_changes_rounding_only(executor, basis):
    unit = Tanh()
    block = og.OdeBlock(unit, scheme="rk4-classic", basis=basis, steps=4)
    randomized(block)
    refined = og.project(block, basis=basis.refined(2))
    x = torch.linspace(-1, 1, 6).reshape(3, 2)
    assert_close(executor(refined, unit)(x), executor(block, unit)(x), rtol=1e-13, atol=1e-14)


@pytest.mark.parametrize("depth", [*range(1, 17), 22, 32, 49])
def test_euler_with_one_step_an_element_is_a_resnet_to_the_last_bit(depth):
    torch.set_default_dtype(torch.float32)
    unit = Tanh(3)
    block = og.OdeBlock(
        unit, scheme="euler", basis=og.PiecewiseConstant(depth), steps=depth, span=depth
    )
    randomized(block)
    x = start = torch.randn(4, 3)
    slots = dict(block.theta.named_parameters())
    for n in range(depth):
        layer = {path: slot[n] for path, slot in slots.items()}
        x = x + torch.func.functional_call(unit, layer, (x,))
    assert block(start).dtype == torch.float32
    assert torch.equal(block(start), x)


def test_grid_and_steps_say_the_same():
    by_steps = og.OdeBlock(Tanh(), scheme="midpoint", basis=og.PiecewiseConstant(1), steps=4)
    by_grid = og.manifest(by_steps, grid=[0, "1/4", Fraction(1, 2), "3/4", 1])
    assert by_grid.manifestation == by_steps.manifestation
    x = torch.ones(1, 2)
    assert torch.equal(by_grid(x), by_steps(x))
