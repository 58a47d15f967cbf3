"""Exponential integrators: phi functions by series, orders measured, stiff orders of the paper."""

from fractions import Fraction
from functools import partial
from math import factorial

import pytest
from catalogue_names import names_of_kind
from coupled_problem import rate, solution
from hypothesis import given, settings
from hypothesis import strategies as st
from measured_order import order_of_one_step
from mpmath import matrix, mp, mpf

from odegraph._errors import OdegraphError
from odegraph.scheme import ExponentialScheme, SchemeSpec, load_scheme, verify
from odegraph.scheme.exponential_conditions import semilinear_trees
from odegraph.scheme.phi_sum import parse_phi_sum, phi, phi_sum

NAMES = names_of_kind("exponential")
HALF = Fraction(1, 2)
TERMS = st.lists(
    st.tuples(
        st.tuples(st.integers(0, 4), st.fractions(0, 2, max_denominator=4)),
        st.fractions(-3, 3, max_denominator=6),
    ),
    max_size=5,
)


def load(name: str) -> ExponentialScheme:
    scheme = load_scheme(name)
    assert isinstance(scheme, ExponentialScheme)
    return scheme


@settings(deadline=None, max_examples=60)
@given(terms=TERMS)
def test_sums_are_read_back_from_their_text(terms):
    value = phi_sum(terms)
    assert parse_phi_sum(str(value)) == value


@settings(deadline=None, max_examples=60)
@given(terms=TERMS)
def test_closed_form_and_series_agree(terms):
    value = phi_sum(terms)
    with mp.workdps(60):
        z = mpf(2) / 3
        series = sum((rounded(value.taylor(m)) * z**m for m in range(60)), mpf(0))
        closed = sum(
            (
                rounded(q) * mp.exp(rounded(c) * z) * z**n
                for (c, n), q in value.closed_form().items()
            ),
            mpf(0),
        )
        assert abs(series - closed) < mpf(10) ** -40


def rounded(x: Fraction):
    return mpf(x.numerator) / x.denominator


def test_recursion_of_phi_functions():
    for k in range(4):
        for m in range(5):
            left = phi(k + 1).taylor(m)
            assert left == phi(k).taylor(m + 1)
            assert phi(k).taylor(0) == Fraction(1, factorial(k))


def test_equal_functions_have_equal_closed_forms():
    # phi_1(z) = exp(z/2) phi_1(z/2) / 2 + phi_1(z/2) / 2 is no linear relation, but this one is:
    # z phi_1(z) = exp(z) - 1 makes constants and exponentials independent.
    assert parse_phi_sum("phi1 - phi1").closed_form() == {}
    assert parse_phi_sum("phi3(0)").closed_form() == parse_phi_sum("1/6").closed_form()
    assert parse_phi_sum("phi1(1/2)").closed_form() != parse_phi_sum("phi1").closed_form()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("phi1(1/2)*(exp(1/2) - 1)/2", "not a sum of phi functions.*`phi1 - phi1"),
        ("phi1**2", "not a sum of phi functions"),
        ("1/phi1", "not a sum of phi functions"),
        ("sqrt(2)*phi1", "not a sum of phi functions"),
        ("phi12", "`phi12`; phi0 to phi9 exist"),
        ("psi1", "not a combination of phi functions"),
        ("phi1(0.5)", "holds the float"),
        ("phi1(sqrt(2))", "not a combination of phi functions"),
        ("phi1(x)", "the name `x` is not declared"),
        ("__import__('os')", "not a combination of phi functions"),
    ],
)
def test_other_texts_are_refused(text, message):
    with pytest.raises(OdegraphError, match=message):
        parse_phi_sum(text)


def test_trees_of_a_linear_and_a_nonlinear_part():
    counts = [len(semilinear_trees(n)) for n in range(1, 5)]
    assert counts == [2, 4, 11, 34]


def phi_of_matrix(k, Z):
    """phi_k(Z) by its series."""
    total, power = mp.zeros(2), mp.eye(2)
    for m in range(25):
        total, power = total + power / factorial(m + k), power * Z
    return total


def applied(value, Z, v):
    terms = (rounded(q) * (phi_of_matrix(k, rounded(c) * Z) * v) for (k, c), q in value.terms)
    return sum(terms, matrix([0, 0]))


def one_step_error(scheme, h, t0):
    L = matrix([[mpf(-1) / 2, 1], [mpf(2) / 3, -1]])
    x0 = solution(t0)
    rest = []
    for row, c in zip(scheme.A, scheme.c, strict=True):
        U = phi_of_matrix(0, rounded(c) * h * L) * x0
        for a, n in zip(row, rest, strict=False):
            U += h * applied(a, h * L, n)
        rest.append(rate(t0 + rounded(c) * h, U) - L * U)
    x1 = phi_of_matrix(0, h * L) * x0
    for b, n in zip(scheme.b, rest, strict=True):
        x1 += h * applied(b, h * L, n)
    return mp.norm(x1 - solution(t0 + h))


@pytest.mark.parametrize("name", NAMES)
def test_proven_order_is_the_measured_one(name):
    scheme = load(name)
    measured = order_of_one_step(partial(one_step_error, scheme), inverse_h=10**4)
    assert abs(measured - scheme.order) < 0.01


@pytest.mark.parametrize(
    ("name", "order", "stiff"),
    [
        # Hochbruck and Ostermann, SIAM J. Numer. Anal. 43 (2005), sections 5.1 to 5.3.
        ("etd-1", 1, 1),
        ("etd-2-rk", 2, 2),
        ("etd-3-rk", 3, 2),
        ("etd-4-rk", 4, 2),
        ("etd-4-rk-krogstad", 4, 3),
        ("strehmel-weiner-4", 4, 3),
        ("lawson-1", 1, 0),
        ("lawson-4", 4, 0),
    ],
)
def test_orders_of_the_literature(name, order, stiff):
    scheme = load(name)
    assert (scheme.order, scheme.stiff_order) == (order, stiff)


@pytest.mark.parametrize(("name", "tableau"), [("lawson-4", "rk4-classic"), ("etd-1", "euler")])
def test_without_L_the_method_is_a_runge_kutta_method(name, tableau):
    scheme, plain = load(name), load_scheme(tableau)
    assert [[a.taylor(0) for a in row] for row in scheme.A] == getattr(plain, "A").tolist()  # noqa: B009
    assert [b.taylor(0) for b in scheme.b] == list(getattr(plain, "b"))  # noqa: B009


@pytest.mark.parametrize("name", NAMES)
def test_text_and_data(name):
    scheme = load(name)
    assert scheme.text().splitlines()[0] == "U1 = x"
    assert scheme.is_explicit
    again = verify(SchemeSpec.from_dict(scheme.spec.to_dict()))
    assert again == scheme
    assert (0, Fraction(1)) in scheme.functions
