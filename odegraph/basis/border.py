"""The border of the basis package: what users hand in becomes exact and checked here, once."""

from collections.abc import Iterable
from fractions import Fraction
from itertools import pairwise
from numbers import Integral

import sympy

from odegraph._errors import OdegraphError, ProjectionError
from odegraph._exact import as_fraction, shorten

Depth = int | Fraction | sympy.Expr

MOST_ELEMENTS = 65_536
HIGHEST_DEGREE = 64


def exact_depth(t: Depth) -> Fraction | sympy.Expr:
    """A Fraction where the depth is rational; floats are refused, they pick wrong elements."""
    if isinstance(t, Fraction):
        return t
    if isinstance(t, Integral) and not isinstance(t, bool):
        return Fraction(int(t))
    if isinstance(t, sympy.Rational):
        return Fraction(int(t.p), int(t.q))
    if isinstance(t, sympy.Expr) and not t.has(sympy.Float) and t.is_number and t.is_real:
        return t
    raise ProjectionError(
        f"Depth `{t}` is not an exact real number. A float picks wrong elements; write "
        "`Fraction(1, 3)`, an integer, or an exact SymPy number such as `sqrt(3)/6`."
    )


def checked_count(value: object, *, name: str, least: int, most: int = MOST_ELEMENTS) -> int:
    """`value` if it is a whole number from `least` to `most`."""
    if isinstance(value, Integral) and not isinstance(value, bool) and least <= int(value) <= most:
        return int(value)
    raise ProjectionError(
        f"`{name}` is `{shorten(value)}`; it must be a whole number from {least} to {most}, "
        f"for example {name} = {max(least, 2)}."
    )


def checked_breakpoints(breakpoints: object) -> tuple[Fraction, ...]:
    """Exact, strictly increasing depths from 0 to 1."""
    if isinstance(breakpoints, str | bytes) or not isinstance(breakpoints, Iterable):
        raise ProjectionError(
            f"`breakpoints` is `{shorten(breakpoints)}`; it must be a list of exact depths, "
            'for example [0, "1/4", 1].'
        )
    points = tuple(_checked_breakpoint(point) for point in breakpoints)
    shown = shorten(", ".join(str(point) for point in points))
    for before, after in pairwise(points):
        if before >= after:
            raise ProjectionError(
                f"`breakpoints` [{shown}] are not sorted: `{after}` follows `{before}`. "
                "Every breakpoint must be larger than the one before it."
            )
    if len(points) < 2 or points[0] != 0 or points[-1] != 1:
        raise ProjectionError(
            f"`breakpoints` [{shown}] do not span [0, 1]: the first must be 0 and the last 1. "
            "Depth always runs over [0, 1]; the length of the interval is `span`."
        )
    checked_count(len(points) - 1, name="elements", least=1)
    return points


def _checked_breakpoint(point: object) -> Fraction:
    try:
        return as_fraction(point, name="A breakpoint")
    except OdegraphError as error:
        raise ProjectionError(f"`breakpoints` cannot be read: {error}") from error
