"""Structural properties and the SSP coefficient: by definition, by law, and by the books."""

import itertools
from pathlib import Path

import numpy as np
import pytest
import sympy
from catalogue_names import names_of_kind

from odegraph import SchemeError
from odegraph.scheme import RungeKuttaScheme, SchemeSpec, load_scheme, verify
from odegraph.scheme.properties import adjoint_conditions, quadrature_order, stage_conditions


def load(name: str | Path, **parameters: object) -> RungeKuttaScheme:
    scheme = load_scheme(name, **parameters)
    assert isinstance(scheme, RungeKuttaScheme)
    return scheme


def proven(data: dict) -> RungeKuttaScheme:
    scheme = verify(SchemeSpec.from_dict(data))
    assert isinstance(scheme, RungeKuttaScheme)
    return scheme


NAMES = names_of_kind("runge-kutta")
SMALL = [name for name in NAMES if load(name).stages <= 7]


def floats(values):
    return np.array([[float(x) for x in row] for row in values.tolist()])


@pytest.mark.parametrize("name", NAMES)
def test_the_adjoint_of_the_adjoint_is_the_scheme(name):
    scheme = load(name)
    twice = scheme.adjoint().adjoint()
    assert (twice.A, twice.b, twice.c) == (scheme.A, scheme.b, scheme.c)
    assert scheme.adjoint().order == scheme.order


@pytest.mark.parametrize("name", SMALL)
def test_the_adjoint_inverts_the_stability_function(name):
    z = sympy.Symbol("z")
    scheme = load(name)
    product = scheme.stability_function(z) * scheme.adjoint().stability_function(-z)
    for value in (sympy.Rational(1, 3), sympy.Rational(-2, 7)):
        assert abs(product.subs(z, value).evalf(30) - 1) < 1e-25


WEIGHTED = [name for name in NAMES if all(load(name).tableau.b)]


@pytest.mark.parametrize("name", WEIGHTED)
def test_a_scheme_and_that_of_its_costate_are_a_symplectic_pair(name):
    scheme = load(name)
    other = scheme.costate()
    assert (other.b, other.c) == (scheme.b, scheme.c)
    for i, j in itertools.product(range(scheme.stages), repeat=2):
        # Sanz-Serna (1988) for pairs: b_i A^_ij + b_j a_ji = b_i b_j
        A, b, a = other.tableau.A, scheme.tableau.b, scheme.tableau.A
        assert scheme.tableau.vanishes(b[i] * A[i][j] + b[j] * a[j][i] - b[i] * b[j])
    assert other.costate().tableau.A == scheme.tableau.A
    assert scheme.is_symplectic == (scheme.A == other.A)


@pytest.mark.parametrize("name", [name for name in WEIGHTED if name in SMALL])
def test_the_costate_decays_where_the_state_grows(name):
    scheme, z = load(name), sympy.Symbol("z")
    product = scheme.stability_function(z) * scheme.costate().stability_function(-z)
    for value in (sympy.Rational(1, 3), sympy.Rational(-2, 7)):
        assert abs(product.subs(z, value).evalf(30) - 1) < 1e-25


def test_stages_without_weight_have_no_tableau_of_the_costate():
    with pytest.raises(
        SchemeError, match=r"`midpoint` has b_1 = 0.*`odegraph.DiscreteAdjoint\(\)`"
    ):
        load("midpoint").costate()


@pytest.mark.parametrize("name", NAMES)
def test_symmetric_schemes_satisfy_R_of_minus_z_is_one_over_R(name):
    scheme = load(name)
    if scheme.is_symmetric:
        assert (
            tuple(-x if k % 2 else x for k, x in enumerate(scheme.stability.Q))
            == scheme.stability.P
        )
        assert scheme.order % 2 == 0


@pytest.mark.parametrize("name", NAMES)
def test_symplectic_schemes_keep_the_area_of_a_nonlinear_oscillator(name):
    scheme = load(name)
    assert scheme.is_symplectic == (abs(area_after_one_step(scheme) - 1) < 1e-11)


def area_after_one_step(scheme, h=0.8, t0=0.4):
    """Determinant of the Jacobian of a step of q' = p, p' = -sin q cos t, by the tangent map."""
    A, b, c = floats(scheme.A), floats(scheme.b)[:, 0], floats(scheme.c)[:, 0]

    def rate(t, y):
        q, p, tangent = y[0], y[1], y[2:].reshape(2, 2)
        jacobian = np.array([[0, 1], [-np.cos(q) * np.cos(t), 0]])
        return np.concatenate([[p, -np.sin(q) * np.cos(t)], (jacobian @ tangent).ravel()])

    y0 = np.array([0.7, -0.3, 1, 0, 0, 1])
    stages = np.zeros((len(b), 6))
    for _ in range(1 if scheme.is_explicit else 300):
        for i in range(len(b)):
            stages[i] = rate(t0 + c[i] * h, y0 + h * A[i] @ stages)
    return np.linalg.det((y0 + h * b @ stages)[2:].reshape(2, 2))


