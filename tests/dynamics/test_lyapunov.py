import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.autograd import gradcheck, gradgradcheck
from torch.testing import assert_close

from odegraph._errors import GraphError
from odegraph.dynamics.kronecker import lyapunov_solve_kronecker
from odegraph.dynamics.lyapunov import lyapunov_prior, lyapunov_solve, stein_solve


def random_matrix(size: int, *, seed: int, radius: float, skewness: float = 0.0) -> Tensor:
    """A matrix of spectral radius `radius`; `skewness` adds a triangular part."""
    generator = torch.Generator().manual_seed(seed)
    matrix = torch.randn(size, size, generator=generator, dtype=torch.float64)
    matrix = matrix + skewness * torch.triu(
        torch.randn(size, size, generator=generator, dtype=torch.float64), 1
    )
    return radius * matrix / torch.linalg.eigvals(matrix).abs().max()


matrices = st.builds(
    random_matrix,
    size=st.integers(1, 8),
    seed=st.integers(0, 10_000),
    radius=st.floats(0.1, 3.0),
    skewness=st.sampled_from([0.0, 1.0, 5.0]),
)


def well_posed(omega: Tensor, *, margin: float) -> bool:
    eigenvalues = torch.linalg.eigvals(omega)
    return bool(((torch.outer(eigenvalues, eigenvalues) - 1).abs() > margin).all())


def test_a_diagonal_omega_gives_one_over_one_minus_its_square():
    P = lyapunov_solve(torch.diag(torch.tensor([0.5, 0.9, 1.1], dtype=torch.float64)))
    expected = torch.diag(torch.tensor([4 / 3, 1 / 0.19, -1 / 0.21], dtype=torch.float64))
    assert_close(P, expected)
    assert [f"{p:.4f}" for p in P.diagonal()] == ["1.3333", "5.2632", "-4.7619"]


@settings(max_examples=60, deadline=None)
@given(matrices)
def test_the_residual_vanishes_and_both_solvers_agree(omega: Tensor):
    assume(well_posed(omega, margin=1e-3))
    P = lyapunov_solve(omega)
    identity = torch.eye(len(omega), dtype=torch.float64)
    scale = max(1.0, P.abs().max().item() * max(1.0, omega.abs().max().item() ** 2))
    assert_close(omega.mT @ P @ omega - P, -identity, rtol=0, atol=1e-11 * scale)
    assert_close(P, P.mT, rtol=0, atol=1e-10 * scale)
    assert_close(lyapunov_solve_kronecker(omega), P, rtol=0, atol=1e-7 * scale)


@settings(max_examples=100, deadline=None)
@given(matrices)
def test_p_has_as_many_negative_eigenvalues_as_omega_has_outside_the_unit_circle(omega: Tensor):
    assume(well_posed(omega, margin=1e-3))
    P = lyapunov_solve(omega)
    assume(torch.linalg.cond(P) < 1e12)
    negative = int((torch.linalg.eigvalsh(P) < 0).sum())
    assert negative == int((torch.linalg.eigvals(omega).abs() > 1).sum())


def test_p_of_a_stable_omega_is_the_sum_of_its_powers():
    omega = random_matrix(6, seed=3, radius=0.7, skewness=4.0)
    power, total = torch.eye(6, dtype=torch.float64), torch.zeros(6, 6, dtype=torch.float64)
    for _ in range(200):
        total += power.mT @ power
        power = power @ omega
    assert_close(lyapunov_solve(omega), total)


# torch 2.13 (2026-11) still scripts its own decompositions for forward-mode derivatives.
@pytest.mark.filterwarnings("ignore:`torch.jit.script` is deprecated:DeprecationWarning")
@pytest.mark.parametrize("radius", [0.8, 1.7])
def test_the_derivatives_of_the_solve_are_right_to_second_order(radius: float):
    omega = random_matrix(4, seed=1, radius=radius, skewness=1.0).requires_grad_()
    right = random_matrix(4, seed=2, radius=1.0).requires_grad_()
    assert gradcheck(stein_solve, (omega, right), check_forward_ad=True)
    assert gradgradcheck(stein_solve, (omega, right))
    assert gradcheck(lyapunov_solve, (omega,))


