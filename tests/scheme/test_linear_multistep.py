"""Multistep schemes: order, zero stability and A-stability, each against another way to know it."""

import math
from fractions import Fraction

import numpy as np
import pytest
import sympy
from catalogue_names import names_of_kind
from hypothesis import given, settings
from hypothesis import strategies as st

from odegraph._errors import SchemeError
from odegraph.scheme import LinearMultistepScheme, SchemeSpec, load_scheme, verify
from odegraph.scheme.root_condition import root_condition, stability_angle, worst_root

NAMES = names_of_kind("linear-multistep")


def load(name: str) -> LinearMultistepScheme:
    scheme = load_scheme(name)
    assert isinstance(scheme, LinearMultistepScheme)
    return scheme


def proven(alpha, beta, **more) -> LinearMultistepScheme:
    data = {"kind": "linear-multistep", "alpha": alpha, "beta": beta, **more}
    scheme = verify(SchemeSpec.from_dict(data))
    assert isinstance(scheme, LinearMultistepScheme)
    return scheme


def integrated_lagrange(points: list[int], low: int, high: int) -> list[sympy.Expr]:
    """The weights of f(points) in the integral of its interpolation polynomial."""
    t = sympy.Symbol("t")
    weights = []
    for j in points:
        factors = [(t - m) * sympy.Rational(1, j - m) for m in points if m != j]
        weights.append(sympy.integrate(sympy.expand(sympy.Mul(*factors)), (t, low, high)))
    return weights


@pytest.mark.parametrize("k", range(1, 6))
def test_adams_bashforth_integrates_the_interpolated_rate(k):
    assert list(load(f"adams-bashforth-{k}").beta[:k]) == integrated_lagrange([*range(k)], k - 1, k)


@pytest.mark.parametrize("k", range(1, 5))
def test_adams_moulton_integrates_through_the_new_rate(k):
    weights = integrated_lagrange([*range(k + 1)], k - 1, k)
    assert list(load(f"adams-moulton-{k}").beta) == weights


@pytest.mark.parametrize("k", range(1, 7))
def test_bdf_differentiates_the_interpolated_state(k):
    # sum_{m=1}^k (1/m) nabla^m x_{n+k} = h R_{n+k}
    E = sympy.Symbol("E")
    nabla = sum(sympy.Rational(1, m) * (E - 1) ** m * E ** (k - m) for m in range(1, k + 1))
    weights = sympy.Poly(sympy.expand(nabla), E).all_coeffs()[::-1]
    assert load(f"bdf-{k}").alpha == tuple(w / weights[-1] for w in weights)


@pytest.mark.parametrize("name", NAMES)
def test_order_is_that_of_the_series(name):
    # rho(e^h) - h sigma(e^h) = C_(p+1) h^(p+1) + ..., at a small h with many digits
    scheme = load(name)
    one = sympy.Float(1, 120)
    h = one / 10**8

    def value(x):
        powers = [sympy.exp(j * x) for j in range(scheme.history + 1)]
        states = sum(a * p for a, p in zip(scheme.alpha, powers, strict=True))
        return states - x * sum(b * p for b, p in zip(scheme.beta, powers, strict=True))

    constant = value(h) / h ** (scheme.order + 1) / sum(scheme.beta)
    assert float(constant) == pytest.approx(float(scheme.error_constant), rel=1e-5)


@pytest.mark.parametrize(
    ("name", "angle"),
    [("bdf-2", 90), ("bdf-3", 86.03), ("bdf-4", 73.35), ("bdf-5", 51.84), ("bdf-6", 17.84)],
)
def test_angles_of_the_literature(name, angle):
    assert load(name).stability_angle == pytest.approx(angle, abs=0.01)


def test_stability_of_the_literature():
    assert {name for name in NAMES if load(name).is_a_stable} == {
        "adams-moulton-1",
        "bdf-1",
        "bdf-2",
    }
    assert {name for name in NAMES if load(name).is_l_stable} == {"bdf-1", "bdf-2"}
    assert {n for n in NAMES if not load(n).is_strongly_stable} == {"leapfrog", "milne-simpson"}
    unbounded = {n for n in NAMES if load(n).stability_angle is not None}
    assert unbounded == {"adams-moulton-1", *(f"bdf-{k}" for k in range(1, 7))}


@pytest.mark.parametrize("name", NAMES)
def test_a_stability_by_scanning_the_left_half_plane(name):
    scheme = load(name)
    alpha, beta = (np.array([float(x) for x in w[::-1]]) for w in (scheme.alpha, scheme.beta))
    points = [complex(-x, y) for x in (1e-3, 0.1, 1, 10, 1e3) for y in (0, 1e-2, 0.3, 1, 3, 30)]
    sizes = [np.abs(np.roots(alpha - z * beta)).max() for z in points]
    assert (max(sizes) <= 1 + 1e-9) == scheme.is_a_stable


