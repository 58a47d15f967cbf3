"""RKC and RKL: R is a shifted Chebyshev or Legendre polynomial, the interval follows from it."""

from fractions import Fraction

import pytest
import sympy

from odegraph.scheme import RungeKuttaScheme, load_scheme
from odegraph.scheme.runge_kutta_chebyshev import chebyshev

Z, X = sympy.symbols("z x")


def load(name: str, stages: int) -> RungeKuttaScheme:
    scheme = load_scheme(name, stages=stages)
    assert isinstance(scheme, RungeKuttaScheme)
    return scheme


def at(polynomial, value, derivatives: int = 0):
    return sympy.diff(polynomial, X, derivatives).subs(X, value)


@pytest.mark.parametrize("stages", [2, 3, 6])
def test_rkl2_is_a_shifted_legendre_polynomial(stages):
    w1 = sympy.Rational(4, stages**2 + stages - 2)
    b = sympy.Rational(stages**2 + stages - 2, 2 * stages * (stages + 1))
    expected = 1 - b + b * sympy.legendre(stages, 1 + w1 * Z)
    assert sympy.expand(expected - load("rkl2", stages).stability_function(Z)) == 0


@pytest.mark.parametrize("stages", [1, 2, 5])
def test_rkc1_is_a_damped_chebyshev_polynomial(stages):
    w0 = 1 + sympy.Rational(1, 20 * stages**2)
    T = sympy.chebyshevt(stages, X)
    w1 = at(T, w0) / at(T, w0, 1)
    expected = at(T, w0 + w1 * Z) / at(T, w0)
    scheme = load("rkc1", stages)
    assert sympy.expand(expected - scheme.stability_function(Z)) == 0
    assert scheme.analysis.real_stability_interval == 2 * w0 / w1


@pytest.mark.parametrize("stages", [2, 3, 6])
def test_rkc2_is_a_damped_chebyshev_polynomial(stages):
    w0 = 1 + sympy.Rational(2, 13 * stages**2)
    T = sympy.chebyshevt(stages, X)
    w1 = at(T, w0, 1) / at(T, w0, 2)
    b = at(T, w0, 2) / at(T, w0, 1) ** 2
    expected = 1 - b * at(T, w0) + b * at(T, w0 + w1 * Z)
    assert sympy.expand(expected - load("rkc2", stages).stability_function(Z)) == 0


@pytest.mark.parametrize(
    ("name", "factor"), [("rkl1", 1), ("rkl2", 0.5), ("rkc1", 1.9), ("rkc2", 0.64)]
)
def test_real_stability_grows_with_the_square_of_the_stages(name, factor):
    # Interval over s^2: 1, 1/2, 2 - 4 eps / 3 and (1 - 2 eps / 15) 2 / 3 for many stages.
    for stages in (4, 8):
        interval = load(name, stages).analysis.real_stability_interval
        assert float(interval) > factor * (stages**2 - 1)


@pytest.mark.parametrize("x", [Fraction(1, 3), Fraction(5, 4)])
def test_chebyshev_recursion(x):
    value = sympy.Rational(x.numerator, x.denominator)
    for degree, found in enumerate(chebyshev(6, x)):
        T = sympy.chebyshevt(degree, X)
        assert list(map(str, found)) == [str(at(T, value, k)) for k in range(3)]


def test_many_stages_are_proven_in_time():
    scheme = load("rkc2", 24)
    assert (scheme.order, scheme.stages, scheme.is_explicit) == (2, 24, True)