def test_both_solvers_have_the_same_gradient():
    omega = random_matrix(5, seed=8, radius=1.3).requires_grad_()
    weight = random_matrix(5, seed=9, radius=1.0)
    gradients = [
        torch.autograd.grad((solve(omega) * weight).sum(), omega)[0]
        for solve in (lyapunov_solve, lyapunov_solve_kronecker)
    ]
    # P is symmetric: only the symmetric part of the weight reaches omega.
    assert_close(gradients[0], gradients[1])


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_p_has_the_dtype_of_omega_and_is_solved_in_float64(dtype: torch.dtype):
    omega = torch.diag(torch.tensor([0.99999, 0.5], dtype=dtype))
    P = lyapunov_solve(omega)
    assert P.dtype == dtype
    assert_close(
        P.diagonal(), (1 / (1 - omega.double().diagonal() ** 2)).to(dtype), rtol=1e-6, atol=0
    )


@pytest.mark.parametrize(("value", "expected"), [(0.9, 0.0), (1.01, 3.1e-6), (1.1, 0.2368)])
def test_the_prior_is_flat_at_the_unit_circle(value: float, expected: float):
    prior = lyapunov_prior(torch.tensor([[value]], dtype=torch.float64))
    assert prior.shape == ()
    assert_close(prior.item(), expected, rtol=5e-3, atol=0)


def test_the_prior_sums_over_the_unstable_directions_only():
    omega = torch.diag(torch.tensor([0.5, 1.1, 1.2], dtype=torch.float64))
    p = 1 / (1 - torch.tensor([1.1, 1.2], dtype=torch.float64) ** 2)
    assert_close(lyapunov_prior(omega, gamma=2.0), torch.exp(-(p - 1).abs() / 2.0).sum())


def test_the_prior_is_differentiable_and_descends_towards_stability():
    omega = random_matrix(5, seed=4, radius=1.4, skewness=1.0).requires_grad_()
    assert gradcheck(lyapunov_prior, (omega,))
    scalar = torch.tensor([[1.2]], dtype=torch.float64, requires_grad=True)
    lyapunov_prior(scalar).backward()
    assert scalar.grad is not None
    assert scalar.grad.item() > 0


def test_the_prior_stays_finite_where_p_is_enormous():
    omega = torch.diag(torch.tensor([1 - 1e-12, 0.5], dtype=torch.float64)).requires_grad_()
    prior = lyapunov_prior(omega)
    prior.backward()
    assert prior.item() == 0
    assert omega.grad is not None
    assert torch.equal(omega.grad, torch.zeros(2, 2, dtype=torch.float64))


@pytest.mark.parametrize(
    ("diagonal", "pair"),
    [([0.5, 2.0, 0.7], "`0.5` and `2`"), ([1.0, 0.3], "`1` and `1`")],
)
def test_a_singular_stein_equation_names_the_pair_of_eigenvalues(diagonal: list[float], pair: str):
    with pytest.raises(GraphError, match=f"no unique solution: the eigenvalues {pair}.*product 1"):
        lyapunov_solve(torch.diag(torch.tensor(diagonal, dtype=torch.float64)))


@pytest.mark.parametrize(
    ("angle", "pair"),
    [
        (np.pi / 3, r"0\.5[+-]0\.866025i` and `0\.5[+-]0\.866025i"),
        (np.pi / 2, "-?1i` and `-?1i"),
    ],
)
def test_a_rotation_is_refused_with_its_conjugate_pair(angle: float, pair: str):
    rotation = torch.tensor([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    with pytest.raises(GraphError, match=f"`{pair}` of Omega have the product 1"):
        lyapunov_solve(rotation)


def test_a_list_of_lists_is_no_matrix():
    with pytest.raises(GraphError, match="omega is of the type `list`; it must be a tensor"):
        lyapunov_solve([[0.5]])  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize("gamma", [0.0, -1.0, float("nan")])
def test_a_gamma_that_is_not_positive_is_refused(gamma: float):
    with pytest.raises(GraphError, match=f"gamma is `{gamma}`.*must be positive"):
        lyapunov_prior(torch.eye(2) / 2, gamma=gamma)


@pytest.mark.parametrize(
    ("omega", "message"),
    [
        (torch.ones(2, 3), r"shape `\(2, 3\)`; it must be a square matrix"),
        (torch.ones(2, 2, dtype=torch.int64), r"dtype `torch.int64`; it must be real"),
        (torch.ones(2, 2, dtype=torch.complex64), r"dtype `torch.complex64`; it must be real"),
        (torch.full((2, 2), float("nan")), r"holds NaN or infinity"),
    ],
)
def test_what_is_not_a_finite_real_square_matrix_is_refused(omega: Tensor, message: str):
    with pytest.raises(GraphError, match=message):
        lyapunov_solve(omega)
