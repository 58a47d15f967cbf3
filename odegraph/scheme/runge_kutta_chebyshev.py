"""Stabilised explicit families of s stages: a real stability interval that grows like s^2.

Each is a three-term recursion of a polynomial family inside R(z), run here on rows of A:

    Y_0 = x,  Y_1 = Y_0 + mu~_1 h f(Y_0),
    Y_j = (1 - mu_j - nu_j) Y_0 + mu_j Y_(j-1) + nu_j Y_(j-2) + mu~_j h f(Y_(j-1)) + g_j h f(Y_0).

The damping of the Chebyshev families is rational, so all coefficients are: w_0 = 1 + eps / s^2.
"""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from odegraph.scheme.tableau import Tableau

FIRST_ORDER_DAMPING = Fraction(1, 20)
SECOND_ORDER_DAMPING = Fraction(2, 13)


@dataclass(frozen=True)
class _Term:
    """mu_j, nu_j, mu~_j and g_j of one stage."""

    mu: Fraction
    nu: Fraction
    rate: Fraction
    first_rate: Fraction = Fraction(0)


def runge_kutta_chebyshev_1(stages: int) -> Tableau:
    """RKC of order 1: R(z) = T_s(w_0 + w_1 z) / T_s(w_0), w_1 = T_s(w_0) / T_s'(w_0), eps = 1/20.

    Van der Houwen and Sommeijer (1980); Verwer (1996).
    """
    w0 = 1 + FIRST_ORDER_DAMPING / stages**2
    T = chebyshev(stages, w0)
    w1 = T[stages][0] / T[stages][1]
    b = [1 / values[0] for values in T]

    def term(j: int) -> _Term:
        return _Term(
            mu=2 * w0 * b[j] / b[j - 1], nu=-b[j] / b[j - 2], rate=2 * w1 * b[j] / b[j - 1]
        )

    return recursion_tableau(stages, w1 / w0, term)


def runge_kutta_chebyshev_2(stages: int) -> Tableau:
    """RKC of order 2: R(z) = a_s + b_s T_s(w_0 + w_1 z), w_1 = T_s' / T_s'' at w_0, eps = 2/13.

    Sommeijer and Verwer (1980); Sommeijer, Shampine and Verwer (1997).
    """
    w0 = 1 + SECOND_ORDER_DAMPING / stages**2
    T = chebyshev(stages, w0)
    w1 = T[stages][1] / T[stages][2]
    b = [T[max(j, 2)][2] / T[max(j, 2)][1] ** 2 for j in range(stages + 1)]

    def term(j: int) -> _Term:
        rate = 2 * w1 * b[j] / b[j - 1]
        a = 1 - b[j - 1] * T[j - 1][0]
        return _Term(2 * w0 * b[j] / b[j - 1], -b[j] / b[j - 2], rate, first_rate=-a * rate)

    return recursion_tableau(stages, b[1] * w1, term)


def runge_kutta_legendre_2(stages: int) -> Tableau:
    """RKL2: R(z) = a_s + b_s P_s(1 + w_1 z) with the Legendre polynomial, w_1 = 4 / (s^2 + s - 2).

    Meyer, Balsara and Aslam (2014).
    """
    w1 = Fraction(4, stages * stages + stages - 2)
    b = [Fraction(j * j + j - 2, 2 * j * (j + 1)) if j > 2 else Fraction(1, 3)
         for j in range(stages + 1)]  # fmt: skip

    def term(j: int) -> _Term:
        mu = Fraction(2 * j - 1, j) * b[j] / b[j - 1]
        nu = Fraction(1 - j, j) * b[j] / b[j - 2]
        return _Term(mu, nu, mu * w1, first_rate=-(1 - b[j - 1]) * mu * w1)

    return recursion_tableau(stages, b[1] * w1, term)


def recursion_tableau(stages: int, first: Fraction, term: Callable[[int], _Term]) -> Tableau:
    """The tableau of the recursion with mu~_1 = `first`."""
    rows = [[Fraction(0)] * stages, [first, *[Fraction(0)] * (stages - 1)]]
    for j in range(2, stages + 1):
        t = term(j)
        row = [t.mu * x + t.nu * y for x, y in zip(rows[j - 1], rows[j - 2], strict=True)]
        row[j - 1] += t.rate
        row[0] += t.first_rate
        rows.append(row)
    A = tuple(tuple(row) for row in rows[:-1])
    return Tableau(A, tuple(rows[-1]), tuple(sum(row, Fraction(0)) for row in A))


def chebyshev(degree: int, x: Fraction) -> list[tuple[Fraction, Fraction, Fraction]]:
    """T_j(x), T_j'(x) and T_j''(x) for j = 0 .. degree, by the three-term recursion."""
    zero, one = Fraction(0), Fraction(1)
    values = [(one, zero, zero), (x, one, zero)]
    for _ in range(2, degree + 1):
        (t, dt, ddt), (u, du, ddu) = values[-1], values[-2]
        values.append((2 * x * t - u, 2 * (t + x * dt) - du, 2 * (2 * dt + x * ddt) - ddu))
    return values[: degree + 1]
