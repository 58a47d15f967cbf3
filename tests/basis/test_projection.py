"""Projection, interpolation and their errors: laws, and quadrature as a second opinion."""

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

from odegraph._errors import ProjectionError
from odegraph._exact import to_float
from odegraph.basis import (
    Cosine,
    DiscontinuousLinear,
    DiscontinuousPolynomial,
    Haar,
    Legendre,
    PiecewiseConstant,
    PiecewiseLinear,
    interpolation,
    interpolation_matrix,
    mass_matrix,
    projection,
    projection_matrix,
    squared_error,
)

meshes = st.sets(st.fractions(0, 1, max_denominator=30), max_size=5).map(
    lambda points: sorted(points | {Fraction(0), Fraction(1)})
)


def floats(matrix):
    return np.array(
        [[to_float(matrix[i, j]) for j in range(matrix.shape[1])] for i in range(matrix.shape[0])]
    )


def quadrature(*bases):
    """Depths and weights of 16 Gauss points in every cell of the common refinement."""
    points = sorted({t for basis in bases for t in basis.breakpoints})
    x, w = np.polynomial.legendre.leggauss(16)
    depths, weights = [], []
    for start, end in pairwise(points):
        length = end - start
        depths += [start + length * Fraction((float(s) + 1) / 2) for s in x]
        weights += [float(length) / 2 * float(v) for v in w]
    return depths, np.array(weights)


def numeric_projection(source, target):
    depths, weights = quadrature(source, target)
    phi = np.array([[to_float(v) for v in source.evaluate(t)] for t in depths])
    psi = np.array([[to_float(v) for v in target.evaluate(t)] for t in depths])
    return np.linalg.solve(psi.T * weights @ psi, psi.T * weights @ phi)


def test_projection_agrees_with_quadrature(basis, other_basis):
    exact = floats(projection(basis, other_basis))
    assert exact.shape == (other_basis.size, basis.size)
    np.testing.assert_allclose(exact, numeric_projection(basis, other_basis), atol=1e-11)


def test_projection_keeps_constants(polynomial_basis, other_basis):
    mapped = projection(polynomial_basis, other_basis).apply(
        polynomial_basis.constant_coefficients()
    )
    for value, expected in zip(mapped, other_basis.constant_coefficients(), strict=True):
        assert sympy.simplify(value - expected) == 0


def test_projection_to_itself_is_the_identity(basis):
    assert projection_matrix(basis, basis) == sympy.eye(basis.size)
    assert interpolation(basis, basis).to_sympy() == sympy.eye(basis.size)


@given(meshes, meshes)
@settings(max_examples=25, deadline=None)
def test_projection_keeps_the_mean_and_constants(first, second):
    source = DiscontinuousLinear(breakpoints=first)
    target = PiecewiseConstant(breakpoints=second)
    there = projection_matrix(source, target)
    mean_of_source = sympy.ones(1, source.size) * mass_matrix(source)
    mean_of_target = sympy.ones(1, target.size) * mass_matrix(target)
    assert mean_of_target * there == mean_of_source
    assert list(there * sympy.ones(source.size, 1)) == [1] * target.size


@given(meshes, meshes)
@settings(max_examples=25, deadline=None)
def test_projection_is_idempotent(first, second):
    target = PiecewiseLinear(breakpoints=second)
    common = DiscontinuousLinear(breakpoints=sorted({*first, *second}))
    onto = projection_matrix(target, common) * projection_matrix(common, target)
    assert onto * onto == onto
    assert projection_matrix(common, target) * onto == projection_matrix(common, target)


def test_the_facts_of_the_talk():
    there = projection_matrix(DiscontinuousLinear(1), PiecewiseConstant(2))
    assert list(there * sympy.Matrix([0, 1])) == [Fraction(1, 4), Fraction(3, 4)]


def test_a_quadrature_that_straddles_a_jump_is_wrong_and_projection_is_not():
    source, target = PiecewiseConstant(2), PiecewiseConstant(1)
    assert projection(source, target).apply([Fraction(1), Fraction(2)]) == (Fraction(3, 2),)
    x, w = np.polynomial.legendre.leggauss(4)
    shifted = PiecewiseConstant(breakpoints=[0, "3/10", 1])
    exact = projection(shifted, target).apply([Fraction(1), Fraction(2)])
    straddling = sum(w / 2 * np.where((x + 1) / 2 < 0.3, 1, 2))
    assert exact == (Fraction(17, 10),)
    assert abs(straddling - 1.7) > 0.02


