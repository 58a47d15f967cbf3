"""Real roots of polynomials with exact coefficients: isolated, compared, named in sympy."""

import math
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Any, cast, final

import sympy

from odegraph.scheme.number_field import (
    AlgebraicNumber,
    Number,
    enclosure,
    integral,
    sign,
    to_fraction,
    to_sympy,
)
from odegraph.scheme.polynomials import (
    Polynomial,
    count_roots,
    derivative,
    divide,
    gcd,
    sign_at,
    sturm_chain,
    variations,
    without_roots_at_zero,
)

FLOAT_BITS = 60
_R, _T = sympy.symbols("r theta", cls=sympy.Dummy)


@final
@dataclass(frozen=True)
class RealRoot:
    """The only root in (low, high] of a square-free polynomial."""

    polynomial: Polynomial
    low: Fraction
    high: Fraction

    def refined(self) -> "RealRoot":
        """The same root in half the interval: a simple root is where the sign changes."""
        middle = (self.low + self.high) / 2
        left, right = (sign_at(self.polynomial, x) for x in (middle, self.high))
        if left and left != right:
            return RealRoot(self.polynomial, middle, self.high)
        return RealRoot(self.polynomial, self.low, middle)

    def __float__(self) -> float:
        root = self
        while (root.high - root.low) * 2**FLOAT_BITS > root.high:
            root = root.refined()
        return float(root.high)

    def to_sympy(self) -> sympy.Expr:
        """The root as a rational, a surd, or a `CRootOf` its minimal polynomial."""
        root = self
        candidates: list[Any] = [
            (factor, index, *map(to_fraction, interval))
            for factor, _ in _norm(self.polynomial).factor_list()[1]
            for index, (interval, _) in enumerate(cast(list, factor.intervals()))
        ]
        while len(candidates) > 1:
            root = root.refined()
            candidates = [
                _refined(candidate, root.high - root.low)
                for candidate in candidates
                if candidate[2] <= root.high and root.low <= candidate[3]
            ]
        factor, index, *_ = candidates[0]
        return sympy.rootof(factor, index, radicals=True)


def _refined(candidate: tuple[Any, int, Fraction, Fraction], width: Fraction) -> tuple:
    """The same root of a rational polynomial in an interval of at most the width."""
    factor, index, low, high = candidate
    if high - low <= width:
        return candidate
    bounds = factor.refine_root(to_sympy(low), to_sympy(high), eps=to_sympy(width))
    return factor, index, *map(to_fraction, bounds)


def smallest_positive_root(polynomial: Polynomial) -> RealRoot | None:
    """The least root above 0 of a square-free polynomial, isolated; None if there is none.

    Descartes' rule on halved intervals (Collins and Akritas 1976): the sign changes of the
    Bernstein coefficients on (low, high) bound the number of roots, and decide where it is 0 or 1.
    """
    polynomial = without_roots_at_zero(polynomial)
    if len(polynomial) < 2:
        return None
    bound = _root_bound(polynomial)
    pending = [(Fraction(0), bound, _bernstein(polynomial, bound))]
    while pending:
        low, high, coefficients = pending.pop()
        changes = variations(map(sign, coefficients))
        if changes + (not coefficients[-1]) == 1:
            return RealRoot(polynomial, low, high)
        if changes:
            middle = (low + high) / 2
            left, right = _halves(coefficients)
            pending += [(middle, high, right), (low, middle, left)]
    return None


def _bernstein(polynomial: Polynomial, high: Fraction) -> list[Any]:
    """Bernstein coefficients on (0, high), times a positive integer that makes them integral."""
    degree = len(polynomial) - 1
    binomials = [math.comb(degree, k) for k in range(degree + 1)]
    multiple = math.lcm(*binomials) * math.lcm(*(x.denominator for x in polynomial))
    terms = [
        integral(x * (multiple * high**k / n))
        for k, (x, n) in enumerate(zip(polynomial, binomials, strict=True))
    ]
    return [
        sum(x * math.comb(i, k) for k, x in enumerate(terms[: i + 1])) for i in range(degree + 1)
    ]


def _halves(coefficients: list[Any]) -> tuple[list[Any], list[Any]]:
    """Coefficients on both halves, by de Casteljau's triangle, times 2^degree."""
    degree = len(coefficients) - 1
    left, right, row = [], [], coefficients
    for k in range(degree + 1):
        left.append(row[0] * 2 ** (degree - k))
        right.append(row[-1] * 2 ** (degree - k))
        row = [x + y for x, y in pairwise(row)]
    return left, right[::-1]


def smaller(x: RealRoot, y: RealRoot) -> RealRoot:
    """The smaller of two roots; x if they are equal."""
    common = gcd(x.polynomial, y.polynomial)
    shared = sturm_chain(common) if len(common) > 1 else None
    while max(x.low, y.low) < min(x.high, y.high):
        if shared and count_roots(shared, max(x.low, y.low), min(x.high, y.high)):
            return x
        x_next, y_next = x.refined(), y.refined()
        x, y = x_next, y_next
    return x if x.high <= y.low else y


def square_free(polynomial: Polynomial) -> Polynomial:
    """The polynomial with every root made simple."""
    return divide(polynomial, gcd(polynomial, derivative(polynomial)))[0]


def _root_bound(polynomial: Polynomial) -> Fraction:
    """A power of two at or above Fujiwara's bound 2 max_k |p_(n-k) / p_n|^(1/k)."""
    lead = _modulus_bounds(polynomial[-1])[0]
    exponents = [
        -(-math.ceil(_modulus_bounds(x)[1] / lead).bit_length() // k)
        for k, x in enumerate(polynomial[-2::-1], start=1)
        if x
    ]
    return Fraction(2 << max(exponents))


def _modulus_bounds(x: Number) -> tuple[Fraction, Fraction]:
    """0 < low <= |x| <= high for x that is not 0."""
    bits = 64
    while True:
        low, high = sorted(abs(bound) for bound in enclosure(x, bits=bits))
        if 2 * low > high:
            return low, high
        bits *= 2


def _norm(polynomial: Polynomial) -> sympy.Poly:
    """A square-free polynomial over the rationals that has the roots of this one."""
    fields = [x.field for x in polynomial if isinstance(x, AlgebraicNumber)]
    if not fields:
        return sympy.Poly([to_sympy(x) for x in polynomial[::-1]], _R).sqf_part()
    reduction = fields[0].reduction
    modulus = _T ** len(reduction) - sum(r * _T**i for i, r in enumerate(reduction))
    bivariate = sum(_in_theta(x) * _R**k for k, x in enumerate(polynomial))
    resultant = sympy.resultant(sympy.expand(modulus), sympy.expand(bivariate), _T)
    return sympy.Poly(resultant, _R).sqf_part()


def _in_theta(x: Number) -> sympy.Expr:
    if isinstance(x, AlgebraicNumber):
        return sympy.Add(*(to_sympy(c) * _T**i for i, c in enumerate(x.coordinates)))
    return to_sympy(x)
