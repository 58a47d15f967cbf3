"""Two parts treated differently: what is left where one of them vanishes, and known limits."""

import math

import numpy as np
import pytest
from catalogue_names import names_of_kind

from odegraph.draw.growth import rounded
from odegraph.draw.split_growth import additive_growth, exponential_growth, phi_value
from odegraph.scheme import AdditiveRungeKuttaScheme, ExponentialScheme, load_scheme

POINTS = np.array([0.3 + 0.4j, -1.2 + 0.7j, -0.05 - 2j, 1.5 + 0j])


def additive(name: str) -> AdditiveRungeKuttaScheme:
    scheme = load_scheme(name)
    assert isinstance(scheme, AdditiveRungeKuttaScheme)
    return scheme


def exponential(name: str) -> ExponentialScheme:
    scheme = load_scheme(name)
    assert isinstance(scheme, ExponentialScheme)
    return scheme


@pytest.mark.parametrize("name", names_of_kind("additive-runge-kutta"))
@pytest.mark.parametrize("w", [0.0, -0.7, -30.0])
def test_additive_growth_solves_the_stages(name: str, w: float):
    scheme = additive(name)
    A, B = (np.array([rounded(row) for row in part.A]) for part in scheme.tableau.parts)
    a, b = (rounded(part.b) for part in scheme.tableau.parts)
    ones = np.ones(scheme.stages)
    for z in POINTS:
        stages = np.linalg.solve(np.eye(scheme.stages) - z * A - w * B, ones)
        expected = 1 + (z * a + w * b) @ stages
        np.testing.assert_allclose(additive_growth(scheme, w)(z), expected, rtol=1e-10)


@pytest.mark.parametrize("name", names_of_kind("additive-runge-kutta"))
def test_without_an_explicit_part_it_is_the_implicit_method(name: str):
    scheme = additive(name)
    R = scheme.implicit_stability
    for w in (-0.5, -4.0, -1e9):
        exact = np.polyval(rounded(R.P)[::-1], w) / np.polyval(rounded(R.Q)[::-1], w)
        assert additive_growth(scheme, w)(0.0) == pytest.approx(exact, rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("name", names_of_kind("exponential"))
def test_exponential_growth_is_exact_on_the_linear_part(name: str):
    for w in (0.0, -0.5, -8.0):
        assert exponential_growth(exponential(name), w)(0.0) == pytest.approx(math.exp(w))


@pytest.mark.parametrize("name", names_of_kind("exponential"))
def test_exponential_growth_has_the_order_of_the_scheme(name: str):
    scheme = exponential(name)
    errors = [
        abs(exponential_growth(scheme, -h)(h * 1j) - np.exp(-h + h * 1j)) for h in (0.1, 0.05)
    ]
    assert math.log2(errors[0] / errors[1]) > scheme.order + 0.5


@pytest.mark.parametrize("order", range(5))
def test_phi_is_the_integral_it_stands_for(order: int):
    points, weights = np.polynomial.legendre.leggauss(24)
    t = (points + 1) / 2
    for z in (-12.0, -1.01, -0.99, -1e-6, 0.0, 0.8):
        expected = math.exp(z)
        if order:
            kernel = np.exp((1 - t) * z) * t ** (order - 1) / math.factorial(order - 1)
            expected = float(weights @ kernel) / 2
        assert phi_value(order, z) == pytest.approx(expected, rel=1e-11)