def test_interpolation_takes_the_values_at_the_nodes():
    source = PiecewiseLinear(4)
    assert list(
        interpolation_matrix(source, PiecewiseLinear(2)) * sympy.Matrix([0, 5, 2, 7, 4])
    ) == [0, 2, 4]
    ramp = interpolation_matrix(DiscontinuousLinear(1), PiecewiseConstant(2)) * sympy.Matrix([0, 1])
    assert list(ramp) == [Fraction(1, 4), Fraction(3, 4)]
    inside = interpolation_matrix(PiecewiseConstant(2), DiscontinuousLinear(2)) * sympy.Matrix(
        [3, 8]
    )
    assert list(inside) == [3, 3, 8, 8]


def test_interpolated_functions_agree_at_the_nodes(basis, other_basis):
    matrix = floats(interpolation(basis, other_basis))
    for t, side in other_basis.nodes:
        row = np.array([to_float(value) for value in other_basis.evaluate(t, side=side)])
        expected = [to_float(value) for value in basis.evaluate(t, side=side)]
        np.testing.assert_allclose(row @ matrix, expected, atol=1e-12)


def test_the_error_matrix_gives_the_distance_of_the_functions(polynomial_basis, other_basis):
    there = projection(polynomial_basis, other_basis)
    error = floats(squared_error(polynomial_basis, other_basis, there))
    theta = np.random.default_rng(0).normal(size=polynomial_basis.size)
    depths, weights = quadrature(polynomial_basis, other_basis)
    before = np.array([[to_float(v) for v in polynomial_basis.evaluate(t)] for t in depths])
    after = np.array([[to_float(v) for v in other_basis.evaluate(t)] for t in depths])
    distance = before @ theta - after @ (floats(there) @ theta)
    np.testing.assert_allclose(theta @ error @ theta, weights @ distance**2, atol=1e-11)


def test_a_projection_is_nearer_than_any_other_map():
    source, target = PiecewiseLinear(5), PiecewiseConstant(3)
    best = squared_error(source, target, projection(source, target)).to_sympy()
    other = squared_error(source, target, interpolation(source, target)).to_sympy()
    assert (other - best).is_positive_semidefinite


def test_mass_matrices():
    assert mass_matrix(PiecewiseLinear(2)) * 12 == sympy.Matrix([[2, 1, 0], [1, 4, 1], [0, 1, 2]])
    assert mass_matrix(Legendre(2)) == sympy.diag(1, Fraction(1, 3), Fraction(1, 5))
    assert mass_matrix(Cosine(3)) == sympy.diag(1, Fraction(1, 2), Fraction(1, 2))
    assert mass_matrix(Haar(2)) == sympy.diag(1, 1, Fraction(1, 2), Fraction(1, 2))


def test_a_large_projection_stays_sparse():
    there = projection(PiecewiseConstant(1024), PiecewiseConstant(512))
    assert there.shape == (512, 1024)
    assert there.to_floats()[3][5:9] == [0, 0.5, 0.5, 0]
    assert all(
        row == {2 * k: Fraction(1, 2), 2 * k + 1: Fraction(1, 2)}
        for k, row in enumerate(there.rows)
    )


def test_high_degrees_stay_exact():
    source, target = DiscontinuousPolynomial(1, 12), Legendre(12)
    there, back = projection_matrix(source, target), projection_matrix(target, source)
    assert there * back == sympy.eye(13)


def test_what_is_no_basis_is_refused():
    with pytest.raises(ProjectionError, match=r"`8` is a int, not a basis"):
        projection_matrix(8, PiecewiseConstant(2))  # pyright: ignore[reportArgumentType]
    with pytest.raises(ProjectionError, match=r"is a list, not a basis"):
        interpolation_matrix(PiecewiseConstant(2), [2])  # pyright: ignore[reportArgumentType]
