"""Structural properties of a Runge-Kutta tableau, each decided exactly."""

from collections.abc import Iterator
from fractions import Fraction
from itertools import count

from odegraph.scheme.number_field import Number
from odegraph.scheme.order_conditions import dot
from odegraph.scheme.tableau import Matrix, Tableau


def is_explicit(tableau: Tableau) -> bool:
    """A is strictly lower triangular."""
    return not any(any(row[i:]) for i, row in enumerate(tableau.A))


def is_diagonally_implicit(tableau: Tableau) -> bool:
    """A is lower triangular with an entry on its diagonal: stages are solved in turn."""
    lower = not any(any(row[i + 1 :]) for i, row in enumerate(tableau.A))
    return lower and not is_explicit(tableau)


def is_stiffly_accurate(tableau: Tableau) -> bool:
    """The last stage is the result: last row of A = b, at time c = 1."""
    return tableau.A[-1] == tableau.b and tableau.c[-1] == 1


def is_fsal(tableau: Tableau) -> bool:
    """First same as last: the last stage is the result, and the first one is the start."""
    first_row = not any(tableau.A[0]) and not tableau.c[0]
    return tableau.stages > 1 and first_row and is_stiffly_accurate(tableau)


def quadrature_order(tableau: Tableau) -> int:
    """The largest p with B(p): sum_i b_i c_i^(k-1) = 1/k for k = 1 .. p; at most 2s."""
    powers = _powers(tableau)
    for k, power in zip(range(1, 2 * tableau.stages + 1), powers, strict=False):
        if not tableau.vanishes(dot(tableau.b, power) - Fraction(1, k)):
            return k - 1
    return 2 * tableau.stages


def stage_conditions(tableau: Tableau) -> int:
    """The largest q <= 2s with C(q): sum_j a_ij c_j^(k-1) = c_i^k / k for k = 1 .. q, all i."""
    powers = _powers(tableau)
    power = next(powers)
    for k in range(1, 2 * tableau.stages + 1):
        above = next(powers)
        defects = (
            dot(row, power) - x * Fraction(1, k) for row, x in zip(tableau.A, above, strict=True)
        )
        if not all(tableau.vanishes(x) for x in defects):
            return k - 1
        power = above
    return 2 * tableau.stages


def adjoint_conditions(tableau: Tableau) -> int:
    """The largest r <= 2s with D(r).

    D(r): sum_i b_i c_i^(k-1) a_ij = b_j (1 - c_j^k) / k for k = 1 .. r and all j.
    """
    powers = _powers(tableau)
    power = next(powers)
    columns = list(zip(*tableau.A, strict=True))
    for k in range(1, 2 * tableau.stages + 1):
        above = next(powers)
        weighted = [b * x for b, x in zip(tableau.b, power, strict=True)]
        for column, b, x in zip(columns, tableau.b, above, strict=True):
            if not tableau.vanishes(dot(weighted, column) - b * (1 - x) * Fraction(1, k)):
                return k - 1
        power = above
    return 2 * tableau.stages


def _powers(tableau: Tableau) -> Iterator[list[Number]]:
    """1, c, c^2, ... as vectors."""
    power: list[Number] = [Fraction(1)] * tableau.stages
    for _ in count():
        yield power
        power = [x * c for x, c in zip(power, tableau.c, strict=True)]


def stage_order(tableau: Tableau) -> int:
    """The largest q with B(q) and C(q), the order of every stage (Hairer and Wanner, IV.15)."""
    return min(quadrature_order(tableau), stage_conditions(tableau))


def symplecticity_defect(tableau: Tableau) -> Matrix:
    """M_ij = b_i a_ij + b_j a_ji - b_i b_j; quadratic invariants are kept where it vanishes."""
    A, b = tableau.A, tableau.b
    indices = range(tableau.stages)
    return tuple(
        tuple(b[i] * A[i][j] + b[j] * A[j][i] - b[i] * b[j] for j in indices) for i in indices
    )


def is_symplectic(tableau: Tableau) -> bool:
    """M = 0 (Cooper 1987; Sanz-Serna 1988); for irreducible tableaus also necessary."""
    return all(tableau.vanishes(x) for row in symplecticity_defect(tableau) for x in row)


def adjoint(tableau: Tableau) -> Tableau:
    """The inverse of a step with -h: a*_ij = b_j - a_ij, c*_i = 1 - c_i, stages in reverse.

    It has no embedded weights: the adjoint of the embedded method has other stages.
    """
    A = tuple(tuple(w - a for w, a in zip(tableau.b, row, strict=True))[::-1] for row in tableau.A)
    c = tuple(1 - x for x in tableau.c[::-1])
    return Tableau(A[::-1], tableau.b[::-1], c, tolerance=tableau.tolerance)


def costate(tableau: Tableau) -> Tableau:
    """What backpropagation applies to lambda' = -J^T lambda: a^_ij = b_j - b_j a_ji / b_i, b, c.

    Hager (2000); Sanz-Serna (2016). No b_i may be zero. A scheme and that of its costate are a
    symplectic pair; a symplectic scheme is its own. Not the `adjoint`, which inverts a step.
    """
    A, b = tableau.A, tableau.b
    indices = range(tableau.stages)
    rows = tuple(tuple(b[j] - b[j] * A[j][i] / b[i] for j in indices) for i in indices)
    return Tableau(rows, b, tableau.c, tolerance=tableau.tolerance)


def is_symmetric(tableau: Tableau) -> bool:
    """Whether the adjoint is the method itself, up to the order of the stages."""
    other = adjoint(tableau)
    return _matches(tableau, other, [])


def _matches(x: Tableau, y: Tableau, permutation: list[int]) -> bool:
    """Whether the stages of y, in some order that begins with `permutation`, are those of x."""
    i = len(permutation)
    if i == x.stages:
        return True
    free = (k for k in range(x.stages) if k not in permutation)
    return any(
        _matches(x, y, [*permutation, k]) for k in free if _stage_matches(x, y, [*permutation, k])
    )


def _stage_matches(x: Tableau, y: Tableau, permutation: list[int]) -> bool:
    i, k = len(permutation) - 1, permutation[-1]
    if not (x.vanishes(x.b[i] - y.b[k]) and x.vanishes(x.c[i] - y.c[k])):
        return False
    return all(
        x.vanishes(x.A[i][j] - y.A[k][m]) and x.vanishes(x.A[j][i] - y.A[m][k])
        for j, m in enumerate(permutation)
    )
