"""Orders, stability and error constants against two independent packages: kauri and nodepy.

Both read A and b only and take the row sums of A for the times of the stages: what they say of a
method whose c are other times is true of autonomous problems alone.
"""

import kauri
import nodepy.linear_multistep_method as peer_multistep
import nodepy.runge_kutta_method as peer_runge_kutta
import numpy as np
import pytest
from catalogue_names import names_of_kind

from odegraph.scheme import LinearMultistepScheme, RungeKuttaScheme, load_scheme
from odegraph.scheme.number_field import to_sympy

# Rounded coefficients leave residuals below 1e-11; the first condition that fails is off by 1e-8.
TOLERANCE = 1e-9
LIMIT = 8  # order to which kauri is asked to look for a difference between a step and its adjoint


def load(name: str) -> RungeKuttaScheme:
    scheme = load_scheme(name)
    assert isinstance(scheme, RungeKuttaScheme)
    return scheme


NAMES = names_of_kind("runge-kutta")
EXPLICIT = [name for name in NAMES if load(name).is_explicit]
ROW_SUMS = [name for name in NAMES if load(name).tableau.has_row_sum_nodes]


def floats(scheme: RungeKuttaScheme) -> tuple[np.ndarray, np.ndarray]:
    return np.array(scheme.A.tolist(), dtype=float), np.array(scheme.b.flat(), dtype=float)


def in_kauri(scheme: RungeKuttaScheme, weights) -> kauri.RK:
    A, _ = floats(scheme)
    return kauri.RK(A.tolist(), np.array(weights.flat(), dtype=float).tolist())


def in_nodepy(scheme: RungeKuttaScheme) -> peer_runge_kutta.RungeKuttaMethod:
    if scheme.is_explicit:
        return peer_runge_kutta.ExplicitRungeKuttaMethod(*floats(scheme))
    return peer_runge_kutta.RungeKuttaMethod(*floats(scheme))


@pytest.mark.parametrize("name", NAMES)
def test_kauri_finds_the_autonomous_order(name):
    scheme = load(name)
    order = in_kauri(scheme, scheme.b).order(tol=TOLERANCE, limit=scheme.autonomous_order + 2)
    assert order == scheme.autonomous_order


@pytest.mark.parametrize("name", [name for name in ROW_SUMS if load(name).b_embedded is not None])
def test_kauri_finds_the_embedded_order(name):
    scheme = load(name)
    assert scheme.embedded_order is not None
    embedded = in_kauri(scheme, scheme.b_embedded)
    assert embedded.order(tol=TOLERANCE, limit=scheme.embedded_order + 2) == scheme.embedded_order


@pytest.mark.parametrize("name", [name for name in ROW_SUMS if load(name).stages <= 4])
def test_kauri_finds_no_difference_between_a_symmetric_step_and_its_adjoint(name):
    scheme = load(name)
    assert looks_symmetric(in_kauri(scheme, scheme.b)) == scheme.is_symmetric


def looks_symmetric(method: kauri.RK) -> bool:
    try:
        method.antisymmetric_order(tol=TOLERANCE, limit=LIMIT)
    except RuntimeError as error:
        assert f"exceeds limit of {LIMIT}" in str(error)
        return True
    return False


@pytest.mark.parametrize("name", NAMES)
def test_nodepy_finds_the_autonomous_order(name):
    assert in_nodepy(load(name)).order(tol=TOLERANCE) == load(name).autonomous_order


@pytest.mark.parametrize("name", ROW_SUMS)
def test_nodepy_finds_the_stage_order(name):
    assert in_nodepy(load(name)).stage_order(tol=TOLERANCE) == load(name).stage_order


@pytest.mark.parametrize("name", [name for name in ROW_SUMS if load(name).order < 8])
def test_nodepy_finds_the_principal_error(name):
    peer = in_nodepy(load(name))
    peer.p = peer.order(tol=TOLERANCE)  # its default, 1e-14, is below the rounding of seven methods
    norm = peer.principal_error_norm(tol=TOLERANCE)
    assert norm == pytest.approx(float(load(name).analysis.principal_error.norm), abs=1e-10)


@pytest.mark.parametrize("name", NAMES)
def test_nodepy_finds_the_ssp_coefficient(name):
    radius = in_nodepy(load(name)).absolute_monotonicity_radius()
    assert radius == pytest.approx(float(load(name).ssp_coefficient), abs=1e-6)


@pytest.mark.parametrize("name", EXPLICIT)
def test_nodepy_finds_the_stability_polynomial(name):
    polynomial, _ = in_nodepy(load(name)).stability_function(mode="float")
    own = [float(to_sympy(x)) for x in load(name).stability.P]
    theirs = polynomial.c[::-1]
    assert np.allclose(theirs[: len(own)], own, rtol=1e-7, atol=1e-12)
    assert np.allclose(theirs[len(own) :], 0, atol=1e-12)


@pytest.mark.parametrize("name", [name for name in EXPLICIT if load(name).b_embedded is None])
def test_nodepy_finds_the_sequential_depth(name):
    assert in_nodepy(load(name)).num_seq_dep_stages() == load(name).analysis.sequential_depth


@pytest.mark.parametrize("name", names_of_kind("linear-multistep"))
def test_nodepy_finds_order_and_stability_of_multistep_methods(name):
    scheme = load_scheme(name)
    assert isinstance(scheme, LinearMultistepScheme)
    alpha, beta = ([float(x) for x in row] for row in (scheme.alpha, scheme.beta))
    peer = peer_multistep.LinearMultistepMethod(
        np.array(alpha) / alpha[-1], np.array(beta) / alpha[-1]
    )
    assert peer.order(tol=TOLERANCE) == scheme.order
    assert peer.is_explicit() == scheme.is_explicit
    assert peer.is_zero_stable(tol=1e-6)
