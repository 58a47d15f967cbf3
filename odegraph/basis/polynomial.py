"""Exact polynomials of one element: coefficients of 1, s, s², ... in s = (t - a) / (b - a)."""

from fractions import Fraction
from functools import lru_cache

import sympy

from odegraph._exact import to_exact

Polynomial = tuple[Fraction, ...]

ZERO = Fraction(0)
ONE = Fraction(1)

CONSTANT: Polynomial = (ONE,)
FALLING: Polynomial = (ONE, -ONE)
RISING: Polynomial = (ZERO, ONE)


def value_at(polynomial: Polynomial, s: Fraction | sympy.Expr) -> Fraction | sympy.Expr:
    """p(s) by Horner's rule; an irrational s stays in normal form by expanding each product."""
    if isinstance(s, Fraction):
        total = ZERO
        for coefficient in reversed(polynomial):
            total = total * s + coefficient
        return total
    if len(polynomial) == 1:
        return polynomial[0]
    result: sympy.Expr = sympy.S.Zero
    for coefficient in reversed(polynomial):
        result = sympy.expand(result * s) + to_exact(coefficient)
    return result


def restrict(polynomial: Polynomial, *, start: Fraction, length: Fraction) -> Polynomial:
    """The polynomial u -> p(start + length u): p in the coordinate of a part of the element."""
    if len(polynomial) == 1 or (start == 0 and length == 1):
        return polynomial
    shifted = list(polynomial)
    for low in range(len(shifted) - 1):
        for power in range(len(shifted) - 2, low - 1, -1):
            shifted[power] += start * shifted[power + 1]
    return tuple(c * length**power for power, c in enumerate(shifted))


def add(p: Polynomial, q: Polynomial) -> Polynomial:
    """The sum p + q."""
    size = max(len(p), len(q))
    padded_p = p + (ZERO,) * (size - len(p))
    padded_q = q + (ZERO,) * (size - len(q))
    return tuple(a + b for a, b in zip(padded_p, padded_q, strict=True))


def scale(p: Polynomial, factor: Fraction) -> Polynomial:
    """The multiple factor * p."""
    return tuple(factor * c for c in p)


def multiply(p: Polynomial, q: Polynomial) -> Polynomial:
    """The product p * q."""
    product = [ZERO] * (len(p) + len(q) - 1)
    for i, a in enumerate(p):
        for j, b in enumerate(q):
            product[i + j] += a * b
    return tuple(product)


def derivative(p: Polynomial) -> Polynomial:
    """The derivative dp/ds."""
    return tuple(power * c for power, c in enumerate(p))[1:]


def trim(p: Polynomial) -> Polynomial:
    """The same polynomial without leading zeros: equal polynomials become equal tuples."""
    size = len(p)
    while size > 0 and p[size - 1] == 0:
        size -= 1
    return p[:size]


@lru_cache(maxsize=4096)  # equal elements have equal polynomials, over and over
def inner_product(p: Polynomial, q: Polynomial) -> Fraction:
    """The integral of p q over 0 <= s <= 1."""
    total = ZERO
    for i, a in enumerate(p):
        for j, b in enumerate(q):
            if a and b:
                total += a * b / (i + j + 1)
    return total
