"""What holds for every basis, and each basis against an implementation of somebody else."""

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
import scipy.interpolate
import sympy
from numpy.polynomial import chebyshev, legendre

from odegraph._errors import ProjectionError
from odegraph._exact import to_float
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
)
from odegraph.basis.inner_products import inner_products
from odegraph.basis.piecewise_polynomial import PiecewisePolynomial

DEPTHS = [Fraction(k, 12) for k in range(13)] + [Fraction(1, 7), Fraction(5, 11)]


def dense(basis, depths, *, side="right"):
    rows = [[to_float(value) for value in basis.evaluate(t, side=side)] for t in depths]
    return np.array(rows)


@pytest.mark.parametrize("side", ["left", "right"])
def test_the_constant_is_one_everywhere(basis, side):
    for t in DEPTHS:
        row = basis.row(t, side=side)
        constants = basis.constant_coefficients()
        assert sum((constants[index] * value for index, value in row), Fraction(0)) == 1


def test_a_row_is_sparse_and_the_same_as_the_dense_values(basis):
    for t in DEPTHS:
        row = basis.row(t, side="left")
        values = basis.evaluate(t, side="left")
        assert len(values) == basis.size == len(basis.constant_coefficients())
        assert dict(row) == {i: value for i, value in enumerate(values) if value != 0}


def test_theta_jumps_only_where_it_is_said_to(basis):
    for t in basis.breakpoints[1:-1]:
        jumps = basis.evaluate(t, side="left") != basis.evaluate(t, side="right")
        assert jumps == (t in basis.jumps)


def test_a_step_sees_the_limits_from_inside(basis):
    points = basis.breakpoints
    for start, end in pairwise(points):
        assert basis.row_within(start, interval=(start, end)) == basis.row(start, side="right")
        assert basis.row_within(end, interval=(start, end)) == basis.row(end, side="left")
        middle = (start + end) / 2
        assert basis.row_within(middle, interval=(start, end)) == basis.row(middle, side="left")


def test_irrational_depths_agree_with_their_decimals(basis):
    depth = (3 + sympy.sqrt(3)) / 6
    decimals = Fraction(str(depth.evalf(40)))
    exact = [to_float(value) for value in basis.evaluate(depth)]
    np.testing.assert_allclose(exact, dense(basis, [decimals])[0], rtol=1e-14, atol=1e-15)


def test_the_nodes_determine_the_coefficients(basis):
    nodes = basis.nodes
    assert len(nodes) == basis.size
    matrix = np.array([[to_float(v) for v in basis.evaluate(t, side=side)] for t, side in nodes])
    assert np.linalg.cond(matrix) < 1e4


def test_orthogonal_means_a_diagonal_mass_matrix(polynomial_basis):
    full = inner_products(polynomial_basis, polynomial_basis).to_sympy()
    assert isinstance(polynomial_basis, PiecewisePolynomial)
    if polynomial_basis.is_orthogonal:
        assert full.is_diagonal()


def test_legendre_is_numpys():
    reference = legendre.legvander(2 * np.array([float(t) for t in DEPTHS]) - 1, 6)
    np.testing.assert_allclose(dense(Legendre(6), DEPTHS), reference, atol=1e-14)


def test_chebyshev_is_numpys():
    reference = chebyshev.chebvander(2 * np.array([float(t) for t in DEPTHS]) - 1, 7)
    np.testing.assert_allclose(dense(Chebyshev(7), DEPTHS), reference, atol=1e-13)


@pytest.mark.parametrize("degree", [0, 1, 2, 3, 5])
@pytest.mark.parametrize("breakpoints", [[0, "1/3", "2/3", 1], [0, "1/10", "1/2", "3/5", 1]])
def test_splines_are_scipys(degree, breakpoints):
    basis = BSpline(degree=degree, breakpoints=breakpoints)
    inside = [float(t) for t in basis.breakpoints]
    knots = np.array([0.0] * degree + inside + [1.0] * degree)
    depths = [t for t in DEPTHS if t < 1 and t not in basis.breakpoints]
    reference = scipy.interpolate.BSpline.design_matrix([float(t) for t in depths], knots, degree)
    np.testing.assert_allclose(dense(basis, depths), reference.toarray(), atol=1e-14)


def test_cosines_are_numpys():
    angles = np.pi * np.outer([float(t) for t in DEPTHS], np.arange(6))
    np.testing.assert_allclose(dense(Cosine(6), DEPTHS), np.cos(angles), atol=1e-15)


