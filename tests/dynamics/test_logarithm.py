import math
from fractions import Fraction

import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.testing import assert_close

from odegraph._errors import GraphError
from odegraph.dynamics.logarithm import part_of_step, real_logarithm


def similar(blocks: list[Tensor], *, seed: int = 0) -> Tensor:
    """A matrix with these diagonal blocks in another basis."""
    diagonal = torch.block_diag(*blocks)
    generator = torch.Generator().manual_seed(seed)
    noise = torch.randn(diagonal.shape, generator=generator, dtype=torch.float64)
    basis = torch.eye(len(diagonal), dtype=torch.float64) + 0.3 * noise
    return basis @ diagonal @ torch.linalg.inv(basis)


def number(value: float) -> Tensor:
    return torch.tensor([[value]], dtype=torch.float64)


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 6), st.integers(0, 10_000))
def test_what_comes_from_a_generator_has_a_logarithm(size: int, seed: int):
    generator = torch.Generator().manual_seed(seed)
    L = torch.randn(size, size, generator=generator, dtype=torch.float64)
    assume(torch.linalg.eigvals(L).imag.abs().max() < 3)
    omega = torch.linalg.matrix_exp(L)
    assert_close(real_logarithm(omega), L, rtol=1e-6, atol=1e-6)
    half = part_of_step(omega)
    assert_close(half @ half, omega, rtol=1e-8, atol=1e-8)
    third = part_of_step(omega, Fraction(1, 3))
    assert_close(third @ third @ third, omega, rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize(
    "blocks",
    [
        [-torch.eye(2)],
        [-torch.eye(4)],
        [number(-0.5), number(0.7), number(-0.5)],
        [-0.5 * torch.eye(2), -2 * torch.eye(2), torch.tensor([[0.0, -1.0], [1.0, 0.0]])],
    ],
)
def test_a_negative_eigenvalue_of_even_multiplicity_is_a_half_turn(blocks: list[Tensor]):
    omega = similar([block.double() for block in blocks])
    L = real_logarithm(omega)
    assert L.dtype == torch.float64
    assert_close(torch.linalg.matrix_exp(L), omega, rtol=1e-8, atol=1e-8)
    half = part_of_step(omega)
    assert_close(half @ half, omega, rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize(
    ("blocks", "value", "count"),
    [
        ([number(-0.5), number(0.7)], r"-0\.5", 1),
        ([number(-0.5), number(-0.3), number(1.0)], r"-0\.5", 1),
        ([-2 * torch.eye(3), number(0.5)], "-2", 3),
    ],
)
def test_a_negative_eigenvalue_of_odd_multiplicity_refuses_half_a_step(
    blocks: list[Tensor], value: str, count: int
):
    omega = similar([block.double() for block in blocks])
    message = rf"no `1/2 of a step` of it: the negative eigenvalue `{value}` has the multiplicity "
    with pytest.raises(
        GraphError, match=rf"no real logarithm.*{message}`{count}`.*learn a generator"
    ):
        part_of_step(omega)


def test_a_singular_map_is_refused():
    with pytest.raises(GraphError, match=r"no `logarithm` of it: it is singular"):
        real_logarithm(torch.diag(torch.tensor([1.0, 0.0])))


def test_a_defective_negative_pair_is_refused():
    with pytest.raises(GraphError, match=r"eigenvalue `-0\.5` `2` times, but too few eigenvectors"):
        real_logarithm(torch.tensor([[-0.5, 1.0], [0.0, -0.5]]))


def test_the_half_step_of_a_rotation_is_half_the_rotation():
    angle = 2.0
    turns = [
        torch.tensor([[math.cos(a), -math.sin(a)], [math.sin(a), math.cos(a)]], dtype=torch.float32)
        for a in (angle, angle / 2)
    ]
    half = part_of_step(turns[0])
    assert half.dtype == torch.float32
    assert_close(half, turns[1])


def test_a_map_next_to_a_defective_one_is_refused_or_accurate():
    # Two complex eigenvalues 1e-5 off the negative axis: the principal logarithm, nearly a jump.
    omega = torch.tensor([[-0.5, 1.0], [-1e-10, -0.5]], dtype=torch.float64)
    assert_close(torch.linalg.matrix_exp(real_logarithm(omega)), omega, rtol=1e-5, atol=1e-5)


def test_a_logarithm_that_misses_omega_is_refused(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("odegraph.dynamics.logarithm.ACCURACY", -1.0)
    with pytest.raises(GraphError, match=r"`logarithm` of Omega cannot be computed safely"):
        real_logarithm(torch.eye(2))
