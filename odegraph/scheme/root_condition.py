"""Stability of linear multistep methods, decided exactly.

zeta = (1 + z) / (1 - z) takes the unit disc to the left half-plane and turns rho(zeta) into
r(z) = (1 - z)^k rho(zeta), likewise sigma into s. Then (Dahlquist 1956, 1963; Hairer and Wanner,
V.1)

- zero-stable: no root of r to the right, those on the imaginary axis (and at infinity) simple;
- A-stable: r / s is a positive real function.
"""

import cmath
import math
from dataclasses import dataclass
from fractions import Fraction
from typing import final

import numpy as np
import sympy

from odegraph._exact import to_float
from odegraph.scheme.number_field import to_sympy
from odegraph.scheme.polynomials import (
    ONE,
    Polynomial,
    add,
    count_roots,
    divide,
    flip,
    gcd,
    has_left_half_plane_roots_only,
    is_nonnegative,
    multiply,
    scale,
    sturm_chain,
    trim,
)

MINUS = (Fraction(1), Fraction(-1))
PLUS = (Fraction(1), Fraction(1))
LOCUS_POINTS = 20_001


def transformed(p: Polynomial, degree: int) -> Polynomial:
    """(1 - z)^degree p((1 + z) / (1 - z))."""
    result: Polynomial = ()
    for j, coefficient in enumerate(p):
        term: Polynomial = ONE
        for factor in [PLUS] * j + [MINUS] * (degree - j):
            term = multiply(term, factor)
        result = add(result, scale(term, coefficient))
    return result


@final
@dataclass(frozen=True)
class UnitDisc:
    """Where the roots of a polynomial lie: `holds` is the root condition.

    `strongly` says that only simple roots at 1 lie on the circle itself.
    """

    holds: bool
    strongly: bool


def root_condition(p: Polynomial, degree: int) -> UnitDisc:
    """All `degree` roots in the closed unit disc, those on the circle simple."""
    r = transformed(p, degree)
    at_minus_one = degree - (len(r) - 1)
    symmetric = gcd(r, flip(r))  # all roots z with -z: those on the imaginary axis among them
    inside = has_left_half_plane_roots_only(divide(r, symmetric)[0])
    holds = inside and at_minus_one <= 1 and _imaginary_and_simple(symmetric)
    return UnitDisc(holds, holds and not at_minus_one and len(symmetric) <= 2)


def _imaginary_and_simple(p: Polynomial) -> bool:
    """Whether an even or odd polynomial has simple roots only, all on the imaginary axis."""
    zeros = next(i for i, x in enumerate(p) if x)
    in_square = trim(p[zeros::2])
    degree = len(in_square) - 1
    negative = count_roots(sturm_chain(flip(in_square)), Fraction(0)) if degree else 0
    return zeros <= 1 and negative == degree


def is_a_stable(rho: Polynomial, sigma: Polynomial) -> bool:
    """Re(rho / sigma) >= 0 outside the unit disc.

    r / s is positive real if r + s has its roots to the left, and Re r(iy) s(-iy) >= 0.
    """
    common = gcd(rho, sigma)
    rho, sigma = divide(rho, common)[0], divide(sigma, common)[0]
    degree = len(rho) - 1
    r, s = transformed(rho, degree), transformed(sigma, degree)
    product = multiply(r, flip(s))[::2]  # the even part, in which z^2 = -y^2
    real_part = trim(-x if k % 2 else x for k, x in enumerate(product))
    total = add(r, s)
    return bool(total) and has_left_half_plane_roots_only(total) and is_nonnegative(real_part)


def stability_angle(rho: Polynomial, sigma: Polynomial) -> float | None:
    """The largest alpha in degrees, up to 90, of a stable sector |arg(-mu)| < alpha.

    Measured on the root locus mu(zeta) = rho(zeta) / sigma(zeta), |zeta| = 1; None where no sector
    is stable.
    """
    degree = len(rho) - 1
    if len(sigma) - 1 < degree or not root_condition(sigma, degree).holds:
        return None
    if is_a_stable(rho, sigma):
        return 90.0
    zeta = np.exp(1j * np.linspace(0, np.pi, LOCUS_POINTS)[1:-1])
    mu = _values(rho, zeta) / _values(sigma, zeta)
    angles = np.where(mu.real < 0, np.arctan2(np.abs(mu.imag), -mu.real), np.pi / 2)
    return math.degrees(angles.min())


def _values(p: Polynomial, points: np.ndarray) -> np.ndarray:
    return np.polyval([to_float(to_sympy(x)) for x in reversed(p)], points)


def worst_root(p: Polynomial) -> str:
    """The root that breaks the root condition, in words: the largest, or a double one."""
    polynomial = sympy.Poly([to_sympy(x) for x in reversed(p)], sympy.Symbol("z"))
    roots = [complex(root) for root in polynomial.nroots(n=15, maxsteps=200)]
    largest = max(roots, key=lambda root: (round(abs(root), 9), root.imag))
    if abs(largest) > 1 + 1e-6:
        return f"{_show(largest)} of modulus {abs(largest):.4f}"
    on_circle = [root for root in roots if abs(abs(root) - 1) < 1e-6]
    double = next(x for i, x in enumerate(on_circle) if _close(x, on_circle[i + 1 :]))
    return f"{_show(double)} on the unit circle, more than once"


def _close(root: complex, others: list[complex]) -> bool:
    return any(cmath.isclose(root, other, abs_tol=1e-4) for other in others)


def _show(root: complex) -> str:
    if abs(root.imag) < 1e-6:
        return f"{round(root.real, 4):g}"
    return f"{root.real:.4f} {'-' if root.imag < 0 else '+'} {abs(root.imag):.4f}i"
