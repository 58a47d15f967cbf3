"""Exact integrals of piecewise polynomials against cosines, in closed form."""

from collections.abc import Mapping
from fractions import Fraction
from itertools import pairwise

import sympy

from odegraph._exact import to_exact
from odegraph.basis.basis import Value
from odegraph.basis.cosine import Cosine, cosine
from odegraph.basis.exact_matrix import ExactMatrix, from_rows
from odegraph.basis.piecewise_polynomial import PiecewisePolynomial
from odegraph.basis.polynomial import ONE, ZERO, derivative, inner_product

# The jump of a derivative of one basis function: {(depth, number of integrations): jump}.
Jumps = Mapping[tuple[Fraction, int], Fraction]


def cosine_inner_products(target: PiecewisePolynomial, source: Cosine) -> ExactMatrix:
    """The integrals of psi_j(t) cos(pi k t) over [0, 1].

    By parts, again and again: on an element, the integral is the sum over m of
    (-1)^m psi^(m)(t) I_{m+1}(t) between its ends, where the n-th antiderivative of the cosine is
    I_n(t) = cos(pi k t - n pi / 2) / (pi k)^n. What neighbouring elements share cancels, so that
    only jumps of psi and its derivatives are left.
    """
    means = _means(target)
    rows = []
    for mean, jumps in zip(means, _jumps(target), strict=True):
        row: dict[int, Value] = {k: _integral(jumps, frequency=k) for k in range(1, source.size)}
        rows.append({0: mean, **row})
    return from_rows(rows, columns=source.size)


def _integral(jumps: Jumps, *, frequency: int) -> sympy.Expr:
    by_order: dict[int, list[sympy.Expr]] = {}
    for (t, order), jump in jumps.items():
        wave = cosine(frequency * t - Fraction(order, 2))
        by_order.setdefault(order, []).append(to_exact(jump * wave))
    terms = (
        sympy.Add(*waves) / (sympy.pi * frequency) ** order for order, waves in by_order.items()
    )
    return sympy.Add(*terms)


def _jumps(basis: PiecewisePolynomial) -> tuple[Jumps, ...]:
    jumps: list[dict[tuple[Fraction, int], Fraction]] = [{} for _ in range(basis.size)]
    for element, (start, end) in enumerate(pairwise(basis.breakpoints)):
        for j, polynomial in basis.local_functions(element):
            order, weight = 1, ONE
            while polynomial:
                for t, value in ((end, sum(polynomial, ZERO)), (start, -polynomial[0])):
                    jumps[j][t, order] = jumps[j].get((t, order), ZERO) + weight * value
                polynomial = derivative(polynomial)
                order, weight = order + 1, -weight / (end - start)
    return tuple({key: jump for key, jump in row.items() if jump} for row in jumps)


def _means(basis: PiecewisePolynomial) -> tuple[Fraction, ...]:
    means = [ZERO] * basis.size
    for element, (start, end) in enumerate(pairwise(basis.breakpoints)):
        for j, polynomial in basis.local_functions(element):
            means[j] += (end - start) * inner_product(polynomial, (ONE,))
    return tuple(means)
