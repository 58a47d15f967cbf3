"""R(z), A- and L-stability: against determinants, scans of |R|, and the books."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import sympy
from catalogue_names import names_of_kind
from hypothesis import given, settings
from hypothesis import strategies as st

from odegraph.scheme import RungeKuttaScheme, SchemeSpec, load_scheme, verify
from odegraph.scheme.number_field import to_sympy
from odegraph.scheme.polynomials import (
    ONE,
    count_roots,
    divide,
    evaluate,
    flip,
    has_left_half_plane_roots_only,
    is_nonnegative,
    multiply,
    sturm_chain,
)
from odegraph.scheme.real_roots import smallest_positive_root
from odegraph.scheme.residues import are_surely_coprime


def load(name: str | Path, **parameters: object) -> RungeKuttaScheme:
    scheme = load_scheme(name, **parameters)
    assert isinstance(scheme, RungeKuttaScheme)
    return scheme


def proven(data: dict) -> RungeKuttaScheme:
    scheme = verify(SchemeSpec.from_dict(data))
    assert isinstance(scheme, RungeKuttaScheme)
    return scheme


Z = sympy.Symbol("z")
NAMES = names_of_kind("runge-kutta")
IMPLICIT = [name for name in NAMES if not load(name).is_explicit]


def growth_factor(scheme):
    """R(z) in floating point."""
    P, Q = ([float(to_sympy(x)) for x in p] for p in (scheme.stability.P, scheme.stability.Q))
    return lambda z: np.polyval(P[::-1], z) / np.polyval(Q[::-1], z)


def floats(values):
    return np.array([[float(x) for x in row] for row in values.tolist()])


@pytest.mark.parametrize("name", [n for n in NAMES if load(n).stages <= 3])
def test_R_is_the_quotient_of_determinants(name):
    scheme = load(name)
    ones = sympy.ones(scheme.stages, 1)
    eye = sympy.eye(scheme.stages)
    numerator = (eye - Z * scheme.A + Z * ones * scheme.b.T).det()
    quotient = sympy.simplify(numerator / (eye - Z * scheme.A).det())
    difference = quotient - scheme.stability_function(Z)
    for z in (sympy.Rational(1, 3), sympy.Rational(-7, 5), sympy.I):
        assert abs(difference.subs(Z, z).evalf(30)) < 1e-25


@pytest.mark.parametrize("name", NAMES)
def test_R_is_what_a_step_does_to_a_linear_equation(name):
    scheme = load(name)
    A, b = floats(scheme.A), floats(scheme.b)[:, 0]
    R = growth_factor(scheme)
    for z in (-0.7 + 0.4j, 0.3 - 1.1j, -2.5 + 0j):
        stages = np.linalg.solve(np.eye(len(b)) - z * A, np.ones(len(b)))
        assert R(z) == pytest.approx(1 + z * b @ stages, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("name", IMPLICIT)
def test_a_stability_agrees_with_a_scan_of_the_left_half_plane(name):
    scheme = load(name)
    R = growth_factor(scheme)
    y = np.concatenate([np.linspace(-50, 50, 4001), 10.0 ** np.arange(2, 7)])
    x = -np.concatenate([[0.0], 10.0 ** np.linspace(-3, 6, 91)])
    # The neighbourhood in which a pole is felt may be narrow: of substeps back in compositions.
    poles = 1 / np.array([z for z in np.linalg.eigvals(floats(scheme.A)) if abs(z) > 1e-9])
    beside = poles[poles.real < 0] + 1e-6
    x, y = np.concatenate([x, beside.real]), np.concatenate([y, beside.imag])
    growth = np.abs(R(x[:, None] + 1j * y[None, :]))
    assert scheme.is_a_stable == bool((growth <= 1 + 1e-9).all())
    at_infinity = abs(R(-1e12))
    assert scheme.is_l_stable == (scheme.is_a_stable and bool(at_infinity < 1e-6))


def test_explicit_schemes_are_never_a_stable():
    explicit = [n for n in NAMES if n not in IMPLICIT]
    assert not any(load(n).is_a_stable or load(n).is_l_stable for n in explicit)


def test_common_factors_are_cancelled():
    # Two stages, of which the second is not used: R is that of backward Euler.
    data = {"A": [["1", "0"], ["1/3", "2/3"]], "b": ["1", "0"]}
    scheme = proven(data)
    assert sympy.simplify(scheme.stability_function(Z) - 1 / (1 - Z)) == 0
    assert (len(scheme.stability.P), len(scheme.stability.Q)) == (1, 2)
    assert scheme.is_l_stable


@pytest.mark.parametrize(
    ("gamma", "stable"),
    [("1/4", True), ("249/1000", False), ("1/10", False), ("1/2", True), ("3", True)],
)
def test_the_bound_of_a_stability_of_two_stage_sdirk_is_sharp(gamma, stable):
    # Order 2 with diagonal gamma is A-stable exactly for gamma >= 1/4 (Hairer and Wanner, IV.6).
    A = [["gamma"], ["1 - 2*gamma", "gamma"]]
    spec = {"A": A, "b": ["1/2", "1/2"], "numbers": {"gamma": gamma}}
    assert proven(spec).is_a_stable == stable


COEFFICIENTS = st.lists(st.integers(-4, 4).map(Fraction), min_size=1, max_size=4)


def from_roots(roots):
    p = (Fraction(1),)
    for root in roots:
        p = multiply(p, (-root, Fraction(1)))
    return p


@settings(deadline=None)
@given(roots=COEFFICIENTS, low=st.fractions(-5, 5), high=st.fractions(-5, 5))
def test_sturm_counts_distinct_roots(roots, low, high):
    low, high = sorted((low, high))
    chain = sturm_chain(from_roots(sorted(set(roots))))
    assert count_roots(chain, low, high) == len({r for r in roots if low < r <= high})


@settings(deadline=None)
@given(roots=st.lists(st.fractions(-9, 9, max_denominator=16), max_size=6, unique=True))
def test_the_smallest_positive_root_is_isolated(roots):
    polynomial = multiply(from_roots(sorted(roots)), (Fraction(3), Fraction(-2), Fraction(1)))
    found, positive = smallest_positive_root(polynomial), [r for r in roots if r > 0]
    assert (found is None) == (not positive)
    if found is not None:
        assert [r for r in roots if found.low < r <= found.high] == [min(positive)]
        assert float(found) == pytest.approx(float(min(positive)), rel=1e-15)
        assert found.to_sympy() == sympy.Rational(*min(positive).as_integer_ratio())


@settings(deadline=None)
@given(x=COEFFICIENTS, y=COEFFICIENTS)
def test_coprime_modulo_a_prime_means_no_common_root(x, y):
    assert are_surely_coprime(from_roots(x), from_roots(y)) == (not set(x) & set(y))


def test_coprime_polynomials_over_a_number_field():
    root = load("gauss-2").tableau.A[0][1]  # in QQ(sqrt(3))
    p, q = from_roots([root, Fraction(1)]), from_roots([-root, Fraction(1, 7)])
    assert are_surely_coprime(p, q)
    assert not are_surely_coprime(multiply(p, q), q)
    assert divide(p, ONE) == (p, ())


@settings(deadline=None)
@given(roots=COEFFICIENTS)
def test_nonnegative_on_the_half_line_means_even_multiplicity_there(roots):
    odd = {r for r in roots if roots.count(r) % 2}
    assert is_nonnegative(from_roots(roots)) == all(r <= 0 for r in odd)


@settings(deadline=None)
@given(
    real=COEFFICIENTS,
    pairs=st.lists(st.tuples(st.integers(-3, 3), st.integers(1, 3)), max_size=2),
)
def test_routh_array_agrees_with_known_roots(real, pairs):
    p = from_roots(real)
    for re, im in pairs:
        p = multiply(p, (Fraction(re * re + im * im), Fraction(-2 * re), Fraction(1)))
    stable = all(r < 0 for r in real) and all(re < 0 for re, _ in pairs)
    assert has_left_half_plane_roots_only(p) == stable
    assert evaluate(flip(p), 2) == evaluate(p, -2)


def test_decimal_coefficients_do_not_hide_stability():
    # E of the implicit midpoint rule vanishes; with 1/2 in 16 digits of 1/3 + 1/6 it is noise.
    data = {
        "A": [["0.5000000000000001"]], "b": ["1"], "decimal": True, "tolerance": "1e-15",
    }  # fmt: skip
    scheme = proven(data)
    assert not scheme.is_exact
    assert scheme.order == 2
    assert scheme.stability.e_polynomial() == ()
    assert scheme.is_a_stable
    assert proven(data | {"A": [["0.4999999999999999"]]}).is_a_stable
