"""Steps on the harmonic oscillator, against a step that is carried out."""

import math
from fractions import Fraction

import numpy as np
import pytest
from catalogue_names import names_of_kind

from odegraph.draw.growth import rounded
from odegraph.draw.oscillator import Oscillating, half_trace, spectral_radius
from odegraph.scheme import (
    CompositionScheme,
    NystromScheme,
    PartitionedRungeKuttaScheme,
    load_scheme,
)

HALVES = [*names_of_kind("composition"), *names_of_kind("partitioned-runge-kutta")]
NYSTROM = names_of_kind("nystrom")


def oscillating(name: str) -> Oscillating:
    scheme = load_scheme(name)
    assert isinstance(scheme, Oscillating)
    return scheme


def step_matrix(scheme: Oscillating, y: float) -> np.ndarray:
    """The matrix of one step of length y on q' = p, p' = -q, by solving for all stages at once."""
    if isinstance(scheme, NystromScheme):
        A = np.array([rounded(row) for row in scheme.tableau.A_bar])
        start = np.stack([np.ones(scheme.stages), y * rounded(scheme.tableau.c)], axis=1)
        rates = -np.linalg.solve(np.eye(scheme.stages) + y**2 * A, start)
        position = [1, y] + y**2 * rounded(scheme.tableau.b_bar) @ rates
        return np.array([position, [0, 1] + y * rounded(scheme.tableau.b) @ rates])
    assert isinstance(scheme, CompositionScheme | PartitionedRungeKuttaScheme)
    q, p = scheme.tableau.parts
    size = len(q.b)
    A_q, A_p = (np.array([rounded(row) for row in part.A]) for part in (q, p))
    one, zero = np.ones((size, 1)), np.zeros((size, 1))
    system = np.block([[np.eye(size), -y * A_q], [y * A_p, np.eye(size)]])
    stages = np.linalg.solve(system, np.block([[one, zero], [zero, one]]))
    weights = np.array([[*np.zeros(size), *rounded(q.b)], [*-rounded(p.b), *np.zeros(size)]])
    return np.eye(2) + y * weights @ stages


@pytest.mark.parametrize("name", [*HALVES, *NYSTROM])
def test_trace_and_radius_are_those_of_a_step(name: str):
    scheme = oscillating(name)
    for y in (0.1, 0.9, 1.7, 3.1):
        matrix = step_matrix(scheme, y)
        assert half_trace(scheme.oscillator, y) == pytest.approx(np.trace(matrix) / 2, rel=1e-9)
        radius = np.abs(np.linalg.eigvals(matrix)).max()
        assert spectral_radius(scheme.oscillator, y) == pytest.approx(radius, rel=1e-6)


@pytest.mark.parametrize("name", [*HALVES, *NYSTROM])
def test_the_interval_ends_where_steps_begin_to_grow(name: str):
    step = oscillating(name).oscillator
    end = float(step.interval)
    assert spectral_radius(step, np.linspace(0, end, 400)).max() <= 1 + 1e-6
    beyond = spectral_radius(step, end + np.linspace(0, 0.3, 31)[1:])
    assert beyond.max() > 1 + 1e-9


@pytest.mark.parametrize(
    ("name", "squared"),
    [("velocity-verlet", 4), ("strang", 4), ("symplectic-euler", 4), ("lobatto-iiia-iiib-3", 8)],
)
def test_known_intervals(name: str, squared: int):
    assert oscillating(name).oscillator.interval ** 2 == squared


def test_yoshida_4_has_the_interval_of_the_literature():
    interval = oscillating("yoshida-4").oscillator.interval
    assert math.isclose(float(interval), 1.5734, rel_tol=1e-4)


def test_symplectic_steps_have_determinant_one():
    step = oscillating("suzuki-4").oscillator
    assert step.determinant == (Fraction(1),)
