import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.testing import assert_close

from odegraph._errors import GraphError
from odegraph.dynamics.spectrum import (
    eigenvalues,
    numerical_abscissa,
    numerical_radius,
    spectral_abscissa,
    spectral_radius,
)
from odegraph.dynamics.transients import (
    kreiss_constant,
    lyapunov_growth_bound,
    power_norms,
    transient_growth,
)


def random_matrix(size: int, seed: int, skewness: float) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    full, upper = torch.randn(2, size, size, generator=generator, dtype=torch.float64)
    return full + skewness * torch.triu(upper, 1)


matrices = st.builds(
    random_matrix, st.integers(2, 7), st.integers(0, 10_000), st.sampled_from([0.0, 2.0, 10.0])
)
JORDAN = torch.tensor([[0.9, 5.0], [0.0, 0.9]])


def rotation(angle: float) -> Tensor:
    c, s = math.cos(angle), math.sin(angle)
    return torch.tensor([[c, -s], [s, c]])


def test_eigenvalues_come_with_the_largest_modulus_first():
    values = eigenvalues(torch.diag(torch.tensor([0.5, -2.0, 1.0])))
    assert values.real.tolist() == [-2.0, 1.0, 0.5]
    assert spectral_radius(torch.diag(torch.tensor([0.5, -2.0, 1.0]))) == 2.0
    assert spectral_abscissa(torch.diag(torch.tensor([0.5, -2.0, 1.0]))) == 1.0


def test_of_a_normal_matrix_the_field_of_values_says_what_the_spectrum_says():
    matrix = 0.9 * rotation(0.7)
    assert_close(numerical_radius(matrix), spectral_radius(matrix), rtol=4e-4, atol=0)
    assert_close(numerical_abscissa(matrix), spectral_abscissa(matrix))


@settings(max_examples=40, deadline=None)
@given(matrices)
def test_the_numerical_abscissa_bounds_the_exponential_and_is_its_first_slope(matrix: Tensor):
    slope = numerical_abscissa(matrix)
    assert slope >= spectral_abscissa(matrix) - 1e-9
    for t in (1e-5, 0.1, 1.0):
        growth = torch.linalg.matrix_norm(torch.linalg.matrix_exp(t * matrix), ord=2).log().item()
        assert growth <= t * slope + 1e-9
    norm = torch.linalg.matrix_norm(torch.linalg.matrix_exp(1e-7 * matrix), ord=2)
    assert_close(norm.log().item() / 1e-7, slope, rtol=1e-3, atol=1e-3)


@settings(max_examples=40, deadline=None)
@given(matrices)
def test_the_numerical_radius_lies_between_half_the_norm_and_the_norm(matrix: Tensor):
    radius, norm = numerical_radius(matrix), torch.linalg.matrix_norm(matrix, ord=2).item()
    assert norm / 2 <= radius <= norm * 1.0004
    assert radius >= spectral_radius(matrix)
    k = torch.arange(6, dtype=torch.float64)
    assert (power_norms(matrix, steps=5) <= 2 * radius**k).all()


@settings(max_examples=20, deadline=None)
@given(matrices)
def test_transient_growth_lies_between_its_bounds(matrix: Tensor):
    omega = 0.95 * matrix / spectral_radius(matrix)
    growth = transient_growth(omega, steps=300)
    assert 1 <= growth.lower <= growth.attained * (1 + 1e-6)
    assert growth.attained <= growth.upper * (1 + 1e-9)
    assert growth.attained <= math.e * len(omega) * growth.lower


def test_a_jordan_block_grows_before_it_decays():
    growth = transient_growth(JORDAN)
    # |Omega^k| is close to 5 k 0.9^(k - 1), which is largest at k = 9 and 10.
    assert growth.attained_at in (9, 10)
    assert_close(growth.attained, 5 * 9 * 0.9**8, rtol=0.01, atol=0)
    # Near the double eigenvalue |(z - Omega)^-1| is 5 / (z - 0.9)^2: K = 5 d / (d + 0.1)^2, d =
    # 0.1.
    assert_close(growth.lower, 12.5, rtol=0.02, atol=0)


def test_an_orthogonal_map_never_grows():
    assert kreiss_constant(rotation(0.3)) == pytest.approx(1.0, abs=1e-6)
    assert_close(power_norms(rotation(0.3), steps=50), torch.ones(51))
    assert lyapunov_growth_bound(rotation(0.3)) == math.inf


def test_an_unstable_map_has_no_finite_bound():
    growth = transient_growth(torch.diag(torch.tensor([0.5, 1.1])), steps=10)
    assert growth.lower == growth.upper == math.inf
    assert_close(growth.attained, 1.1**10)
    assert growth.attained_at == 10


@pytest.mark.parametrize(
    "function", [eigenvalues, numerical_abscissa, numerical_radius, kreiss_constant]
)
def test_a_matrix_that_is_not_square_is_refused(function):
    with pytest.raises(GraphError, match=r"shape `\(2, 3\)`; it must be a square matrix"):
        function(torch.zeros(2, 3))
