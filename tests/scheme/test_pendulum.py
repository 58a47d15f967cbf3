"""Symplecticity and symmetry of schemes on two halves, measured on a pendulum."""

import numpy as np
import pytest
from catalogue_names import names_of_kind

from odegraph.scheme import RungeKuttaScheme, Scheme, load_scheme
from odegraph.scheme.number_field import to_sympy
from odegraph.scheme.nystrom import NystromScheme

NYSTROM = names_of_kind("nystrom")
PARTITIONED = [
    name
    for name in (*names_of_kind("partitioned-runge-kutta"), *names_of_kind("composition"))
    if not isinstance(load_scheme(name), RungeKuttaScheme)  # a composition over a plain base
]


def pendulum_step(scheme: Scheme, h: float, q: np.ndarray, p: np.ndarray):
    """q' = p, p' = -sin q over one step."""
    step = nystrom_step if isinstance(scheme, NystromScheme) else partitioned_step
    return step(scheme, h, q, p)


def nystrom_step(scheme, h: float, q: np.ndarray, v: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    A, b_bar, b, c = (
        np.array([[float(to_sympy(x)) for x in row] for row in rows]).squeeze()
        for t in [scheme.tableau]
        for rows in (t.A_bar, [t.b_bar], [t.b], [t.c])
    )
    b_bar, b, c = (np.atleast_1d(x) for x in (b_bar, b, c))
    k = np.zeros((len(b), *q.shape))
    for i in range(len(b)):
        drift = np.multiply.outer(c, v)[i]
        k[i] = -np.sin(q + h * drift + h * h * np.tensordot(np.atleast_2d(A), k, 1)[i])
    return (
        q + h * v + h * h * np.tensordot(b_bar, k, 1),
        v + h * np.tensordot(b, k, 1),
    )


def partitioned_step(
    scheme, h: float, q: np.ndarray, p: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Stages by fixed-point iteration, which explicit schemes end soon."""
    parts = scheme.tableau
    (Aq, bq), (Ap, bp) = (
        (
            np.array([[float(to_sympy(a)) for a in row] for row in part.A]),
            np.array([float(to_sympy(x)) for x in part.b]),
        )
        for part in (parts.q, parts.p)
    )
    Q, P = (np.zeros((len(bq), *q.shape)) + x for x in (q, p))
    for _ in range(60):
        Q, P = q + h * np.tensordot(Aq, P, 1), p - h * np.tensordot(Ap, np.sin(Q), 1)
    return q + h * np.tensordot(bq, P, 1), p - h * np.tensordot(bp, np.sin(Q), 1)


@pytest.mark.parametrize("name", [*PARTITIONED, *NYSTROM])
def test_only_symplectic_schemes_keep_the_area(name):
    scheme, e = load_scheme(name), 1e-4
    q, p = 0.8 + np.array([e, -e, 0, 0]), 0.6 + np.array([0, 0, e, -e])
    q1, p1 = pendulum_step(scheme, 0.8, q, p)
    J = np.array([[x[0] - x[1], x[2] - x[3]] for x in (q1, p1)]) / (2 * e)
    assert (abs(np.linalg.det(J) - 1) < 1e-7) == scheme.is_symplectic


@pytest.mark.parametrize("name", PARTITIONED)
def test_a_step_back_undoes_a_step_of_symmetric_schemes_only(name):
    scheme = load_scheme(name)
    q, p = np.array([0.8, -0.4]), np.array([0.6, 1.1])
    there = pendulum_step(scheme, 0.3, q, p)
    back = np.array(pendulum_step(scheme, -0.3, *there))
    assert np.allclose(back, [q, p], rtol=0, atol=1e-12) == scheme.is_symmetric
