"""Drift between models, norms of theta(t) and changes of the state along depth."""

import pytest
import torch
from torch import nn

import odegraph as og
from odegraph.diagnostics.depth import state_changes, theta_norms
from odegraph.diagnostics.drift import drift_report
from odegraph.models.units import TanhUnit


def random_block(*, elements: int = 4, scheme: str = "rk4-classic") -> og.OdeBlock:
    block = og.OdeBlock(
        TanhUnit(3, 4), scheme=scheme, basis=og.PiecewiseConstant(elements), steps=elements
    )
    torch.manual_seed(0)
    with torch.no_grad():
        for slot in block.parameters():
            slot.copy_(torch.randn_like(slot))
    return block


def test_a_lossless_map_does_not_drift():
    model = nn.Sequential(random_block(), nn.Linear(3, 3), random_block())
    x = torch.randn(5, 3)
    baked = drift_report(model, og.bake(model), x)
    assert [row.name for row in baked.rows] == ["0", "2", "output"]
    assert all(row.own < 1e-14 and row.accumulated < 1e-14 for row in baked.rows)


def test_drift_is_the_relative_change_of_the_output():
    block = random_block()
    other = og.manifest(block, scheme="euler")
    x = torch.randn(5, 3)
    report = drift_report(block, other, x)
    expected = (other(x) - block(x)).norm() / block(x).norm()
    assert report.output == pytest.approx(expected.item())
    assert report.rows[0].own == report.rows[0].accumulated
    assert "in place" in str(report)


def test_models_with_other_blocks_are_refused():
    model = nn.Sequential(random_block())
    with pytest.raises(og.GraphError, match=r"same blocks in both; here are `0` and none"):
        drift_report(model, nn.Sequential(nn.Linear(3, 3)), torch.randn(2, 3))


def test_norms_of_piecewise_constants_are_those_of_their_coefficients():
    block = random_block()
    profiles = {profile.name: profile for profile in theta_norms(block, samples=4)}
    weight = block.get_parameter("theta.inner.weight").detach()
    assert profiles["inner.weight"].depths == (0.125, 0.375, 0.625, 0.875)
    assert profiles["inner.weight"].values == pytest.approx(weight.flatten(1).norm(dim=1).tolist())
    with pytest.raises(og.GraphError, match=r"`samples` is `0`"):
        theta_norms(block, samples=0)


@pytest.mark.parametrize("scheme", ["euler", "rk4-classic", "bogacki-shampine"])
def test_changes_of_the_state_lead_from_start_to_end(scheme):
    block = random_block(scheme=scheme)
    x = torch.randn(5, 3)
    changes = state_changes(block, x)
    assert len(changes.values) == 4
    single = random_block(elements=1, scheme=scheme)
    (change,) = state_changes(single, x).values
    assert change == pytest.approx(((single(x) - x).norm() / x.norm()).item())


def test_a_profile_is_that_of_one_block():
    basis = og.PiecewiseConstant(1)
    block = og.OdeBlock(TanhUnit(2, 3), scheme="euler", basis=basis, steps=1)
    model = nn.Sequential(nn.Linear(2, 2), block)
    for profile in (theta_norms, lambda one: state_changes(one, torch.zeros(1, 2))):
        with pytest.raises(og.GraphError, match=r"this is a `Sequential`.*its blocks: `1`"):
            profile(model)
