"""The exact Moore-Penrose inverse, over the rationals or a number field."""

from fractions import Fraction

import sympy
from sympy.polys.constructor import construct_domain

from odegraph._errors import ProjectionError
from odegraph._exact import to_exact
from odegraph.basis.exact_matrix import ExactMatrix, reduce, solve


def pseudo_inverse(matrix: ExactMatrix) -> ExactMatrix:
    """The Moore-Penrose inverse of a real matrix, exact.

    From the full-rank factorisation M = F G, with F the pivot columns of M and G the nonzero rows
    of its reduced form: M^+ = G^T (G G^T)^-1 (F^T F)^-1 F^T (Ben-Israel and Greville, Generalized
    Inverses, 2003, section 1.6).
    """
    values = {value for row in matrix.rows for value in row.values()}
    if all(isinstance(value, Fraction) for value in values):
        return _field_pseudo_inverse(matrix)
    return _in_number_field(matrix, {to_exact(value) for value in values})


def _in_number_field(matrix: ExactMatrix, values: set[sympy.Expr]) -> ExactMatrix:
    """The same over Q(sqrt(3), ...), where zero is recognised exactly and at once."""
    if any(value.has(sympy.cos, sympy.pi) for value in values):
        raise ProjectionError(
            "Values of a cosine basis have no exact pseudo-inverse here. Keep statistics on a "
            "piecewise-polynomial basis such as `PiecewiseConstant`, at rational depths."
        )
    field, _ = construct_domain(sorted(values, key=str), extension=True, field=True)
    inside = ExactMatrix(
        tuple({j: field.from_sympy(to_exact(v)) for j, v in row.items()} for row in matrix.rows),
        matrix.columns,
    )
    inverse = _field_pseudo_inverse(inside)
    return ExactMatrix(
        tuple({j: field.to_sympy(v) for j, v in row.items()} for row in inverse.rows),
        inverse.columns,
    )


def _field_pseudo_inverse(matrix: ExactMatrix) -> ExactMatrix:
    pivots = reduce(matrix.rows)
    order = {column: i for i, column in enumerate(sorted(pivots))}
    left = ExactMatrix(
        tuple({order[j]: v for j, v in row.items() if j in order} for row in matrix.rows),
        len(order),
    )
    right = ExactMatrix(tuple(pivots[column] for column in order), matrix.columns)
    left_inverse = solve(left.transposed() @ left, left.transposed())
    right_inverse = solve(right @ right.transposed(), right).transposed()
    return right_inverse @ left_inverse
