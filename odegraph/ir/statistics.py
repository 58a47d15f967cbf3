"""How running statistics in depth learn from the evaluations of one training pass.

Every evaluation i starts from the same statistics, S(t_i) = sum_b phi_b(t_i) S^b, and makes s_i of
them. With Phi[i, b] = phi_b(t_i) the coefficients take the minimum-norm least-squares update
S + Phi^+ (s - Phi S) = Phi^+ s + (I - Phi^+ Phi) S: it does not depend on the order of evaluations.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from odegraph.basis import ExactMatrix, identity, pseudo_inverse
from odegraph.ir.nodes import Row


@dataclass(frozen=True)
class StatisticsUpdate:
    """New coefficient b = sum_i learned[b][i] s_i + sum_c retained[b][c] S^c, as sparse rows."""

    learned: tuple[Row, ...]
    retained: tuple[Row, ...]


def least_squares_update(rows: Sequence[Row], *, size: int) -> StatisticsUpdate:
    """The exact update for evaluations that read the statistics by `rows`."""
    if all(len(row) == 1 and row[0][1] == 1 for row in rows):
        return _means([row[0][0] for row in rows], size)
    phi = ExactMatrix(tuple(dict(row) for row in rows), size)
    inverse = pseudo_inverse(phi)
    return StatisticsUpdate(_rows(inverse), _rows(identity(size) - inverse @ phi))


def _means(visited: Sequence[int], size: int) -> StatisticsUpdate:
    # Each evaluation reads one coefficient: Phi^+ takes the mean over a coefficient's evaluations.
    visits: list[list[int]] = [[] for _ in range(size)]
    for i, index in enumerate(visited):
        visits[index].append(i)
    learned = (tuple((i, Fraction(1, len(seen))) for i in seen) for seen in visits)
    retained = (() if seen else ((index, Fraction(1)),) for index, seen in enumerate(visits))
    return StatisticsUpdate(tuple(learned), tuple(retained))


def _rows(matrix: ExactMatrix) -> tuple[Row, ...]:
    return tuple(tuple(sorted(row.items())) for row in matrix.rows)
