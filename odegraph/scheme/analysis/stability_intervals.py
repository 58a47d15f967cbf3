"""How far along the axes, and in how wide a sector, a method is stable.

On the negative real axis |R(-x)| <= 1 is (Q(-x) - P(-x)) (Q(-x) + P(-x)) >= 0, on the imaginary
axis |R(iy)| <= 1 is E(y^2) >= 0: the intervals end at the first root at which these polynomials
change sign, an algebraic number. The angle of A(alpha)-stability is enclosed by exact decisions.
"""

import math
from fractions import Fraction
from functools import reduce

import sympy

from odegraph.scheme.number_field import Number, sign
from odegraph.scheme.polynomials import (
    Polynomial,
    add,
    flip,
    has_left_half_plane_roots_only,
    is_nonnegative,
    odd_part,
    scale,
    trim,
    without_roots_at_zero,
)
from odegraph.scheme.real_roots import RealRoot, smaller, smallest_positive_root
from odegraph.scheme.stability_function import StabilityFunction

ANGLE_BITS = 40
IntervalEnd = RealRoot | sympy.Expr


def real_stability_interval(R: StabilityFunction) -> IntervalEnd:
    """The largest x with |R| <= 1 on [-x, 0]; oo if there is none."""
    P, Q = flip(R.P), flip(R.Q)
    return first_sign_change(add(Q, scale(P, -1)), add(Q, P))


def imaginary_stability_interval(R: StabilityFunction) -> IntervalEnd:
    """y^2 for the largest y with |R| <= 1 on [-iy, iy]; oo if there is none."""
    return first_sign_change(R.e_polynomial())


def first_sign_change(*coprime: Polynomial) -> IntervalEnd:
    """The least x > 0 beyond which the product is negative; 0 if it is so from the start."""
    if not all(coprime):
        return sympy.oo
    if math.prod(sign(next(x for x in p if x)) for p in coprime) < 0:
        return sympy.Integer(0)
    changes = (odd_part(without_roots_at_zero(p)) for p in coprime)
    roots = [root for p in changes if (root := smallest_positive_root(p)) is not None]
    return reduce(smaller, roots) if roots else sympy.oo


def exact_end(end: IntervalEnd) -> sympy.Expr:
    """The end of an interval as a number of sympy; its polynomial has to be factored for that."""
    return end.to_sympy() if isinstance(end, RealRoot) else end


def stability_angle(R: StabilityFunction) -> float:
    """The largest alpha, in degrees, with |R(z)| <= 1 wherever |arg(-z)| <= alpha; 0 if none.

    90 for A-stable methods. Each bisection step decides exactly on a ray of rational cosine; by the
    maximum principle a ray without poles inside its sector decides for the sector.
    """
    if R.is_a_stable():
        return 90.0
    poles_right = has_left_half_plane_roots_only(flip(R.Q))
    if not poles_right or R.at_infinity is None or not _is_stable_on_ray(R, Fraction(1)):
        return 0.0
    stable, unstable = Fraction(1), Fraction(0)
    for _ in range(ANGLE_BITS):
        cosine = (stable + unstable) / 2
        if _is_stable_on_ray(R, cosine):
            stable = cosine
        else:
            unstable = cosine
    return math.degrees(math.acos(stable))


def _is_stable_on_ray(R: StabilityFunction, cosine: Fraction) -> bool:
    """Whether |R(z)| <= 1 on the ray |arg(-z)| = arccos(cosine)."""
    Q, P = (_squared_modulus_on_ray(p, cosine) for p in (R.Q, R.P))
    return is_nonnegative(add(Q, scale(P, -1)))


def _squared_modulus_on_ray(p: Polynomial, cosine: Fraction) -> Polynomial:
    """|p(-r e^(ia))|^2 as a polynomial in r: sum_jk p_j p_k (-r)^(j+k) cos((j - k) a)."""
    p = flip(p)
    cosines = _chebyshev(len(p), cosine)
    coefficients: list[Number] = [Fraction(0)] * (2 * len(p) - 1)
    for j, x in enumerate(p):
        for k, y in enumerate(p):
            coefficients[j + k] = coefficients[j + k] + x * y * cosines[abs(j - k)]
    return trim(coefficients)


def _chebyshev(count: int, cosine: Fraction) -> list[Fraction]:
    """cos(k a) for k < count."""
    values = [Fraction(1), cosine]
    while len(values) < count:
        values.append(2 * cosine * values[-1] - values[-2])
    return values
