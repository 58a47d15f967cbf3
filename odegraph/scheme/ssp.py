"""The strong-stability-preserving coefficient: the radius of absolute monotonicity of the tableau.

Kraaijevanger (1991); Ferracina and Spijker (2004). It is the largest r such that, up to r, I + rA
is regular and A (I + rA)^-1, b^T (I + rA)^-1, (I + rA)^-1 1 and R(-r) = 1 - r b^T (I + rA)^-1 1 are
nonnegative. With the adjugate of I + rA these are polynomials in r over one determinant, and the
radius is the first root at which one changes sign.
"""

from collections.abc import Iterator
from fractions import Fraction

import sympy

from odegraph.scheme.number_field import sign
from odegraph.scheme.order_conditions import dot
from odegraph.scheme.polynomials import Polynomial, add, flip, odd_part, scale, trim
from odegraph.scheme.real_roots import RealRoot, smaller, smallest_positive_root, square_free
from odegraph.scheme.stability_function import resolvent
from odegraph.scheme.tableau import Tableau


def ssp_coefficient(tableau: Tableau) -> sympy.Expr:
    """The radius of absolute monotonicity: 0 where there is none, oo for backward Euler."""
    if any(sign(x) < 0 for row in (*tableau.A, tableau.b) for x in row):
        return sympy.Integer(0)
    first: RealRoot | None = None
    for polynomial in set(_sign_changes(tableau)):
        if not polynomial:
            return sympy.Integer(0)
        root = smallest_positive_root(polynomial)
        if root is not None:
            first = root if first is None else smaller(first, root)
    return sympy.oo if first is None else first.to_sympy()


def _sign_changes(tableau: Tableau) -> Iterator[Polynomial]:
    """Polynomials whose simple roots are the sign changes; () for one negative from the start."""
    determinant, *entries = _monotonicity_polynomials(tableau)
    yield square_free(determinant)
    for polynomial in set(entries):
        if polynomial:
            lowest = next(x for x in polynomial if x)
            yield odd_part(polynomial) if sign(lowest) > 0 else ()


def _monotonicity_polynomials(tableau: Tableau) -> Iterator[Polynomial]:
    """det(I + rA), then every polynomial in r that must stay nonnegative."""
    Q, adjugate = resolvent(tableau.A)
    determinant = flip(Q)
    yield determinant
    # adj(I + rA) = sum_k (-r)^k M_k
    for row in (*tableau.A, tableau.b):
        products = ([dot(row, column) for column in zip(*M, strict=True)] for M in adjugate)
        for coefficients in zip(*products, strict=True):
            yield flip(trim(coefficients))
    sums = [[sum(row, Fraction(0)) for row in M] for M in adjugate]
    for coefficients in zip(*sums, strict=True):
        yield flip(trim(coefficients))
    growth = trim([Fraction(0), *flip(tuple(dot(tableau.b, column) for column in sums))])
    yield add(determinant, scale(growth, -1))
