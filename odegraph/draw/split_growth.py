"""Growth over one step of x' = lambda x + mu x, each part treated in its own way.

R(z, w) with z = h lambda and w = h mu: mu belongs to the implicit part of an additive method
(Ascher, Ruuth and Spiteri 1997; Kennedy and Carpenter 2003), or to the linear part of an
exponential one (Cox and Matthews 2002). Pictures show the plane of z for some fixed w <= 0.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from odegraph.draw.growth import rounded
from odegraph.scheme import AdditiveRungeKuttaScheme, ExponentialScheme
from odegraph.scheme.phi_sum import PhiSum

TAYLOR_RADIUS = 1.0
TAYLOR_TERMS = 20


@dataclass(frozen=True)
class SplitGrowth:
    """z -> R(z, w): U_i = start_i + sum_j (A_ij + z B_ij) U_j, R the last of them.

    A holds what w multiplies, B what z does; both are lower triangular.
    """

    start: NDArray[np.float64]
    A: NDArray[np.float64]
    B: NDArray[np.float64]

    def __call__(self, z: ArrayLike) -> NDArray[np.complex128]:
        """R at every z."""
        points = np.asarray(z, dtype=np.complex128)
        stages: list[NDArray[np.complex128]] = []
        for start, a, b in zip(self.start, self.A, self.B, strict=True):
            value = np.full_like(points, start)
            for j, earlier in enumerate(stages):
                if a[j] or b[j]:
                    value = value + (a[j] + b[j] * points) * earlier
            own = len(stages)
            stages.append(value / (1 - a[own]))
        return stages[-1]

    @property
    def at_infinity(self) -> float:
        """Infinite: z is treated explicitly."""
        return math.inf


def additive_growth(scheme: AdditiveRungeKuttaScheme, w: float) -> SplitGrowth:
    """R of an additive method whose implicit part is lower triangular; w may be -inf."""
    explicit, implicit = scheme.tableau.parts
    # Far out the limit is reached in all digits that a picture shows.
    w = max(w, -1e9)
    A = _with_result(explicit.A, explicit.b)
    return SplitGrowth(np.ones(len(A)), w * _with_result(implicit.A, implicit.b), A)


def exponential_growth(scheme: ExponentialScheme, w: float) -> SplitGrowth:
    """R of an exponential method: U_i = exp(c_i w) + z sum_j a_ij(w) U_j."""
    rows = [[_value(a, w) for a in row] for row in scheme.A]
    B = np.zeros((scheme.stages + 1, scheme.stages + 1))
    B[:-1, :-1] = rows
    B[-1, :-1] = [_value(b, w) for b in scheme.b]
    start = np.exp(np.array([*map(float, scheme.c), 1.0]) * w)
    return SplitGrowth(start, np.zeros_like(B), B)


def phi_value(order: int, z: float) -> float:
    """phi_order(z): its Taylor series near zero, else phi_(k+1)(z) = (phi_k(z) - 1/k!) / z."""
    if abs(z) < TAYLOR_RADIUS:
        return sum(z**n / math.factorial(n + order) for n in range(TAYLOR_TERMS))
    value = math.exp(z)
    for k in range(order):
        value = (value - 1 / math.factorial(k)) / z
    return value


def _value(coefficient: PhiSum, w: float) -> float:
    return sum(float(q) * phi_value(k, float(c) * w) for (k, c), q in coefficient.terms)


def _with_result(A: Sequence, b: Sequence) -> NDArray[np.float64]:
    """The matrix of the stages with the weights of the result as its last row."""
    rows = [[*rounded(row), 0.0] for row in [*A, b]]
    return np.array(rows)
