"""Sparse exact matrices, and exact elimination on them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction

import sympy
from sympy.polys.domains import QQ
from sympy.polys.matrices import DomainMatrix

from odegraph._errors import ProjectionError
from odegraph._exact import to_exact, to_float, to_rational
from odegraph.basis.basis import Value

SparseRow = Mapping[int, Value]


@dataclass(frozen=True)
class ExactMatrix:
    """A matrix of exact numbers as one mapping {column: nonzero value} a row.

    Maps between local bases have a few entries a row; dense SymPy matrices of them are slow.
    """

    rows: tuple[SparseRow, ...]
    columns: int

    @property
    def shape(self) -> tuple[int, int]:
        """Numbers of rows and columns."""
        return len(self.rows), self.columns

    def __getitem__(self, position: tuple[int, int]) -> Value:
        row, column = position
        return self.rows[row].get(column, Fraction(0))

    def __matmul__(self, other: "ExactMatrix") -> "ExactMatrix":
        return ExactMatrix(tuple(_combine(row, other.rows) for row in self.rows), other.columns)

    def __sub__(self, other: "ExactMatrix") -> "ExactMatrix":
        pairs = zip(self.rows, other.rows, strict=True)
        return ExactMatrix(
            tuple(subtract(a, b, factor=Fraction(1)) for a, b in pairs), self.columns
        )

    def transposed(self) -> "ExactMatrix":
        """Rows and columns exchanged."""
        rows: list[dict[int, Value]] = [{} for _ in range(self.columns)]
        for i, row in enumerate(self.rows):
            for j, value in row.items():
                rows[j][i] = value
        return ExactMatrix(tuple(rows), len(self.rows))

    def apply(self, values: Iterable[Value]) -> tuple[Value, ...]:
        """The product with a vector."""
        vector = tuple(values)
        return tuple(sum((v * vector[j] for j, v in row.items()), Fraction(0)) for row in self.rows)

    def to_floats(self) -> list[list[float]]:
        """Every entry rounded to the nearest float64, dense."""
        dense = [[0.0] * self.columns for _ in self.rows]
        for i, row in enumerate(self.rows):
            for j, value in row.items():
                dense[i][j] = to_float(value)
        return dense

    def to_sympy(self) -> sympy.ImmutableDenseMatrix:
        """The same matrix, dense in SymPy."""
        entries: dict[int, dict[int, object]] = {}
        for i, row in enumerate(self.rows):
            for j, value in row.items():
                if not isinstance(value, Fraction):
                    return self._irrational_to_sympy()
                entries.setdefault(i, {})[j] = QQ(value.numerator, value.denominator)
        return DomainMatrix(entries, self.shape, QQ).to_Matrix().as_immutable()

    def _irrational_to_sympy(self) -> sympy.ImmutableDenseMatrix:
        entries = {(i, j): to_exact(v) for i, row in enumerate(self.rows) for j, v in row.items()}
        return sympy.ImmutableDenseMatrix(sympy.ImmutableSparseMatrix(*self.shape, entries))


def from_rows(rows: Iterable[SparseRow], *, columns: int) -> ExactMatrix:
    """The matrix of these rows, zeros left out."""
    return ExactMatrix(tuple({j: v for j, v in row.items() if v} for row in rows), columns)


def identity(size: int) -> ExactMatrix:
    """The identity matrix."""
    return leading_identity(size, columns=size)


def leading_identity(size: int, *, columns: int) -> ExactMatrix:
    """The matrix with ones on its diagonal."""
    return ExactMatrix(tuple({i: Fraction(1)} if i < columns else {} for i in range(size)), columns)


def subtract(row: SparseRow, other: SparseRow, *, factor: Value) -> dict[int, Value]:
    """The row minus factor * other, without zeros."""
    result = dict(row)
    for column, value in other.items():
        product = factor * value
        difference = result[column] - product if column in result else -product
        if difference:
            result[column] = difference
        else:
            result.pop(column, None)
    return result


def reduce(rows: Iterable[SparseRow]) -> dict[int, dict[int, Value]]:
    """The reduced row echelon form as {pivot column: row}, rows of zeros left out."""
    pivots: dict[int, dict[int, Value]] = {}
    for row in rows:
        rest = dict(row)
        while rest:
            column = min(rest)
            if column not in pivots:
                lead = rest[column]
                pivots[column] = {j: value / lead for j, value in rest.items()}
                break
            rest = subtract(rest, pivots[column], factor=rest[column])
    for column in sorted(pivots, reverse=True):
        for later in [j for j in pivots[column] if j != column and j in pivots]:
            row = pivots[column]
            pivots[column] = subtract(row, pivots[later], factor=row[later])
    return pivots


def solve(matrix: ExactMatrix, right: ExactMatrix) -> ExactMatrix:
    """X with matrix X = right, for an invertible square matrix."""
    size = matrix.columns
    augmented = (
        {**a, **{size + j: value for j, value in b.items()}}
        for a, b in zip(matrix.rows, right.rows, strict=True)
    )
    pivots = reduce(augmented)
    if matrix.shape != (size, size) or sorted(pivots)[:size] != list(range(size)):
        raise ProjectionError(
            f"A linear system of shape `{matrix.shape}` has no unique solution: the depths chosen "
            "do not determine the coefficients. Choose as many depths as coefficients, one near "
            "each basis function."
        )
    return ExactMatrix(
        tuple({j - size: v for j, v in pivots[i].items() if j >= size} for i in range(size)),
        right.columns,
    )


def _combine(weights: SparseRow, rows: tuple[SparseRow, ...]) -> dict[int, Value]:
    terms: dict[int, list[Value]] = {}
    for index, weight in weights.items():
        for column, value in rows[index].items():
            terms.setdefault(column, []).append(weight * value)
    sums = ((column, _total(products)) for column, products in terms.items())
    return {column: value for column, value in sums if value}


def _total(terms: list[Value]) -> Value:
    """The sum; roots are multiplied out, so that a sum that is zero or rational shows it."""
    total, *rest = terms
    if not any(isinstance(term, sympy.Expr) for term in terms):
        for term in rest:
            total += term
        return total
    exact = sympy.Add(*(to_exact(term) for term in terms))
    value = exact if exact.has(sympy.pi) else sympy.expand(exact)
    rational = to_rational(value)
    return value if rational is None else rational