def test_haar_functions_are_those_of_haar():
    midpoints = [Fraction(2 * k + 1, 8) for k in range(4)]
    assert dense(Haar(2), midpoints).T.tolist() == [
        [1, 1, 1, 1],
        [1, 1, -1, -1],
        [1, -1, 0, 0],
        [0, 0, 1, -1],
    ]
    assert Haar(2).scales == (0, 1, 2, 2)


def test_unequal_halves_have_zero_mean():
    basis = Haar(breakpoints=[0, "1/4", 1])
    assert basis.evaluate(Fraction(0))[1] * Fraction(1, 4) == Fraction(3, 8)
    assert basis.evaluate(Fraction(1))[1] * Fraction(3, 4) == -Fraction(3, 8)


def test_multiwavelets_of_degree_zero_are_haars():
    breakpoints = [0, "1/5", "1/2", "2/3", 1]
    haar, other = Haar(breakpoints=breakpoints), LegendreMultiwavelet(2, 0)
    assert dense(Haar(2), DEPTHS).tolist() == dense(other, DEPTHS).tolist()
    other = LegendreMultiwavelet(degree=0, breakpoints=breakpoints)
    assert dense(haar, DEPTHS).tolist() == dense(other, DEPTHS).tolist()


def test_details_of_multiwavelets_vanish_for_polynomials():
    basis, polynomial = LegendreMultiwavelet(2, 2), Legendre(2)
    moments = inner_products(basis, polynomial)
    assert not any(moments.rows[3:])
    assert basis.scales == (0,) * 3 + (1,) * 3 + (2,) * 6


def test_families_meet_at_low_degrees():
    uneven = [0, "1/5", "1/2", 1]
    for depth in DEPTHS:
        for side in ("left", "right"):
            one = DiscontinuousPolynomial(degree=1, breakpoints=uneven)
            linear = DiscontinuousLinear(breakpoints=uneven)
            assert one.evaluate(depth, side=side) == linear.evaluate(depth, side=side)
            hats = PiecewiseLinear(breakpoints=uneven)
            spline = BSpline(degree=1, breakpoints=uneven)
            assert spline.evaluate(depth, side=side) == hats.evaluate(depth, side=side)
            constants = PiecewiseConstant(breakpoints=uneven)
            for zero in (BSpline, DiscontinuousPolynomial):
                basis = zero(degree=0, breakpoints=uneven)
                assert basis.evaluate(depth, side=side) == constants.evaluate(depth, side=side)


def test_sizes():
    assert PiecewiseConstant(elements=2).size == 2
    assert PiecewiseLinear(4).size == 5
    assert DiscontinuousLinear(4).size == 8
    assert DiscontinuousPolynomial(4, 3).size == 16
    assert DiscontinuousPolynomial(2, [1, 3]).size == 6
    assert Legendre(3).size == 4
    assert Chebyshev(3).size == 4
    assert Cosine(3).size == 3
    assert BSpline(4, 3).size == 7
    assert Haar(3).size == 8
    assert LegendreMultiwavelet(3, 1).size == 16


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Legendre(-1), "`degree` is `-1`"),
        (lambda: Chebyshev(2.0), "`degree` is `2.0`"),  # pyright: ignore[reportArgumentType]
        (lambda: Legendre(1000), "whole number from 0 to 64"),
        (lambda: Cosine(0), "`size` is `0`"),
        (lambda: BSpline(3), "`degree` is `None`"),
        (lambda: BSpline(0, 3), "`elements` is `0`"),
        (lambda: Haar(True), "`levels` is `True`"),
        (lambda: Haar(40), "`levels` is `40`"),
        (lambda: Haar(), "`levels` is `None`"),
        (lambda: Haar(2, breakpoints=[0, 1]), "and not both"),
        (lambda: Haar(breakpoints=[0, "1/3", "2/3", 1]), "2, 4, 8, ... elements; here there are 3"),
        (lambda: DiscontinuousPolynomial(3, [1, 2]), "2 numbers for 3 elements"),
        (lambda: DiscontinuousPolynomial(3, [1, 2, 0.5]), "`degree` is `0.5`"),  # pyright: ignore[reportArgumentType]
        (lambda: DiscontinuousPolynomial(3), "`degree` is `None`"),
    ],
)
def test_bad_arguments_are_refused(make, message):
    with pytest.raises(ProjectionError, match=message):
        make()


def test_rows_of_a_thousand_elements_are_short():
    # Sparse: the number of entries does not grow with the number of elements.
    for large in (PiecewiseConstant(1024), PiecewiseLinear(1024), BSpline(1024, 3)):
        lengths = {len(large.row(Fraction(k, 2048), side="left")) for k in range(0, 2048, 97)}
        assert max(lengths) <= 4
    assert len(Haar(10).row(Fraction(1, 3), side="left")) == 11
