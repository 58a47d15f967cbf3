"""Symplecticity and symmetry of partitioned schemes and compositions, measured on a pendulum."""

import numpy as np
import pytest
from catalogue_names import names_of_kind

from odegraph.scheme import load_scheme
from odegraph.scheme.number_field import to_sympy

TWO_PARTS = [*names_of_kind("partitioned-runge-kutta"), *names_of_kind("composition")]


def pendulum_step(scheme, h: float, q: np.ndarray, p: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """q' = p, p' = -sin q; stages by fixed-point iteration, which explicit schemes end soon."""
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


@pytest.mark.parametrize("name", TWO_PARTS)
def test_symplectic_schemes_keep_the_area(name):
    scheme, e = load_scheme(name), 1e-4
    q, p = 0.8 + np.array([e, -e, 0, 0]), 0.6 + np.array([0, 0, e, -e])
    q1, p1 = pendulum_step(scheme, 0.3, q, p)
    J = np.array([[x[0] - x[1], x[2] - x[3]] for x in (q1, p1)]) / (2 * e)
    assert (abs(np.linalg.det(J) - 1) < 1e-7) == scheme.is_symplectic


@pytest.mark.parametrize("name", TWO_PARTS)
def test_a_step_back_undoes_a_step_of_symmetric_schemes_only(name):
    scheme = load_scheme(name)
    q, p = np.array([0.8, -0.4]), np.array([0.6, 1.1])
    there = pendulum_step(scheme, 0.3, q, p)
    back = np.array(pendulum_step(scheme, -0.3, *there))
    assert np.allclose(back, [q, p], rtol=0, atol=1e-12) == scheme.is_symmetric
