import math

import pytest
import torch
from torch import Tensor, nn
from torch.testing import assert_close

from odegraph._errors import GraphError
from odegraph.dynamics.perturbations import linearise, perturbation_growth
from odegraph.dynamics.transients import power_norms

OMEGA = torch.tensor([[0.9, 3.0, 0.0], [0.0, 0.8, -0.4], [0.1, 0.4, 0.8]], dtype=torch.float64)


def linear(x: Tensor) -> Tensor:
    return OMEGA @ x


def henon(x: Tensor) -> Tensor:
    return torch.stack([1 - 1.4 * x[0] ** 2 + x[1], 0.3 * x[0]])


def test_of_a_linear_map_the_growth_is_the_norm_of_its_powers():
    growth = perturbation_growth(linear, torch.ones(3), steps=25)
    assert_close(growth.log_growth.exp(), power_norms(OMEGA, steps=25))
    expected = torch.linalg.matrix_power(OMEGA, 25) @ torch.ones(3)
    assert_close(growth.states[-1], expected)


def test_the_exponents_of_a_linear_map_are_the_logarithms_of_its_eigenvalues():
    matrix = torch.tensor([[1.2, 0.5, 0.1], [0.0, 0.7, 0.3], [0.0, 0.0, 0.1]], dtype=torch.float64)
    growth = perturbation_growth(lambda x: matrix @ x, torch.zeros(3), steps=400)
    expected = torch.tensor([1.2, 0.7, 0.1]).log()
    assert_close(growth.exponents, expected, rtol=0, atol=0.01)


def test_the_exponents_of_the_henon_map():
    # Their sum is log 0.3 exactly, the contraction of area; the first is 0.419 (Henon 1976, and
    # since).
    growth = perturbation_growth(henon, torch.tensor([0.1, 0.1]), steps=1200)
    assert_close(growth.exponents.sum().item(), math.log(0.3))
    assert_close(growth.exponents[0].item(), 0.419, rtol=0, atol=0.03)


def test_fewer_directions_give_the_leading_exponents():
    growth = perturbation_growth(henon, torch.tensor([0.1, 0.1]), steps=800, directions=1)
    assert growth.exponents.shape == (1,)
    assert_close(growth.exponents[0].item(), 0.419, rtol=0, atol=0.03)


def test_the_growth_agrees_with_the_product_of_the_jacobians():
    torch.manual_seed(0)
    module = nn.Sequential(nn.Linear(4, 4), nn.Tanh(), nn.Linear(4, 4)).double()
    growth = perturbation_growth(module, torch.randn(4), steps=6)
    product = torch.eye(4, dtype=torch.float64)
    for k in range(6):
        product = linearise(module, growth.states[k]).detach() @ product
        assert_close(growth.log_growth[k + 1].exp(), torch.linalg.matrix_norm(product, ord=2))


def test_a_state_may_have_any_shape():
    growth = perturbation_growth(lambda x: 2 * x.flip(0), torch.ones(2, 3), steps=5)
    assert growth.states.shape == (6, 2, 3)
    assert_close(growth.log_growth, torch.arange(6.0) * math.log(2))
    assert linearise(lambda x: 2 * x, torch.ones(2, 3)).shape == (6, 6)


def test_growth_never_overflows_and_a_map_to_zero_has_growth_zero():
    wild = perturbation_growth(lambda x: 1e200 * torch.sin(x), torch.zeros(2), steps=10)
    assert_close(wild.log_growth[-1].item(), 10 * 200 * math.log(10))
    dead = perturbation_growth(lambda x: 0 * x, torch.ones(2), steps=2)
    assert (dead.log_growth[1:] == -math.inf).all()


@pytest.mark.parametrize("directions", [0, 3])
def test_a_number_of_directions_that_there_is_not_is_refused(directions: int):
    with pytest.raises(GraphError, match=f"directions is `{directions}`; .* 1 to 2"):
        perturbation_growth(henon, torch.zeros(2), steps=1, directions=directions)


def test_no_steps_and_a_step_that_changes_the_shape_are_refused():
    with pytest.raises(GraphError, match="steps is `0`; growth needs at least one"):
        perturbation_growth(henon, torch.zeros(2), steps=0)
    with pytest.raises(GraphError, match=r"shape `\(2,\)` to `\(4,\)`; a rollout"):
        perturbation_growth(lambda x: torch.cat([x, x]), torch.zeros(2), steps=1)
    with pytest.raises(GraphError, match=r"shape `\(2,\)` to `\(4,\)`; a rollout"):
        linearise(lambda x: torch.cat([x, x]), torch.zeros(2))
