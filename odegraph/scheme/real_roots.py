"""Real roots of polynomials with exact coefficients: isolated, compared, named in sympy."""

from dataclasses import dataclass
from fractions import Fraction
from typing import Any, cast, final

import sympy

from odegraph.scheme.number_field import (
    AlgebraicNumber,
    Number,
    enclosure,
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
)

_R, _T = sympy.symbols("r theta", cls=sympy.Dummy)


@final
@dataclass(frozen=True)
class RealRoot:
    """The only root in (low, high] of a square-free polynomial, the head of a Sturm chain."""

    chain: tuple[Polynomial, ...]
    low: Fraction
    high: Fraction

    @property
    def polynomial(self) -> Polynomial:
        """The polynomial whose root it is."""
        return self.chain[0]

    def refined(self) -> "RealRoot":
        """The same root in half the interval: a simple root is where the sign changes."""
        middle = (self.low + self.high) / 2
        left, right = (sign_at(self.polynomial, x) for x in (middle, self.high))
        if left and left != right:
            return RealRoot(self.chain, middle, self.high)
        return RealRoot(self.chain, self.low, middle)

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
    """The least root above 0 of a square-free polynomial, isolated; None if there is none."""
    while polynomial and not polynomial[0]:
        polynomial = polynomial[1:]
    if len(polynomial) < 2:
        return None
    chain = tuple(sturm_chain(polynomial))
    low, high = Fraction(0), _root_bound(polynomial)
    if not count_roots(chain, low, high):
        return None
    while count_roots(chain, low, high) > 1:
        middle = (low + high) / 2
        if count_roots(chain, low, middle):
            high = middle
        else:
            low = middle
    return RealRoot(chain, low, high)


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
    """Cauchy's bound: all roots are smaller in modulus."""
    ratios = (abs(x / polynomial[-1]) for x in polynomial[:-1])
    return 1 + max(enclosure(x, bits=32)[1] for x in ratios)


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
