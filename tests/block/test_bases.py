"""Interpolation, cutting, merging and projecting first; what each map reports."""

import warnings
from fractions import Fraction

import pytest
import torch
from torch import Tensor, nn

import odegraph as og
from odegraph.models.units import NormReluConv, TanhUnit

BASES = [
    og.PiecewiseConstant(3),
    og.PiecewiseLinear(2),
    og.DiscontinuousLinear(2),
    og.Legendre(3),
    og.Chebyshev(2),
    og.BSpline(3, 2),
    og.Haar(1),
]


def random_block(basis: og.Basis, *, steps: int = 4, scheme: str = "euler") -> og.OdeBlock:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", og.OrderLossWarning)
        block = og.OdeBlock(TanhUnit(3, 4), scheme=scheme, basis=basis, steps=steps)
    torch.manual_seed(0)
    with torch.no_grad():
        for slot in block.parameters():
            slot.copy_(torch.randn_like(slot))
    return block


def theta(block: og.OdeBlock, t: Fraction) -> Tensor:
    row = [float(value) for value in block.manifestation.basis.evaluate(t)]
    return torch.einsum("b,b...->...", torch.tensor(row), block.get_parameter("theta.inner.weight"))


@pytest.mark.parametrize("basis", BASES, ids=str)
def test_interpolation_agrees_at_the_nodes(basis):
    block = random_block(og.Legendre(4))
    moved = og.interpolate(block, basis=basis)
    for t, side in basis.nodes:
        row = torch.tensor([float(value) for value in basis.evaluate(t, side=side)])
        at_node = torch.einsum("b,b...->...", row, moved.get_parameter("theta.inner.weight"))
        torch.testing.assert_close(at_node, theta(block, t))


@pytest.mark.parametrize("basis", BASES[:3], ids=str)
def test_cutting_elements_changes_no_theta(basis):
    block = random_block(basis)
    finer = og.split(block, elements=[1], parts=3)
    assert finer.manifestation.basis.size > basis.size
    assert set(finer.manifestation.basis.breakpoints) <= set(finer.manifestation.grid)
    for t in (Fraction(1, 7), Fraction(3, 5), Fraction(13, 14)):
        torch.testing.assert_close(theta(finer, t), theta(block, t))


@pytest.mark.parametrize("basis", BASES[:3], ids=str)
def test_coarsening_undoes_refinement(basis):
    block = random_block(basis)
    again = og.coarsen(og.refine(block))
    assert again.manifestation == block.manifestation
    for before, after in zip(block.parameters(), again.parameters(), strict=True):
        torch.testing.assert_close(after, before)


def test_projecting_first_gives_each_step_the_mean_of_what_it_skips():
    block = random_block(og.PiecewiseConstant(4))
    coarse = og.manifest(block, steps=2, project_first=True)
    before = block.get_parameter("theta.inner.weight")
    assert coarse.manifestation.basis == og.PiecewiseConstant(2)
    torch.testing.assert_close(
        coarse.get_parameter("theta.inner.weight"), before.unflatten(0, (2, 2)).mean(dim=1)
    )
    sampled = og.manifest(block, steps=2)
    assert sampled.manifestation.basis == block.manifestation.basis


def test_projecting_first_changes_nothing_where_no_step_skips():
    block = random_block(og.PiecewiseConstant(4))
    assert og.manifest(block, steps=8, project_first=True).manifestation.basis.size == 4
    polynomial = random_block(og.Legendre(3))
    assert og.manifest(polynomial, steps=2, project_first=True).manifestation.basis.size == 4


def test_projecting_rough_weights_first_is_better():
    block = og.OdeBlock(nn.Linear(3, 3), scheme="euler", basis=og.PiecewiseConstant(32), steps=32)
    torch.manual_seed(0)
    with torch.no_grad():
        for slot in block.parameters():
            slot.copy_(torch.randn_like(slot))
    x = torch.randn(16, 3)
    exact = og.manifest(block, steps=256)(x)
    sampled = og.manifest(block, steps=8)(x)
    projected = og.manifest(block, steps=8, project_first=True)(x)
    assert (projected - exact).norm() < (sampled - exact).norm() / 2