@pytest.mark.parametrize("name", [f"bdf-{k}" for k in range(3, 7)])
def test_the_sector_is_as_wide_as_a_scan_of_rays_finds_it(name):
    scheme = load(name)
    alpha, beta = (np.array([float(x) for x in w[::-1]]) for w in (scheme.alpha, scheme.beta))

    def largest_root(degrees: float) -> float:
        ray = -np.exp(1j * np.radians(degrees))
        sizes = [np.abs(np.roots(alpha - r * ray * beta)).max() for r in np.geomspace(0.1, 30, 400)]
        return max(sizes)

    angle = scheme.stability_angle
    assert angle is not None
    assert largest_root(angle - 0.05) <= 1 + 1e-9
    assert largest_root(angle + 0.5) > 1 + 1e-6


@given(st.lists(st.integers(-6, 6), min_size=1, max_size=5))
@settings(max_examples=80, deadline=None)
def test_root_condition_agrees_with_roots_in_floating_point(low):
    p = (*(Fraction(x, 4) for x in low), Fraction(1))
    sizes = np.abs(np.roots([float(x) for x in reversed(p)]))
    largest = sizes.max() if sizes.size else 0.0
    if abs(largest - 1) > 1e-3:
        assert root_condition(p, len(low)).holds == (largest < 1)


@pytest.mark.parametrize(
    ("roots", "holds", "strongly"),
    [
        ([1], True, True),
        ([1, -1], True, False),
        ([1, 1], False, False),
        ([-1, -1, 1], False, False),
        ([1, Fraction(1, 2), -Fraction(1, 2)], True, True),
        ([1, Fraction(3, 2), -Fraction(3, 2)], False, False),
        ([1, 0, 0, 0], True, True),
    ],
)
def test_root_condition_on_the_circle(roots, holds, strongly):
    z = sympy.Symbol("z")
    product = sympy.Poly(sympy.Mul(*(z - sympy.Rational(r) for r in roots)), z)
    p = tuple(Fraction(int(x.p), int(x.q)) for x in product.all_coeffs()[::-1])
    condition = root_condition(p, len(roots))
    assert (condition.holds, condition.strongly) == (holds, strongly)


def test_complex_roots_on_the_circle():
    ones = (Fraction(1), Fraction(0), Fraction(1))  # z^2 + 1
    assert root_condition(ones, 2).holds
    squared = tuple(Fraction(x) for x in (1, 0, 2, 0, 1))
    assert not root_condition(squared, 4).holds
    assert worst_root(squared).endswith("on the unit circle, more than once")


def test_an_explicit_scheme_has_no_stable_sector():
    assert stability_angle((Fraction(-1), Fraction(1)), (Fraction(1),)) is None


@pytest.mark.parametrize("k", range(2, 5))
def test_the_best_order_is_bounded_by_the_first_dahlquist_barrier(k):
    for name in NAMES:
        scheme = load(name)
        assert scheme.order <= scheme.history + (2 if scheme.history % 2 == 0 else 1)
        assert scheme.order <= 2 or not scheme.is_a_stable


def test_the_default_start_is_good_enough():
    scheme = proven(["0", "0", "-1", "1"], ["5/12", "-4/3", "23/12", "0"])
    assert scheme.order == 3
    assert scheme.start_scheme is not None
    assert scheme.start_scheme.order >= 2
    long = proven(["0"] * 6 + ["-1", "1"], [*adams_bashforth(7), "0"])
    assert (long.order, long.start) == (7, "butcher-6")


def adams_bashforth(k: int) -> list[str]:
    return [str(w) for w in integrated_lagrange([*range(k)], k - 1, k)]


def test_the_seventh_bdf_is_refused_with_its_root():
    E = sympy.Symbol("E")
    nabla = sum(sympy.Rational(1, m) * (E - 1) ** m * E ** (7 - m) for m in range(1, 8))
    alpha = [str(w) for w in sympy.Poly(sympy.expand(nabla), E).all_coeffs()[::-1]]
    with pytest.raises(
        SchemeError, match=r"not zero-stable: .* root 0\.0768 \+ 1\.0193i of modulus"
    ):
        proven(alpha, ["0"] * 7 + ["1"])
    assert math.hypot(0.0768, 1.0193) == pytest.approx(1.0222, abs=1e-4)


def test_decimal_coefficients_have_a_tolerance():
    scheme = proven(
        ["0", "-1.0", "1.0"], ["-0.5", "1.5000000001", "0"], decimal=True, tolerance="1e-8"
    )
    assert (scheme.order, scheme.is_exact) == (2, False)


def test_the_text_is_the_formula():
    assert load("leapfrog").text() == "x[n+2] - x[n] = h (2 R[n+1])\nstarted with heun-2"
    assert load("bdf-1").text() == "x[n+1] - x[n] = h (R[n+1])"
