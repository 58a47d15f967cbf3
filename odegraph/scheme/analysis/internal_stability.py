"""How errors made inside a step reach its result.

Ketcheson, Loczi and Parsani (2014). A perturbation d_j of stage j changes the result by Q_j(z) d_j
with Q(z) = z b^T (I - zA)^-1; stage i itself grows by R_i(z), the i-th entry of (I - zA)^-1 1.
"""

from fractions import Fraction

import numpy as np

from odegraph._exact import to_float
from odegraph.scheme.number_field import to_sympy
from odegraph.scheme.order_conditions import dot
from odegraph.scheme.polynomials import Polynomial, trim
from odegraph.scheme.stability_function import resolvent
from odegraph.scheme.tableau import Tableau

SAMPLES = 2001
RationalFunction = tuple[Polynomial, Polynomial]


def internal_stability_functions(tableau: Tableau) -> tuple[RationalFunction, ...]:
    """Q_j(z) of every stage j, as numerator over det(I - zA)."""
    determinant, adjugate = resolvent(tableau.A)
    rows = [
        [dot(tableau.b, column) for column in zip(*M, strict=True)] for M in adjugate
    ]  # b^T M_k for every power k
    return tuple(
        (trim([Fraction(0), *coefficients]), determinant)
        for coefficients in zip(*rows, strict=True)
    )


def stage_stability_functions(tableau: Tableau) -> tuple[RationalFunction, ...]:
    """R_i(z) of every stage i, as numerator over det(I - zA)."""
    determinant, adjugate = resolvent(tableau.A)
    sums = [[sum(row, Fraction(0)) for row in M] for M in adjugate]
    return tuple((trim(column), determinant) for column in zip(*sums, strict=True))


def internal_amplification(tableau: Tableau, *, interval: float) -> float:
    """max_j |Q_j(z)| over z in [-interval, 0], measured at `SAMPLES` points.

    How much an error of one stage can grow on its way to the result, where the method is stable.
    """
    A = np.array([[to_float(to_sympy(a)) for a in row] for row in tableau.A])
    b = np.array([to_float(to_sympy(x)) for x in tableau.b])
    z = -np.linspace(0, interval, SAMPLES)[:, None]
    systems = np.eye(len(b)) - z[:, :, None] * A.T
    Q = z * np.linalg.solve(systems, np.broadcast_to(b, (SAMPLES, len(b)))[:, :, None])[:, :, 0]
    return float(np.abs(Q).max())
