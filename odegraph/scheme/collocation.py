"""Tableaus from nodes alone: by collocation, by its transpose, and their relatives.

Hairer and Wanner, IV.5. With weights b that make B(s) hold, each family is the only A that
satisfies C(s), or D(s), or C(s - 1) with one column or row given.
"""

from collections.abc import Sequence
from fractions import Fraction

from odegraph.scheme.number_field import Number
from odegraph.scheme.polynomials import Polynomial, evaluate, multiply, scale, trim
from odegraph.scheme.tableau import Matrix, Vector


def quadrature_weights(c: Sequence[Number]) -> Vector:
    """b with B(s): b_j is the integral over [0, 1] of the j-th Lagrange polynomial of c."""
    return tuple(evaluate(_integral(p), Fraction(1)) for p in lagrange_polynomials(c))


def lagrange_polynomials(c: Sequence[Number]) -> list[Polynomial]:
    """The polynomials that are 1 at one node and 0 at the others."""
    polynomials = []
    for j, node in enumerate(c):
        p: Polynomial = (Fraction(1),)
        for other in (*c[:j], *c[j + 1 :]):
            p = scale(multiply(p, trim((-other, Fraction(1)))), 1 / (node - other))
        polynomials.append(p)
    return polynomials


def _integral(p: Polynomial) -> Polynomial:
    return (Fraction(0), *(x * Fraction(1, k) for k, x in enumerate(p, start=1)))


def collocation(c: Sequence[Number]) -> Matrix:
    """A with C(s): a_ij is the integral over [0, c_i] of the j-th Lagrange polynomial."""
    integrals = [_integral(p) for p in lagrange_polynomials(c)]
    return tuple(tuple(evaluate(p, x) for p in integrals) for x in c)


def collocation_polynomial(c: Sequence[Number]) -> Matrix:
    """b_dense, the integrals over [0, theta] of the Lagrange polynomials, in powers of theta."""
    rows = [_integral(p)[1:] for p in lagrange_polynomials(c)]
    return tuple((*row, *[Fraction(0)] * (len(c) - len(row))) for row in rows)


def transposed_collocation(c: Sequence[Number]) -> Matrix:
    """A with D(s), from that with C(s): b_i a_ij + b_j a^C_ji = b_i b_j."""
    b, A = quadrature_weights(c), collocation(c)
    s = range(len(c))
    return tuple(tuple(b[j] - b[j] * A[j][i] / b[i] for j in s) for i in s)


def with_first_column(c: Sequence[Number]) -> Matrix:
    """A with C(s - 1) and first column b_1 (Lobatto IIIC)."""
    first = quadrature_weights(c)[0]
    return _with_column(c, 0, first)


def with_zero_last_column(c: Sequence[Number]) -> Matrix:
    """A with C(s - 1) and last column zero (Butcher's Lobatto III, or IIIC*)."""
    return _with_column(c, len(c) - 1, Fraction(0))


def _with_column(c: Sequence[Number], column: int, value: Number) -> Matrix:
    """A with C(s - 1) in which one column is constant.

    The other columns integrate the data less what the constant column contributes: with weights
    w_j = integral of l_j over the other nodes, row i is w(c_i) - value l_j(c_column).
    """
    others = [*c[:column], *c[column + 1 :]]
    polynomials = lagrange_polynomials(others)
    rows = []
    for x in c:
        row = [evaluate(_integral(p), x) - value * evaluate(p, c[column]) for p in polynomials]
        rows.append((*row[:column], value, *row[column:]))
    return tuple(rows)


def combination(terms: Sequence[tuple[int, Matrix]]) -> Matrix:
    """sum_k n_k A_k."""
    size = range(len(terms[0][1]))
    return tuple(
        tuple(sum((n * A[i][j] for n, A in terms), Fraction(0)) for j in size) for i in size
    )
