"""Growth over one step of x' = lambda x, z = h lambda, in floating point, and where it is bounded.

R(z) of one-step methods (Hairer and Wanner, Solving ODEs II, IV.3); the largest root zeta of
rho(zeta) - z sigma(zeta) of multistep methods (V.1); the spectral radius of the stability matrix of
general linear methods (Butcher 2006).
"""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.polynomial import polynomial
from numpy.typing import ArrayLike, NDArray

from odegraph._exact import to_float
from odegraph.scheme import (
    GeneralLinearScheme,
    LinearMultistepScheme,
    RosenbrockScheme,
    RungeKuttaScheme,
)
from odegraph.scheme.number_field import Number, to_sympy

LOCUS_POINTS = 2001
BETWEEN_ROOTS = 0.3
AXIS_POINTS = 20_001
MAX_ON_AXIS = 100.0
NEAR = 0.5
ROUNDING = 1e-12
ROUNDING_OF_DOUBLE_ROOTS = 1e-7
Values = NDArray[np.complex128] | NDArray[np.float64]


class Growing(Protocol):
    """Anything with a growth at every z; its modulus counts."""

    def __call__(self, z: ArrayLike) -> Values:
        """The growth over one step at every z."""
        ...

    @property
    def at_infinity(self) -> float:
        """The modulus far from the origin."""
        ...


@dataclass(frozen=True)
class Growth:
    """R = P / Q, and E(y^2) = |Q(iy)|^2 - |P(iy)|^2, which is >= 0 where |R(iy)| <= 1.

    Exact coefficients, rounded once to float64, from the constant term upwards.
    """

    P: NDArray[np.float64]
    Q: NDArray[np.float64]
    E: NDArray[np.float64]

    def __call__(self, z: ArrayLike) -> NDArray[np.complex128]:
        """R at every z; poles give infinite values."""
        with np.errstate(divide="ignore", invalid="ignore"):
            points = np.asarray(z, dtype=np.complex128)
            return polynomial.polyval(points, self.P) / polynomial.polyval(points, self.Q)

    @property
    def at_infinity(self) -> float:
        """|R| far from the origin."""
        if len(self.P) == len(self.Q):
            return abs(self.P[-1] / self.Q[-1])
        return math.inf if len(self.P) > len(self.Q) else 0.0


@dataclass(frozen=True)
class MultistepGrowth:
    """The largest |zeta| with rho(zeta) = z sigma(zeta); coefficients from the oldest state on."""

    rho: NDArray[np.float64]
    sigma: NDArray[np.float64]

    def __call__(self, z: ArrayLike) -> NDArray[np.float64]:
        """The spectral radius of the companion matrix; infinite where the newest weight is 0."""
        points = np.asarray(z, dtype=np.complex128)
        coefficients = self.rho - points[..., None] * self.sigma
        lead = coefficients[..., -1]
        solvable = lead != 0
        monic = coefficients[..., :-1] / np.where(solvable, lead, 1)[..., None]
        size = monic.shape[-1]
        companion = np.zeros((*points.shape, size, size), dtype=np.complex128)
        companion[..., :, -1] = -monic
        companion[..., np.arange(1, size), np.arange(size - 1)] = 1
        largest = np.abs(np.linalg.eigvals(companion)).max(axis=-1)
        return np.where(solvable, largest, np.inf)

    @property
    def at_infinity(self) -> float:
        """The largest root of sigma; infinite for explicit methods."""
        if not self.sigma[-1]:
            return math.inf
        return float(np.abs(polynomial.polyroots(self.sigma)).max(initial=0.0))

    def locus(self) -> NDArray[np.complex128]:
        """The root locus: z with a root on the unit circle, rho / sigma along the circle."""
        zeta = np.exp(1j * np.linspace(-np.pi, np.pi, LOCUS_POINTS))
        with np.errstate(divide="ignore", invalid="ignore"):
            values = polynomial.polyval(zeta, self.rho) / polynomial.polyval(zeta, self.sigma)
        return np.asarray(values, dtype=np.complex128)


