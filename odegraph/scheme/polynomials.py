"""Polynomials with exact real coefficients: tuples from the constant upwards, () for zero."""

import math
from collections.abc import Iterable, Sequence
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise, zip_longest

from odegraph.scheme.number_field import Number, enclosure, sign
from odegraph.scheme.residues import are_surely_coprime

Polynomial = tuple[Number, ...]
ONE: Polynomial = (Fraction(1),)
SIGN_BITS = 256


def trim(coefficients: Iterable[Number]) -> Polynomial:
    """Drop leading zeros."""
    trimmed = list(coefficients)
    while trimmed and not trimmed[-1]:
        trimmed.pop()
    return tuple(trimmed)


def add(p: Polynomial, q: Polynomial) -> Polynomial:
    """P + q."""
    return trim(x + y for x, y in zip_longest(p, q, fillvalue=Fraction(0)))


def scale(p: Polynomial, factor: Number | int) -> Polynomial:
    """Factor p."""
    return trim(factor * x for x in p)


def multiply(p: Polynomial, q: Polynomial) -> Polynomial:
    """P q."""
    product: list[Number] = [Fraction(0)] * (len(p) + len(q) - 1 if p and q else 0)
    for i, x in enumerate(p):
        if x:
            for j, y in enumerate(q, start=i):
                product[j] = product[j] + x * y
    return trim(product)


def divide(p: Polynomial, q: Polynomial) -> tuple[Polynomial, Polynomial]:
    """Quotient and remainder of p by q."""
    remainder, lead = list(p), 1 / q[-1]
    quotient: list[Number] = [Fraction(0)] * max(len(p) - len(q) + 1, 0)
    for k in range(len(quotient) - 1, -1, -1):
        factor = quotient[k] = remainder[k + len(q) - 1] * lead
        if factor:
            for i, y in enumerate(q, start=k):
                remainder[i] = remainder[i] - factor * y
    return trim(quotient), trim(remainder[: len(q) - 1])


def gcd(p: Polynomial, q: Polynomial) -> Polynomial:
    """The monic greatest common divisor."""
    if are_surely_coprime(p, q):
        return ONE
    while q:
        p, q = q, _monic(divide(p, q)[1])
    return _monic(p)


def _monic(p: Polynomial) -> Polynomial:
    return scale(p, 1 / p[-1]) if p else p


def derivative(p: Polynomial) -> Polynomial:
    """P'."""
    return trim(k * x for k, x in enumerate(p) if k)


def evaluate(p: Polynomial, x: Number | int) -> Number:
    """p(x), by Horner's rule."""
    value: Number = Fraction(0)
    for coefficient in reversed(p):
        value = value * x + coefficient
    return value


def sign_at(p: Polynomial, x: Fraction) -> int:
    """The sign of p(x) for x >= 0: of an enclosure, and only where that holds 0 of p(x) itself."""
    low = high = 0
    for coefficient in reversed(p):
        below, above = _fixed_point(coefficient)
        low = low * x.numerator // x.denominator + below
        high = -(-high * x.numerator // x.denominator) + above
    return (low > 0) - (high < 0) or sign(evaluate(p, x))


@lru_cache(maxsize=4096)
def _fixed_point(value: Number) -> tuple[int, int]:
    """Integers around 2^SIGN_BITS times the value."""
    below, above = enclosure(value, bits=SIGN_BITS)
    return math.floor(below * 2**SIGN_BITS), math.ceil(above * 2**SIGN_BITS)


def flip(p: Polynomial) -> Polynomial:
    """p(-x)."""
    return tuple(-x if k % 2 else x for k, x in enumerate(p))


def without_roots_at_zero(p: Polynomial) -> Polynomial:
    """P without its factors x."""
    return p[next((k for k, x in enumerate(p) if x), 0) :]


def odd_part(p: Polynomial) -> Polynomial:
    """The product of the factors of odd multiplicity: where p changes its sign (Yun 1976)."""
    common = gcd(p, derivative(p))
    if common == ONE:
        return p
    rest = divide(p, common)[0]
    product, multiplicity = ONE, 1
    while len(rest) > 1:
        deeper = gcd(rest, common)
        if multiplicity % 2:
            product = multiply(product, divide(rest, deeper)[0])
        rest, common = deeper, divide(common, deeper)[0]
        multiplicity += 1
    return product


def sturm_chain(p: Polynomial) -> list[Polynomial]:
    """The Sturm sequence of a polynomial."""
    chain = [p, derivative(p)]
    while chain[-1]:
        remainder = divide(chain[-2], chain[-1])[1]
        chain.append(scale(remainder, -1 / abs(remainder[-1])) if remainder else remainder)
    return chain[:-1]


def variations(signs: Iterable[int]) -> int:
    """Sign changes in a sequence, zeros left out."""
    return sum(a != b for a, b in pairwise(s for s in signs if s))


def count_roots(chain: Sequence[Polynomial], low: Fraction, high: Fraction | None = None) -> int:
    """Distinct roots in (low, high] of the head of a Sturm chain; `high` None means infinity."""
    above = (sign(p[-1]) if high is None else sign_at(p, high) for p in chain)
    return variations(sign_at(p, low) for p in chain) - variations(above)


def is_nonnegative(p: Polynomial) -> bool:
    """Whether p(x) >= 0 for every x >= 0."""
    if not p:
        return True
    changes = odd_part(without_roots_at_zero(p))
    return sign(p[-1]) > 0 and count_roots(sturm_chain(changes), Fraction(0)) == 0


def has_left_half_plane_roots_only(p: Polynomial) -> bool:
    """Whether every complex root has a negative real part, by the Routh array."""
    p = scale(p, sign(p[-1]))
    if any(sign(x) <= 0 for x in p):
        return False
    upper, lower = list(p[::-1][::2]), list(p[::-1][1::2])
    while lower:
        if sign(lower[0]) <= 0:
            return False
        factor = upper[0] / lower[0]
        padded = [*lower[1:], Fraction(0)]
        rest = [a - factor * b for a, b in zip(upper[1:], padded, strict=False)]
        upper, lower = lower, rest
    return True
