"""The Butcher tableau: A, b, c and embedded weights, exact."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cached_property
from typing import final

import sympy

from odegraph.scheme.number_field import Number, to_sympy

Vector = tuple[Number, ...]
Matrix = tuple[Vector, ...]


@final
@dataclass(frozen=True)
class Tableau:
    """Coefficients of a Runge-Kutta method, as exact numbers of one field.

        c | A
        --+------------
          | b
          | b_embedded

    `b_dense` holds the coefficients of theta, theta^2, ... of b_i(theta), one row a stage.
    `fractions` are those of h of the steps that the tableau was composed of, where it was.
    `tolerance` is 0 for exact tableaus; for tableaus published as decimals, an equation between
    coefficients holds if it holds up to the tolerance.
    """

    A: Matrix
    b: Vector
    c: Vector
    b_embedded: Vector | None = None
    tolerance: Fraction = Fraction(0)
    b_dense: Matrix | None = None
    fractions: Vector = ()

    @property
    def stages(self) -> int:
        """Number of stages s."""
        return len(self.b)

    @cached_property
    def row_sums(self) -> Vector:
        """A 1, the stage times of a method that treats t like any other state variable."""
        return row_sums(self.A)

    @cached_property
    def has_row_sum_nodes(self) -> bool:
        """Whether c is the row sums of A."""
        pairs = zip(self.c, self.row_sums, strict=True)
        return all(self.vanishes(c - row_sum) for c, row_sum in pairs)

    @property
    def propagated(self) -> "Tableau":
        """The method alone, without an embedded one and dense output."""
        return replace(self, b_embedded=None, b_dense=None)

    def vanishes(self, value: Number) -> bool:
        """Whether a defect is zero, up to the declared tolerance of a decimal tableau."""
        return vanishes(value, self.tolerance)


def vanishes(value: Number, tolerance: Fraction) -> bool:
    """Whether a defect is zero: exactly, or up to the tolerance of published decimals."""
    return abs(value) <= tolerance if tolerance else not value


def row_sums(rows: Matrix) -> Vector:
    """The sum of each row."""
    return tuple(sum(row, Fraction(0)) for row in rows)


def column(values: Sequence[Number]) -> sympy.ImmutableMatrix:
    """The numbers as a sympy column vector."""
    return sympy.ImmutableMatrix(len(values), 1, [to_sympy(x) for x in values])


def matrix(rows: Matrix) -> sympy.ImmutableMatrix:
    """The numbers as a sympy matrix."""
    return sympy.ImmutableMatrix(
        len(rows), len(rows[0]), [to_sympy(x) for row in rows for x in row]
    )
