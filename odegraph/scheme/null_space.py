"""Exact linear algebra on small matrices: null spaces, and the minimal polynomial of a matrix."""

from collections.abc import Sequence
from fractions import Fraction

from odegraph.scheme.number_field import Number
from odegraph.scheme.order_conditions import dot
from odegraph.scheme.polynomials import Polynomial
from odegraph.scheme.tableau import Matrix, Vector

ZERO, ONE = Fraction(0), Fraction(1)


def null_space(rows: Sequence[Sequence[Number]]) -> list[Vector]:
    """A basis of the x with rows x = 0; each vector has a 1 where the others have a 0."""
    reduced, pivots = _reduced(rows)
    width = len(rows[0])
    basis = []
    for free in (j for j in range(width) if j not in pivots):
        vector: list[Number] = [ZERO] * width
        vector[free] = ONE
        for row, pivot in zip(reduced, pivots, strict=False):
            vector[pivot] = -row[free]
        basis.append(tuple(vector))
    return basis


def minimal_polynomial(matrix: Matrix) -> Polynomial:
    """The monic polynomial p of the lowest degree with p(matrix) = 0."""
    size = len(matrix)
    power: Matrix = tuple(tuple(Fraction(i == j) for j in range(size)) for i in range(size))
    powers = [_flat(power)]
    while True:
        power = tuple(
            tuple(dot(row, column) for column in zip(*power, strict=True)) for row in matrix
        )
        powers.append(_flat(power))
        dependence = null_space(list(zip(*powers, strict=True)))
        if dependence:
            return dependence[0]


def _reduced(rows: Sequence[Sequence[Number]]) -> tuple[list[list[Number]], list[int]]:
    """The reduced row echelon form, and the columns of its leading ones."""
    left = [list(row) for row in rows]
    pivots: list[int] = []
    for j in range(len(rows[0])):
        done = len(pivots)
        found = next((i for i in range(done, len(left)) if left[i][j]), None)
        if found is None:
            continue
        left[done], left[found] = left[found], left[done]
        lead = 1 / left[done][j]
        left[done] = [x * lead for x in left[done]]
        for i, row in enumerate(left):
            if i != done and row[j]:
                left[i] = [x - row[j] * y for x, y in zip(row, left[done], strict=True)]
        pivots.append(j)
    return left, pivots


def _flat(matrix: Matrix) -> Vector:
    return tuple(x for row in matrix for x in row)