@pytest.mark.parametrize(
    ("name", "b", "c", "d"),
    [
        ("gauss-2", 4, 2, 2), ("gauss-3", 6, 3, 3), ("radau-ia-3", 5, 2, 3),
        ("radau-iia-3", 5, 3, 2), ("lobatto-iiia-4", 6, 4, 2), ("lobatto-iiib-3", 4, 1, 3),
        ("lobatto-iiic-4", 6, 3, 3), ("dormand-prince", 5, 1, 1), ("rk4-classic", 4, 1, 1),
    ],
)  # fmt: skip
def test_simplifying_assumptions_as_in_the_books(name, b, c, d):
    # Hairer and Wanner, tables IV.5.13; explicit schemes: C(1), and D(1) for most of order 4.
    tableau = load(name).tableau
    found = quadrature_order(tableau), stage_conditions(tableau), adjoint_conditions(tableau)
    assert found == (b, c, d)


@pytest.mark.parametrize("name", NAMES)
def test_shape_properties(name):
    scheme = load(name)
    A = floats(scheme.A)
    assert scheme.is_explicit == (not np.triu(A).any())
    assert scheme.is_diagonally_implicit == (not np.triu(A, 1).any() and bool(np.diag(A).any()))
    last_row_is_b = (A[-1] == floats(scheme.b)[:, 0]).all()
    assert scheme.is_stiffly_accurate == bool(last_row_is_b)
    assert scheme.is_fsal == bool(last_row_is_b and not A[0].any() and len(A) > 1)


def monotone_at(scheme, r: float) -> bool:
    """Absolute monotonicity of the tableau at -r, by the definition (Kraaijevanger 1991)."""
    A, b = floats(scheme.A), floats(scheme.b)[:, 0]
    s = len(b)
    K = np.zeros((s + 1, s + 1))
    K[:s, :s], K[s, :s] = A, b
    M = K @ np.linalg.inv(np.eye(s + 1) + r * K)
    return bool((M >= -1e-11).all() and (r * M.sum(axis=1) <= 1 + 1e-11).all())


@pytest.mark.parametrize("name", NAMES)
def test_ssp_coefficient_is_where_monotonicity_ends(name):
    scheme = load(name)
    radius = scheme.ssp_coefficient
    if radius == sympy.oo:
        assert all(monotone_at(scheme, r) for r in (1, 10, 1000))
        return
    r = float(radius)
    assert all(monotone_at(scheme, x * r) for x in (0.01, 0.5, 0.999)) or r == 0
    assert not monotone_at(scheme, r * 1.001 + 1e-3)


@pytest.mark.parametrize(
    ("name", "radius"),
    [
        ("rk4-classic", "0"), ("midpoint", "0"), ("heun-2", "1"), ("ssp-rk-3-3", "1"),
        ("crank-nicolson", "2"), ("qin-zhang", "4"), ("ssp-sdirk-2-3", "1 + sqrt(3)"),
        ("tr-bdf2", "1 + sqrt(2)"), ("alexander-2", "1 + sqrt(2)"), ("backward-euler", "oo"),
    ],
)  # fmt: skip
def test_ssp_coefficients_of_the_literature(name, radius):
    if name != "alexander-2":
        assert str(load(name).ssp_coefficient) == radius


def test_ssp_coefficient_of_higher_degree_is_exact():
    # Order 3 with 3 stages and c = 1/2, 3/4 (Ralston): a cubic decides.
    data = {"A": [[], ["1/2"], ["1/3", "1/3"], ["1/4", "1/4", "1/4"]], "b": ["1/4"] * 4}
    scheme = proven(data)
    radius = scheme.ssp_coefficient
    assert monotone_at(scheme, float(radius) * 0.9999)
    assert not monotone_at(scheme, float(radius) * 1.0001)


def test_explicit_scheme_with_zero_stage_is_not_fsal():
    scheme = load("heun-2")
    assert not scheme.is_fsal
    assert load("bogacki-shampine").is_fsal
    assert not load("fehlberg-1-2").is_fsal  # only its embedded method would be
