"""Rosenbrock methods: orders measured on a coupled problem with time, stability by the books."""

from functools import partial

import pytest
import sympy
from catalogue_names import names_of_kind
from coupled_problem import jacobian, rate, solution, time_derivative
from measured_order import order_of_one_step
from mpmath import matrix, mp, mpf

from odegraph.scheme import RosenbrockScheme, SchemeSpec, load_scheme, verify
from odegraph.scheme.rooted_trees import rooted_trees
from odegraph.scheme.rosenbrock_conditions import RosenbrockWeights

NAMES = names_of_kind("rosenbrock")


def load(name: str) -> RosenbrockScheme:
    scheme = load_scheme(name)
    assert isinstance(scheme, RosenbrockScheme)
    return scheme


def number(x):
    return mpf(str(x.evalf(60)))


def one_step_error(scheme, h, t0):
    alpha, Gamma = (
        [[number(x) for x in r] for r in m.tolist()] for m in (scheme.alpha, scheme.Gamma)
    )
    b, c, g = ([number(x) for x in v] for v in (scheme.b, scheme.c, scheme.time_weights))
    x0 = solution(t0)
    J, f_t = jacobian(t0, x0), time_derivative(t0, x0)
    k = []
    for i in range(scheme.stages):
        zero = matrix([0, 0])
        x = x0 + h * sum((alpha[i][j] * k[j] for j in range(i)), zero)
        known = sum((Gamma[i][j] * k[j] for j in range(i)), zero)
        right = rate(t0 + c[i] * h, x) + h * (J * known) + h * g[i] * f_t
        k.append(mp.lu_solve(mp.eye(2) - h * Gamma[i][i] * J, right))
    x1 = x0 + h * sum((w * one for w, one in zip(b, k, strict=True)), matrix([0, 0]))
    return mp.norm(x1 - solution(t0 + h))


@pytest.mark.parametrize("name", NAMES)
def test_proven_order_is_the_measured_one(name):
    scheme = load(name)
    measured = order_of_one_step(partial(one_step_error, scheme), inverse_h=10**5)
    assert abs(measured - scheme.order) < 0.01


@pytest.mark.parametrize(
    ("name", "order", "embedded", "limit", "l_stable"),
    [
        ("rosenbrock-euler", 1, None, 0, True),
        ("rosenbrock-midpoint", 2, None, -1, False),
        ("ros2", 2, 1, 0, True),
        ("ros2-plus", 2, 1, 0, True),
        ("ros3p", 3, 2, 1 - sympy.sqrt(3), False),
        ("rodas3", 3, 2, 0, True),
    ],
)
def test_properties_of_the_literature(name, order, embedded, limit, l_stable):
    scheme = load(name)
    assert (scheme.order, scheme.embedded_order) == (order, embedded)
    assert scheme.is_a_stable
    assert scheme.is_l_stable == l_stable
    assert sympy.sympify(scheme.facts()["R(infinity)"]) == limit
    assert scheme.is_stiffly_accurate == (name == "rodas3")
    assert scheme.is_singly_diagonal
    assert not scheme.is_explicit


@pytest.mark.parametrize("name", NAMES)
def test_growth_is_bounded_where_it_is_proven_to_be(name):
    scheme = load(name)
    P, Q = ([complex(number(c)) for c in p] for p in coefficients(scheme))
    for y in range(-200, 201):
        z = 1j * y / 10
        value = sum(c * z**k for k, c in enumerate(P)) / sum(c * z**k for k, c in enumerate(Q))
        assert abs(value) <= 1 + 1e-12


def coefficients(scheme):
    z = sympy.Symbol("z")
    numerator, denominator = scheme.stability_function(z).as_numer_denom()
    return [sympy.Poly(p, z).all_coeffs()[::-1] for p in (numerator, denominator)]


def test_without_gamma_on_linear_trees_the_conditions_are_those_of_runge_kutta():
    # Tall trees see beta only, bushy ones alpha only: Hairer and Wanner, Table IV.7.1.
    scheme = load("rodas3")
    stages = RosenbrockWeights(scheme.tableau.alpha, scheme.tableau.beta)
    bushy, tall = rooted_trees(3)
    c = scheme.tableau.times
    assert stages.phi(bushy) == [x * x for x in c]
    beta = scheme.tableau.beta
    row_sums = [sum(row) for row in beta]
    assert stages.phi(tall) == [
        sum(x * y for x, y in zip(row, row_sums, strict=True)) for row in beta
    ]


@pytest.mark.parametrize("name", NAMES)
def test_text_and_data(name):
    scheme = load(name)
    assert scheme.text().startswith("alpha_i | alpha\n")
    assert verify(SchemeSpec.from_dict(scheme.spec.to_dict())) == scheme
