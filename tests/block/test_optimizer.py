"""An optimizer goes along when coefficients move to another basis."""

import copy

import pytest
import torch
from torch import Tensor, nn

import odegraph as og
from odegraph.models.units import TanhUnit


def model_of(basis: og.Basis) -> nn.Sequential:
    block = og.OdeBlock(TanhUnit(3, 4), scheme="euler", basis=basis, steps=4)
    torch.manual_seed(0)
    with torch.no_grad():
        for slot in block.parameters():
            slot.copy_(torch.randn_like(slot))
    return nn.Sequential(nn.Linear(3, 3), block)


def trained(model: nn.Module, optimizer: torch.optim.Optimizer) -> torch.optim.Optimizer:
    for _ in range(3):
        optimizer.zero_grad()
        model(torch.randn(6, 3)).square().sum().backward()
        optimizer.step()
    return optimizer


def state_of(optimizer: torch.optim.Optimizer, model: nn.Module, name: str, key: str) -> Tensor:
    return optimizer.state[model.get_parameter(name)][key]


SLOT = "1.theta.inner.weight"


def test_children_get_half_the_momentum_and_a_quarter_of_its_square():
    model = model_of(og.PiecewiseConstant(2))
    optimizer = trained(model, torch.optim.Adam(model.parameters(), lr=0.01))
    finer = og.refine(model)
    moved = og.transfer_optimizer(optimizer, model, finer)
    parent = state_of(optimizer, model, SLOT, "exp_avg").repeat_interleave(2, dim=0)
    torch.testing.assert_close(state_of(moved, finer, SLOT, "exp_avg"), parent / 2)
    squares = state_of(optimizer, model, SLOT, "exp_avg_sq").repeat_interleave(2, dim=0)
    torch.testing.assert_close(state_of(moved, finer, SLOT, "exp_avg_sq"), squares / 4)
    assert state_of(moved, finer, SLOT, "step") == 3


def test_plain_layers_keep_what_they_had():
    model = model_of(og.PiecewiseConstant(2))
    optimizer = trained(model, torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9))
    finer = og.refine(model)
    moved = og.transfer_optimizer(optimizer, model, finer)
    assert torch.equal(
        state_of(moved, finer, "0.weight", "momentum_buffer"),
        state_of(optimizer, model, "0.weight", "momentum_buffer"),
    )
    assert moved.param_groups[0]["momentum"] == 0.9
    assert moved.param_groups[0]["params"] == list(finer.parameters())


@pytest.mark.parametrize("basis", [og.PiecewiseConstant(2), og.PiecewiseLinear(2), og.Legendre(2)])
def test_momentum_pulls_back_to_what_it_was(basis):
    model = model_of(basis)
    optimizer = trained(model, torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9))
    finer = og.project(model, basis=basis.refined())
    moved = og.transfer_optimizer(optimizer, model, finer)
    prolongation = torch.tensor(
        [[float(v) for v in row] for row in og.projection_matrix(basis, basis.refined()).tolist()]
    )
    back = torch.einsum(
        "jk,j...->k...", prolongation, state_of(moved, finer, SLOT, "momentum_buffer")
    )
    torch.testing.assert_close(back, state_of(optimizer, model, SLOT, "momentum_buffer"))


def test_second_moments_stay_positive_under_any_map():
    model = model_of(og.PiecewiseConstant(4))
    optimizer = trained(model, torch.optim.Adam(model.parameters()))
    other = og.project(model, basis=og.PiecewiseLinear(2))
    moved = og.transfer_optimizer(optimizer, model, other)
    assert (state_of(moved, other, SLOT, "exp_avg_sq") > 0).all()


def test_the_moved_optimizer_trains_on():
    model = model_of(og.PiecewiseConstant(2))
    optimizer = trained(model, torch.optim.AdamW(model.parameters(), lr=0.01))
    finer = og.refine(model)
    before = copy.deepcopy(finer.state_dict())
    old = copy.deepcopy(model.state_dict())
    trained(finer, og.transfer_optimizer(optimizer, model, finer))
    assert not torch.equal(finer.state_dict()[SLOT], before[SLOT])
    assert torch.equal(model.state_dict()[SLOT], old[SLOT])


def test_the_same_basis_keeps_everything():
    model = model_of(og.PiecewiseConstant(2))
    optimizer = trained(model, torch.optim.Adam(model.parameters()))
    other = og.manifest(model, scheme="midpoint")
    moved = og.transfer_optimizer(optimizer, model, other)
    assert torch.equal(
        state_of(moved, other, SLOT, "exp_avg"), state_of(optimizer, model, SLOT, "exp_avg")
    )


def test_strange_parameters_are_refused():
    model = model_of(og.PiecewiseConstant(2))
    optimizer = torch.optim.Adam(nn.Linear(5, 2).parameters())
    with pytest.raises(og.GraphError, match=r"2 parameters .*shape \[2, 5\].*`Sequential`"):
        og.transfer_optimizer(optimizer, model, og.refine(model))


def test_optimizers_of_unknown_make_are_refused():
    model = model_of(og.PiecewiseConstant(2))
    optimizer = trained(model, torch.optim.Rprop(model.parameters()))
    with pytest.raises(og.ProjectionError, match=r"keeps `prev`, .*Make a new optimizer"):
        og.transfer_optimizer(optimizer, model, og.refine(model))


@pytest.mark.parametrize("basis", [og.PiecewiseConstant(2), og.PiecewiseLinear(3), og.Legendre(3)])
def test_the_penalty_does_not_depend_on_the_number_of_elements(basis):
    model = model_of(basis)
    finer = og.project(model, basis=basis.refined(3))
    torch.testing.assert_close(og.weight_penalty(finer), og.weight_penalty(model))


def test_the_penalty_of_constants_is_that_of_the_unit():
    unit = TanhUnit(3, 4)
    block = og.OdeBlock(unit, scheme="euler", basis=og.BSpline(3, 2), steps=3)
    expected = sum(p.square().sum() for p in unit.parameters()) / 2
    torch.testing.assert_close(og.weight_penalty(block), torch.as_tensor(expected))
    with pytest.raises(og.GraphError, match=r"`Tanh` has no parameters"):
        og.weight_penalty(nn.Tanh())
