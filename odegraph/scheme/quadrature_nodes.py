"""Gauss, Radau and Lobatto nodes on [0, 1] as exact algebraic numbers.

They are the roots of derivatives of x^k (x - 1)^m (Hairer and Wanner, IV.5), of which the rational
ones 0, 1/2 and 1 split off and the rest are square roots wherever symmetry allows it.
"""

from collections.abc import Sequence

import sympy

from odegraph.scheme.adjoin import adjoin, evaluate
from odegraph.scheme.tableau import Vector

_X = sympy.Symbol("x")


def gauss_nodes(stages: int) -> Vector:
    """Roots of the s-th derivative of x^s (x - 1)^s."""
    return _roots(_X**stages * (_X - 1) ** stages, stages)


def radau_left_nodes(stages: int) -> Vector:
    """Roots of the (s - 1)-th derivative of x^s (x - 1)^(s - 1); the first is 0."""
    return _roots(_X**stages * (_X - 1) ** (stages - 1), stages - 1)


def radau_right_nodes(stages: int) -> Vector:
    """Roots of the (s - 1)-th derivative of x^(s - 1) (x - 1)^s; the last is 1."""
    return _roots(_X ** (stages - 1) * (_X - 1) ** stages, stages - 1)


def lobatto_nodes(stages: int) -> Vector:
    """Roots of the (s - 2)-th derivative of x^(s - 1) (x - 1)^(s - 1), with 0 and 1."""
    return _roots(_X ** (stages - 1) * (_X - 1) ** (stages - 1), stages - 2)


def _roots(product: sympy.Expr, derivatives: int) -> Vector:
    polynomial = sympy.Poly(product.diff(_X, derivatives) if derivatives else product, _X)
    factors = [factor for factor, _ in polynomial.factor_list()[1]]
    expressions = [root for factor in factors for root in _factor_roots(factor)]
    values = adjoin(expressions)
    return tuple(sorted(evaluate(root, values) for root in expressions))


def _factor_roots(factor: sympy.Poly) -> Sequence[sympy.Expr]:
    """Real roots; of a factor that is even about 1/2, from the roots of half the degree."""
    centred = sympy.Poly(factor.as_expr().subs(_X, _X + sympy.Rational(1, 2)), _X)
    coefficients = centred.all_coeffs()
    if any(coefficients[1::2]) or centred.degree() < 2:
        return [sympy.rootof(factor, k, radicals=True) for k in range(len(coefficients) - 1)]
    squares = sympy.Poly(coefficients[::2], _X)
    roots = [sympy.sqrt(root) for root in _factor_roots_of_squares(squares)]
    half = sympy.Rational(1, 2)
    return [half + sign * root for root in roots for sign in (1, -1)]


def _factor_roots_of_squares(squares: sympy.Poly) -> Sequence[sympy.Expr]:
    count = len(squares.all_coeffs()) - 1
    return [sympy.rootof(squares, k, radicals=True) for k in range(count)]
