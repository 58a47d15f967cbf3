"""Dissipation and dispersion: modulus and phase of R(iy) against those of exp(iy).

Van der Houwen and Sommeijer (1987). With log R(z) = z + sum_k e_k z^k, even k change the modulus of
R(iy) and odd k its phase: the orders are the least such k with e_k != 0, minus 1.
"""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import final

import sympy

from odegraph.scheme.number_field import Number
from odegraph.scheme.polynomials import Polynomial
from odegraph.scheme.stability_function import StabilityFunction


@final
@dataclass(frozen=True)
class WaveErrors:
    """|R(iy)| = 1 + O(y^(dissipation + 1)), arg R(iy) = y + O(y^(dispersion + 1))."""

    dissipation: sympy.Expr
    dispersion: sympy.Expr


def wave_errors(R: StabilityFunction, *, vanishes: Callable[[Number], bool]) -> WaveErrors:
    """Dissipation and dispersion order; oo where |R(iy)| = 1 for all y.

    `vanishes` decides what is zero: exactly, or within the tolerance of published decimals.
    """
    terms = 2 * (len(R.P) + len(R.Q)) + 2
    series = [x - y for x, y in zip(_log(R.P, terms), _log(R.Q, terms), strict=True)]
    series[1] -= 1
    even = next((k for k in range(2, terms, 2) if not vanishes(series[k])), None)
    odd = next((k for k in range(1, terms, 2) if not vanishes(series[k])), None)
    conservative = not R.e_polynomial()
    dissipation = sympy.oo if conservative or even is None else sympy.Integer(even - 1)
    return WaveErrors(dissipation, sympy.oo if odd is None else sympy.Integer(odd - 1))


def _log(p: Polynomial, terms: int) -> list[Number]:
    """Taylor coefficients of log p for p(0) = 1, from p log(p)' = p'."""
    coefficients = [*p, *[Fraction(0)] * terms][:terms]
    log: list[Number] = [Fraction(0)] * terms
    for k in range(1, terms):
        known = sum((j * log[j] * coefficients[k - j] for j in range(1, k)), Fraction(0))
        log[k] = (k * coefficients[k] - known) * Fraction(1, k)
    return log
