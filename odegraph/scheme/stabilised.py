"""Explicit families that trade order for a long real stability interval, and extrapolation.

Both are recursions of steps; their tableaus come from running the recursion on rows of A.
"""

import math
from collections.abc import Sequence
from fractions import Fraction

from odegraph.scheme.tableau import Tableau

Row = list[Fraction]


def runge_kutta_legendre(stages: int) -> Tableau:
    """RKL1: R(z) = P_s(1 + 2z / (s^2 + s)) with the Legendre polynomial P_s; order 1.

    Y_j = mu_j Y_(j-1) + nu_j Y_(j-2) + mu_j w h f(Y_(j-1)), mu_j = (2j - 1) / j,
    nu_j = (1 - j) / j, w = 2 / (s^2 + s) (Meyer, Balsara and Aslam 2014).
    """
    w = Fraction(2, stages * stages + stages)
    before, latest = _zero(stages), _unit(stages, 0, w)
    rows = [before]
    for j in range(2, stages + 1):
        mu, nu = Fraction(2 * j - 1, j), Fraction(1 - j, j)
        rows.append(latest)
        step = _unit(stages, j - 1, mu * w)
        following = [mu * x + nu * y + k for x, y, k in zip(latest, before, step, strict=True)]
        before, latest = latest, following
    return _tableau(rows, latest)


def extrapolated_euler(order: int) -> Tableau:
    """Euler steps of h / n for n = 1 .. k, extrapolated to order k (Aitken and Neville).

    Hairer, Norsett and Wanner, II.9, with the harmonic sequence. The first stage is shared.
    """
    stages = 1 + order * (order - 1) // 2
    rows: list[Row] = [_zero(stages)]
    b = _zero(stages)
    for n in range(1, order + 1):
        others = (m for m in range(1, order + 1) if m != n)
        weight = math.prod((Fraction(n, n - m) for m in others), start=Fraction(1))
        latest = _unit(stages, 0, Fraction(1, n))
        for _ in range(n - 1):
            rows.append(latest)
            step = _unit(stages, len(rows) - 1, Fraction(1, n))
            latest = [x + k for x, k in zip(latest, step, strict=True)]
        b = [x + weight * y for x, y in zip(b, latest, strict=True)]
    return _tableau(rows, b)


def _zero(size: int) -> Row:
    return [Fraction(0)] * size


def _unit(size: int, index: int, value: Fraction) -> Row:
    row = _zero(size)
    row[index] = value
    return row


def _tableau(rows: Sequence[Row], b: Row) -> Tableau:
    c = tuple(sum(row, Fraction(0)) for row in rows)
    return Tableau(tuple(map(tuple, rows)), tuple(b), c)
