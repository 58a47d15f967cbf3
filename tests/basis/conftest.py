"""Every kind of basis, on uniform and on given breakpoints, as one fixture."""

import pytest

from odegraph.basis import (
    Basis,
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

UNEVEN = (0, "1/5", "1/2", "2/3", 1)
PIECEWISE = (
    PiecewiseConstant(3),
    PiecewiseConstant(breakpoints=UNEVEN),
    PiecewiseLinear(4),
    PiecewiseLinear(breakpoints=UNEVEN),
    DiscontinuousLinear(2),
    DiscontinuousLinear(breakpoints=UNEVEN),
    DiscontinuousPolynomial(3, 3),
    DiscontinuousPolynomial(degree=[0, 2, 1, 4], breakpoints=UNEVEN),
    BSpline(4, 3),
    BSpline(degree=2, breakpoints=UNEVEN),
    BSpline(3, 0),
    Haar(3),
    Haar(breakpoints=UNEVEN),
    LegendreMultiwavelet(2, 2),
    LegendreMultiwavelet(degree=1, breakpoints=UNEVEN),
)
POLYNOMIAL = (*PIECEWISE, Legendre(4), Chebyshev(5), Legendre(0))
ALL = (*POLYNOMIAL, Cosine(5))


@pytest.fixture(params=ALL, ids=repr)
def basis(request: pytest.FixtureRequest) -> Basis:
    return request.param


@pytest.fixture(params=POLYNOMIAL, ids=repr)
def polynomial_basis(request: pytest.FixtureRequest) -> Basis:
    return request.param


@pytest.fixture(params=ALL[::2], ids=repr)
def other_basis(request: pytest.FixtureRequest) -> Basis:
    return request.param
