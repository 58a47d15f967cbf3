"""Coprime polynomials recognised by their residues modulo a prime, without exact division.

A prime that divides no denominator, with a root of theta's polynomial, maps the coefficients to a
finite field. Where leading terms survive, the image of a common factor is one of the images: images
without a common factor are proof that there is none.
"""

from collections.abc import Sequence
from functools import cache

from odegraph.scheme.number_field import AlgebraicNumber, Number, NumberField

PRIMES = (10007, 10009, 10037, 10039, 10061, 10067, 10069, 10079, 10091, 10093, 10099, 10103)


def are_surely_coprime(p: Sequence[Number], q: Sequence[Number]) -> bool:
    """Whether some prime proves that p and q have no common factor; False leaves it open."""
    for prime in PRIMES:
        images = _residues(p, prime), _residues(q, prime)
        if images[0] and images[1]:
            return _degree_of_gcd(*images, prime) == 0
    return False


def _residues(p: Sequence[Number], prime: int) -> list[int]:
    """The coefficients modulo the prime; empty where that loses the degree, or is not possible."""
    residues = []
    for x in p:
        if x.denominator % prime == 0:
            return []
        numerators = x.numerators if isinstance(x, AlgebraicNumber) else (x.numerator,)
        theta = _root(x.field, prime) if isinstance(x, AlgebraicNumber) else 0
        if theta is None:
            return []
        value = sum(n % prime * pow(theta, i, prime) for i, n in enumerate(numerators))
        residues.append(value * pow(x.denominator, -1, prime) % prime)
    return residues if residues and residues[-1] else []


@cache
def _root(number_field: NumberField, prime: int) -> int | None:
    """A root of theta's polynomial modulo the prime, if there is one."""
    polynomial = [1, *(-r % prime for r in number_field.reduction[::-1])]
    for x in range(prime):
        value = 0
        for coefficient in polynomial:
            value = (value * x + coefficient) % prime
        if not value:
            return x
    return None


def _degree_of_gcd(p: list[int], q: list[int], prime: int) -> int:
    while q:
        lead = pow(q[-1], -1, prime)
        while len(p) >= len(q):
            factor = p[-1] * lead % prime
            shift = len(p) - len(q)
            p = [
                (x - factor * q[i - shift]) % prime if i >= shift else x
                for i, x in enumerate(p[:-1])
            ]
            while p and not p[-1]:
                p.pop()
        p, q = q, p
    return len(p) - 1
