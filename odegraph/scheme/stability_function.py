"""The stability function R(z) = det(I - z A + z 1 b^T) / det(I - z A) of a Runge-Kutta method.

Hairer and Wanner, IV.3. The denominator comes from the characteristic polynomial (Faddeev and Le
Verrier), the numerator from the same fraction as a power series, 1 + sum_k b^T A^(k-1) 1 z^k.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import final

import sympy

from odegraph.scheme.number_field import Number, to_sympy
from odegraph.scheme.order_conditions import dot, linear_moments
from odegraph.scheme.polynomials import (
    ONE,
    Polynomial,
    add,
    divide,
    flip,
    gcd,
    has_left_half_plane_roots_only,
    is_nonnegative,
    multiply,
    scale,
    trim,
)
from odegraph.scheme.tableau import Matrix, Tableau, Vector

MAX_CHARACTERS = 32


@final
@dataclass(frozen=True)
class StabilityFunction:
    """R = P / Q with P(0) = Q(0) = 1 and no common factor.

    `tolerance` is that of the tableau: a coefficient of E vanishes if it is smaller than that part
    of the terms that it is the sum of.
    """

    P: Polynomial
    Q: Polynomial
    tolerance: Fraction = Fraction(0)

    def __call__(self, z: sympy.Expr) -> sympy.Expr:
        """R(z) as a sympy expression."""
        numerator, denominator = (
            sympy.Add(*(to_sympy(x) * z**k for k, x in enumerate(p))) for p in (self.P, self.Q)
        )
        return numerator / denominator

    def __str__(self) -> str:
        z = sympy.Symbol("z")
        numerator, denominator = (
            sympy.Add(*(_short(to_sympy(x)) * z**k for k, x in enumerate(p)))
            for p in (self.P, self.Q)
        )
        return str(numerator / denominator)

    @property
    def at_infinity(self) -> Number | None:
        """R(infinity); None where R is unbounded."""
        if len(self.P) > len(self.Q):
            return None
        return self.P[-1] / self.Q[-1] if len(self.P) == len(self.Q) else Fraction(0)

    def e_polynomial(self) -> Polynomial:
        """E(y^2) = |Q(iy)|^2 - |P(iy)|^2, as a polynomial in y^2."""
        difference = add(_squared_modulus(self.Q), scale(_squared_modulus(self.P), -1))
        if not self.tolerance:
            return difference
        # High powers have small coefficients that count: zero is what is small beside its terms.
        sizes = add(_sizes_in_squared_modulus(self.Q), _sizes_in_squared_modulus(self.P))
        return trim(
            x if abs(x) > self.tolerance * size else Fraction(0)
            for x, size in zip(difference, sizes, strict=False)
        )

    def is_a_stable(self) -> bool:
        """|R(z)| <= 1 for Re z <= 0: E >= 0 on the imaginary axis, and all poles to its right."""
        if self.at_infinity is None:
            return False
        poles_right = has_left_half_plane_roots_only(flip(self.Q))
        return poles_right and is_nonnegative(self.e_polynomial())

    def is_l_stable(self) -> bool:
        """A-stable, and R(infinity) = 0."""
        return self.at_infinity == 0 and self.is_a_stable()


def _short(value: sympy.Expr) -> sympy.Expr:
    """Six digits of a coefficient whose exact form fills a line."""
    return value.evalf(6) if len(str(value)) > MAX_CHARACTERS else value


class HasStabilityFunction(ABC):
    """What has a stability function, and what is decided from it."""

    @property
    @abstractmethod
    def stability(self) -> StabilityFunction:
        """R = P / Q on x' = lambda x, with exact coefficients."""

    def stability_function(self, z: sympy.Expr) -> sympy.Expr:
        """R(z), the growth over one step of x' = lambda x with z = h lambda."""
        return self.stability(z)

    @cached_property
    def is_a_stable(self) -> bool:
        """Whether |R(z)| <= 1 in the whole left half-plane."""
        return self.stability.is_a_stable()

    @cached_property
    def is_l_stable(self) -> bool:
        """Whether the scheme is A-stable with R(infinity) = 0."""
        return self.stability.is_l_stable()


def _squared_modulus(p: Polynomial) -> Polynomial:
    """|p(iy)|^2 = p(iy) p(-iy), as a polynomial in y^2."""
    product = multiply(p, flip(p))  # p(z) p(-z) is even; z^2 = -y^2
    return trim(-x if k % 2 else x for k, x in enumerate(product[::2]))


def _sizes_in_squared_modulus(p: Polynomial) -> Polynomial:
    """sum_(i + j = 2k) |p_i p_j|: the size of the terms that make up coefficient k of |p(iy)|^2."""
    sizes = tuple(abs(x) for x in p)
    return multiply(sizes, sizes)[::2]


def stability_function(tableau: Tableau, weights: Vector | None = None) -> StabilityFunction:
    """R(z) of the method, or of its stages with other weights."""
    weights = tableau.b if weights is None else weights
    Q = inverse_determinant(tableau.A)
    series = trim([Fraction(1), *linear_moments(tableau.A, weights, count=tableau.stages)])
    P = trim(multiply(Q, series)[: tableau.stages + 1])
    P, Q = (_without_rounding(p, tableau) for p in (P, Q))
    common = gcd(P, Q)
    P, Q = divide(P, common)[0], divide(Q, common)[0]
    return StabilityFunction(scale(P, 1 / Q[0]), scale(Q, 1 / Q[0]), tableau.tolerance)


def _without_rounding(p: Polynomial, tableau: Tableau) -> Polynomial:
    """Coefficients of decimal tableaus that vanish up to their tolerance do so on purpose."""
    return trim(Fraction(0) if tableau.vanishes(x) else x for x in p)


def inverse_determinant(A: Matrix) -> Polynomial:
    """det(I - z A) as a polynomial in z."""
    if any(any(row[i + 1 :]) for i, row in enumerate(A)):
        return resolvent(A)[0]
    determinant = ONE
    for i, row in enumerate(A):
        determinant = multiply(determinant, trim((Fraction(1), -row[i])))
    return determinant


def resolvent(A: Matrix) -> tuple[Polynomial, list[Matrix]]:
    """det(I - z A), and M_k with adj(I - z A) = sum_k M_k z^k (Faddeev and Le Verrier)."""
    size = len(A)
    determinant: list[Number] = [Fraction(1)]
    M = _add_diagonal([[Fraction(0)] * size for _ in range(size)], Fraction(1))
    adjugate = [M]
    for k in range(1, size + 1):
        columns = list(zip(*M, strict=True))
        product = [[dot(row, column) for column in columns] for row in A]
        trace = sum((product[i][i] for i in range(size)), Fraction(0))
        determinant.append(trace * Fraction(-1, k))
        M = _add_diagonal(product, determinant[k])
        adjugate.append(M)
    return trim(determinant), adjugate[:size]


def _add_diagonal(M: list[list[Number]], value: Number) -> Matrix:
    return tuple(
        tuple(x + value if i == j else x for j, x in enumerate(row)) for i, row in enumerate(M)
    )