def test_a_basis_without_elements_of_its_own_cannot_be_projected_first():
    block = random_block(og.Haar(2), steps=4)
    with pytest.raises(og.ProjectionError, match=r"Haar.* cannot be laid on the 3 steps"):
        og.manifest(block, steps=3, project_first=True)


@pytest.mark.parametrize("basis", BASES, ids=str)
def test_the_report_measures_the_error_of_the_projection(basis):
    block = random_block(og.PiecewiseConstant(4))
    row = {r.slot: r for r in og.projection_report(block, basis=basis).rows}["theta.inner.weight"]
    moved = og.project(block, basis=basis)
    samples = [Fraction(2 * i + 1, 2000) for i in range(1000)]
    difference = torch.stack([theta(moved, t) - theta(block, t) for t in samples[::5]])
    size = torch.stack([theta(block, t) for t in samples[::5]])
    assert row.relative_error == pytest.approx((difference.norm() / size.norm()).item(), rel=2e-2)
    assert not row.lossless


def test_the_report_says_what_is_lossless():
    block = random_block(og.PiecewiseConstant(4))
    report = og.projection_report(block, basis=og.PiecewiseConstant(8))
    assert report.lossless
    assert report.worst.relative_error == 0
    assert "lossless" in str(report)


def test_constants_lose_nothing_measurable_anywhere():
    block = og.OdeBlock(TanhUnit(3, 4), scheme="euler", basis=og.PiecewiseConstant(7), steps=7)
    report = og.projection_report(block, basis=og.PiecewiseConstant(3))
    assert report.worst.relative_error < 1e-12
    assert not report.lossless


def test_variances_stay_positive_and_the_report_says_how():
    block = og.OdeBlock(
        NormReluConv(1),
        scheme="euler",
        basis=og.PiecewiseConstant(2),
        steps=2,
        state_basis=og.DiscontinuousLinear(1),
    )
    block.get_buffer("state.norm1.running_var").copy_(torch.tensor([[0.01], [1.0]]))
    moved = og.interpolate(block, basis=og.PiecewiseConstant(4))
    assert (moved.get_buffer("state.norm1.running_var") > 0).all()
    rows = {r.slot: r for r in og.projection_report(block, basis=og.PiecewiseConstant(4)).rows}
    assert not rows["state.norm1.running_var"].lossless
    assert "state.norm1.num_batches_tracked" not in rows


@pytest.mark.parametrize("operation", [og.interpolate, og.projection_report, og.project])
def test_what_is_no_basis_is_refused(operation):
    with pytest.raises(og.ProjectionError, match=r"`basis` is a int; give a basis"):
        operation(random_block(og.PiecewiseConstant(2)), basis=8)


def test_maps_that_cannot_be_are_refused():
    with pytest.raises(og.ProjectionError, match=r"no elements that can be cut"):
        og.split(random_block(og.Legendre(2)), elements=[0])
    with pytest.raises(og.ProjectionError, match=r"Element `9` cannot be changed"):
        og.split(random_block(og.PiecewiseConstant(2)), elements=[9])
    with pytest.raises(og.GraphError, match=r"grid of 3 steps cannot be coarsened by `2`"):
        og.coarsen(random_block(og.PiecewiseConstant(4), steps=3))
    with pytest.raises(og.ProjectionError, match=r"3 elements cannot be coarsened by `2`"):
        og.coarsen(random_block(og.PiecewiseConstant(3), steps=6))


@pytest.mark.parametrize(
    "operation",
    [
        lambda model: og.manifest(model, steps=2),
        lambda model: og.interpolate(model, basis=og.PiecewiseConstant(2)),
        og.coarsen,
    ],
)
def test_a_model_without_blocks_is_refused(operation):
    with pytest.raises(og.GraphError, match=r"`Linear` has no `OdeBlock`"):
        operation(nn.Linear(2, 2))


def test_the_argument_is_never_changed():
    block = random_block(og.PiecewiseConstant(4))
    before = {key: value.clone() for key, value in block.state_dict().items()}
    og.interpolate(block, basis=og.PiecewiseConstant(2))
    og.manifest(block, steps=2, project_first=True)
    og.split(block, elements=[0])
    og.coarsen(block)
    assert all(torch.equal(value, before[key]) for key, value in block.state_dict().items())