@dataclass(frozen=True)
class GeneralLinearGrowth:
    """The spectral radius of M(z) = V + z B (I - z A)^-1 U, of an explicit method."""

    A: NDArray[np.float64]
    U: NDArray[np.float64]
    B: NDArray[np.float64]
    V: NDArray[np.float64]

    def __call__(self, z: ArrayLike) -> NDArray[np.float64]:
        """The largest |zeta| with det(zeta I - M(z)) = 0."""
        points = np.asarray(z, dtype=np.complex128)[..., None, None]
        stages = np.linalg.solve(np.eye(len(self.A)) - points * self.A, self.U + 0 * points)
        return np.abs(np.linalg.eigvals(self.V + points * (self.B @ stages))).max(axis=-1)

    @property
    def at_infinity(self) -> float:
        """Infinite: the determinant of M is a polynomial, and it has one for trace."""
        return math.inf

    def locus(self) -> NDArray[np.complex128]:
        """The z with a root on the unit circle: 1 / z is an eigenvalue of A + U (zeta I - V)^-1 B.

        That is where both I - z A - z U (zeta I - V)^-1 B and, by Schur complements, zeta I - M(z)
        are singular.
        """
        # Away from roots of unity, which may be eigenvalues of V.
        angles = 2 * np.pi * (np.arange(LOCUS_POINTS) + BETWEEN_ROOTS) / LOCUS_POINTS
        zeta = np.exp(1j * angles)[:, None, None]
        resolvent = np.linalg.solve(zeta * np.eye(len(self.V)) - self.V, self.B + 0 * zeta)
        with np.errstate(divide="ignore", invalid="ignore"):
            values = 1 / np.linalg.eigvals(self.A + self.U @ resolvent).ravel()
        return np.asarray(values, dtype=np.complex128)


def growth(scheme: RungeKuttaScheme | RosenbrockScheme) -> Growth:
    """R of a scheme in floating point."""
    exact = scheme.stability
    return Growth(*(rounded(p) for p in (exact.P, exact.Q, exact.e_polynomial())))


def multistep_growth(scheme: LinearMultistepScheme) -> MultistepGrowth:
    """The growth of the states of a multistep method in floating point."""
    return MultistepGrowth(rounded(scheme.method.alpha), rounded(scheme.method.beta))


def general_linear_growth(scheme: GeneralLinearScheme) -> GeneralLinearGrowth:
    """The growth of the external values of a general linear method in floating point."""
    tableau = scheme.tableau
    matrices = (tableau.A, tableau.U, tableau.B, tableau.V)
    return GeneralLinearGrowth(*(np.array([rounded(row) for row in one]) for one in matrices))


def rounded(values: Sequence[Number]) -> NDArray[np.float64]:
    """Exact numbers in float64."""
    return np.array([to_float(to_sympy(x)) for x in values])


def real_limit(R: Growth) -> float:
    """The largest x with |R| <= 1 on all of [-x, 0]; infinite where there is none."""
    crossings = [polynomial.polysub(R.P, R.Q), polynomial.polyadd(R.P, R.Q)]
    roots = np.concatenate([_positive_roots(_reflected(p)) for p in crossings])
    return _first_exit(R, roots, direction=-1.0)


def imaginary_limit(R: Growth) -> float:
    """The largest y with |R| <= 1 on all of [-iy, iy]; infinite where there is none."""
    nonzero = np.flatnonzero(R.E)
    if nonzero.size == 0:
        return math.inf
    if R.E[nonzero[0]] < 0:
        return 0.0
    return _first_exit(R, np.sqrt(_positive_roots(R.E)), direction=1j)


def scanned_limit(R: Growing, *, direction: complex) -> float:
    """How far |growth| <= 1 on the ray, up to rounding; infinite from 100 on."""
    distances = np.linspace(0, MAX_ON_AXIS, AXIS_POINTS)
    # Growth sets in slowly near 0, where roots are simple; further out, two may meet on the circle.
    allowed = np.where(distances < NEAR, ROUNDING, ROUNDING_OF_DOUBLE_ROOTS)
    unstable = np.abs(R(direction * distances)) > 1 + allowed
    if not unstable.any():
        return math.inf
    first = int(np.argmax(unstable))
    return float(distances[max(first - 1, 0)])


def _reflected(p: ArrayLike) -> NDArray[np.float64]:
    p = np.asarray(p, dtype=np.float64)
    return p * (-1.0) ** np.arange(len(p))


def _positive_roots(p: NDArray[np.float64]) -> NDArray[np.float64]:
    first = np.flatnonzero(p)
    if first.size == 0:
        return np.empty(0)
    roots = polynomial.polyroots(p[first[0] : first[-1] + 1])
    real = roots.real[np.abs(roots.imag) <= 1e-7 * np.abs(roots)]
    return real[real > 1e-6]


def _first_exit(R: Growth, roots: NDArray[np.float64], *, direction: complex) -> float:
    # The smallest root behind which |R| exceeds one; elsewhere the curve only touches.
    ends = np.append(np.sort(roots), np.inf)
    for root, following in itertools.pairwise(ends):
        beyond = min(1.001 * root, (root + following) / 2)
        if abs(R(direction * beyond)) > 1:
            return float(root)
    return math.inf
