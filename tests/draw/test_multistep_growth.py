"""The growth of multistep and general linear schemes: root locus, and what is known of regions."""

import math

import numpy as np
import pytest
import sympy
from catalogue_names import names_of_kind

from odegraph.draw.growth import (
    GeneralLinearGrowth,
    MultistepGrowth,
    general_linear_growth,
    multistep_growth,
    scanned_limit,
)
from odegraph.scheme import GeneralLinearScheme, LinearMultistepScheme, load_scheme


def multistep(name: str) -> tuple[LinearMultistepScheme, MultistepGrowth]:
    scheme = load_scheme(name)
    assert isinstance(scheme, LinearMultistepScheme)
    return scheme, multistep_growth(scheme)


@pytest.mark.parametrize("name", names_of_kind("linear-multistep"))
def test_every_point_of_the_locus_has_a_root_on_the_unit_circle(name: str):
    _, R = multistep(name)
    locus = R.locus()
    for z in locus[np.isfinite(locus)][3::97]:
        roots = np.polynomial.polynomial.polyroots(R.rho - z * R.sigma)
        assert np.abs(np.abs(roots) - 1).min() < 1e-6
        assert abs(R(z) - np.abs(roots).max()) < 1e-6


@pytest.mark.parametrize("name", ["bdf-1", "bdf-2", "bdf-3", "bdf-4", "bdf-5", "bdf-6"])
def test_backward_differentiation_is_stable_on_the_negative_real_axis(name: str):
    scheme, R = multistep(name)
    assert scanned_limit(R, direction=-1.0) == math.inf
    assert (R(-np.logspace(-3, 6, 200)) < 1).all()
    assert (scanned_limit(R, direction=1j) == math.inf) == scheme.is_a_stable


@pytest.mark.parametrize("name", ["bdf-3", "bdf-4", "bdf-5", "bdf-6"])
def test_the_sector_is_stable_and_no_wider_one_is(name: str):
    scheme, R = multistep(name)
    assert scheme.stability_angle is not None
    along = -np.logspace(-3, 3, 3001)
    angle = math.radians(scheme.stability_angle)
    assert (R(along * np.exp(1j * (angle - 1e-3))) <= 1 + 1e-9).all()
    assert (R(along * np.exp(1j * (angle + 1e-3))) > 1).any()


@pytest.mark.parametrize(
    ("name", "real", "imaginary"),
    [
        ("adams-bashforth-2", 1.0, 0.0),
        ("adams-bashforth-3", 6 / 11, 0.724),
        ("leapfrog", 0.0, 1.0),
        ("adams-moulton-2", 6.0, 0.0),
        ("milne-simpson", 0.0, math.sqrt(3)),
    ],
)
def test_known_limits(name: str, real: float, imaginary: float):
    _, R = multistep(name)
    assert scanned_limit(R, direction=-1.0) == pytest.approx(real, abs=0.02)
    assert scanned_limit(R, direction=1j) == pytest.approx(imaginary, abs=0.02)


def general_linear(name: str) -> tuple[GeneralLinearScheme, GeneralLinearGrowth]:
    scheme = load_scheme(name)
    assert isinstance(scheme, GeneralLinearScheme)
    return scheme, general_linear_growth(scheme)


@pytest.mark.parametrize("name", names_of_kind("general-linear"))
def test_the_locus_of_a_general_linear_scheme_is_that_of_its_stability_polynomial(name: str):
    scheme, R = general_linear(name)
    locus = R.locus()
    # where a branch lies at infinity rounding brings it to 1e14
    for point in locus[np.abs(locus) < 1e6][3::397]:
        z = sympy.sympify(complex(point))
        matrix = np.array(scheme.stability_matrix(z).tolist(), complex)
        sizes = np.abs(np.linalg.eigvals(matrix))
        assert np.abs(sizes - 1).min() < 1e-5
        assert abs(R(point) - sizes.max()) < 1e-5


def test_reversible_heun_is_stable_on_the_imaginary_axis_alone_as_leapfrog_is():
    (_, R), (_, leapfrog) = general_linear("reversible-heun"), multistep("leapfrog")
    assert scanned_limit(R, direction=-1.0) == 0.0
    assert scanned_limit(R, direction=1j) == pytest.approx(1.0, abs=0.01)
    z = np.array([0.3 + 0.2j, -0.1, 0.9j, 2j, -1 + 1j])
    assert np.allclose(R(z), leapfrog(z), rtol=1e-7)
    assert R.at_infinity == math.inf
