"""Refinement and coarsening: nothing is lost, and gradients follow."""

from fractions import Fraction

import numpy as np
import pytest
import sympy

from odegraph._errors import ProjectionError
from odegraph.basis import (
    BSpline,
    Chebyshev,
    Cosine,
    DiscontinuousLinear,
    DiscontinuousPolynomial,
    Haar,
    Legendre,
    LegendreMultiwavelet,
    PiecewiseConstant,
    PiecewiseLinear,
    dual,
    is_nested,
    projection,
    projection_matrix,
    prolongation,
    prolongation_matrix,
    squared_error,
)


def test_refining_is_lossless(basis):
    fine = basis.refined(2)
    there = prolongation(basis, fine)
    assert is_nested(basis, fine)
    assert not is_nested(fine, basis)
    back = projection(fine, basis)
    assert (back @ there).to_sympy() == sympy.eye(basis.size)
    for t in (Fraction(0), Fraction(1, 3), Fraction(5, 7), Fraction(1)):
        row = np.array([float(v) for v in fine.evaluate(t)])
        matrix = np.array(there.to_sympy(), dtype=float)
        np.testing.assert_allclose(row @ matrix, [float(v) for v in basis.evaluate(t)], atol=1e-12)


def test_the_lossless_map_is_the_projection(polynomial_basis):
    fine = polynomial_basis.refined(2)
    assert prolongation_matrix(polynomial_basis, fine) == projection_matrix(polynomial_basis, fine)
    error = squared_error(polynomial_basis, fine, prolongation(polynomial_basis, fine))
    assert not any(error.rows)


def test_coarsening_undoes_refining(basis):
    assert basis.refined(2).coarsened(2) == basis
    assert basis.refined(1) == basis == basis.coarsened(1)


def test_sizes_after_refining():
    assert PiecewiseConstant(3).refined(2) == PiecewiseConstant(6)
    assert PiecewiseLinear(4).refined(2).size == 2 * 5 - 1
    assert Legendre(3).refined(2) == Legendre(7)
    assert Haar(2).refined(4) == Haar(4)
    assert DiscontinuousPolynomial(2, [1, 3]).refined(2).degrees == (1, 1, 3, 3)


def test_local_refinement():
    coarse = PiecewiseLinear(2)
    fine = coarse.split([1], parts=3)
    assert fine == PiecewiseLinear(breakpoints=[0, "1/2", "2/3", "5/6", 1])
    assert is_nested(coarse, fine)
    assert fine.merged([1, 2]) == coarse
    hp = DiscontinuousPolynomial(2, 1).split([0]).elevated([0], by=2)
    assert hp.degrees == (3, 1, 1)
    assert is_nested(DiscontinuousLinear(2), hp)
    assert not is_nested(DiscontinuousPolynomial(2, 2), hp)
    assert DiscontinuousPolynomial(2, 1).elevated() == DiscontinuousPolynomial(2, 2)


def test_which_bases_contain_which():
    assert is_nested(PiecewiseConstant(2), DiscontinuousLinear(4))
    assert is_nested(PiecewiseLinear(2), DiscontinuousLinear(2))
    assert not is_nested(DiscontinuousLinear(2), PiecewiseLinear(8))
    assert is_nested(Legendre(3), Chebyshev(3))
    assert is_nested(Legendre(3), BSpline(4, 3))
    assert not is_nested(Legendre(3), BSpline(4, 2))
    assert is_nested(DiscontinuousPolynomial(4, 2), LegendreMultiwavelet(2, 2))
    assert is_nested(LegendreMultiwavelet(2, 2), DiscontinuousPolynomial(4, 2))
    assert is_nested(PiecewiseConstant(4), Haar(2))
    assert not is_nested(PiecewiseConstant(3), PiecewiseConstant(4))
    assert is_nested(Cosine(2), Cosine(3))
    assert not is_nested(Cosine(2), Legendre(9))
    assert not is_nested(Legendre(1), Cosine(9))
    assert is_nested(Cosine(1), PiecewiseLinear(2))
    assert is_nested(PiecewiseConstant(1), Cosine(2))


def test_haar_coefficients_of_a_coarse_scale_are_a_prefix():
    matrix = prolongation_matrix(Haar(2), Haar(3))
    assert matrix == sympy.Matrix.vstack(sympy.eye(4), sympy.zeros(4, 4))


def test_children_get_half_of_the_gradient():
    there = prolongation(PiecewiseConstant(2), PiecewiseConstant(4))
    half = Fraction(1, 2)
    assert dual(there).apply([Fraction(3), Fraction(5)]) == (3 * half, 3 * half, 5 * half, 5 * half)


@pytest.mark.parametrize(
    ("source", "target"),
    [
        (PiecewiseConstant(3), PiecewiseConstant(6)),
        (PiecewiseConstant(3), PiecewiseConstant(2)),
        (PiecewiseLinear(3), DiscontinuousLinear(3)),
        (PiecewiseLinear(4), PiecewiseConstant(3)),
    ],
)
def test_the_dual_map_is_the_transposed_pseudo_inverse(source, target):
    there = projection(source, target)
    reference = np.linalg.pinv(np.array(there.to_sympy(), dtype=float)).T
    np.testing.assert_allclose(np.array(dual(there).to_sympy(), dtype=float), reference, atol=1e-13)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: prolongation(PiecewiseConstant(3), PiecewiseConstant(4)),
            "not contain every",
        ),
        (lambda: PiecewiseConstant(5).coarsened(2), "5 elements cannot be coarsened by `2`"),
        (lambda: Legendre(4).coarsened(2), "5 coefficients cannot be coarsened by `2`"),
        (lambda: Cosine(5).coarsened(3), "5 coefficients cannot be coarsened by `3`"),
        (lambda: PiecewiseConstant(5).refined(0), "`factor` is `0`"),
        (lambda: Haar(2).refined(3), "2, 4, 8, ... elements; here there are 12"),
        (lambda: PiecewiseConstant(5).split([5]), "Element `5` cannot be changed.*0 to 4"),
        (lambda: PiecewiseConstant(5).split([1], parts=0), "`parts` is `0`"),
        (lambda: PiecewiseConstant(5).merged([4]), "Element `4` cannot be changed.*0 to 3"),
        (lambda: DiscontinuousPolynomial(2, 1).elevated(by=0), "`by` is `0`"),
    ],
)
def test_impossible_changes_are_refused(make, message):
    with pytest.raises(ProjectionError, match=message):
        make()
