"""Meshes of the depth interval [0, 1]: exact breakpoints, exact and one-sided look-up."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property, lru_cache
from itertools import pairwise
from math import ceil, floor
from typing import Literal

import sympy

from odegraph._errors import ProjectionError
from odegraph._exact import shorten, to_exact
from odegraph.basis.border import Depth, checked_breakpoints, checked_count, exact_depth

Side = Literal["left", "right"]
BreakpointsLike = Iterable[int | str | Fraction | sympy.Expr]


@dataclass(frozen=True)
class Mesh:
    """Elements [t_k, t_{k+1}] that fill [0, 1], given by their exact breakpoints."""

    breakpoints: tuple[Fraction, ...]

    def __hash__(self) -> int:
        # Hashing a thousand fractions costs a millisecond; equality still compares all of them.
        return hash((Mesh, len(self.breakpoints)))

    @property
    def elements(self) -> int:
        """Number of elements."""
        return len(self.breakpoints) - 1

    @property
    def interior(self) -> tuple[Fraction, ...]:
        """The breakpoints between two elements."""
        return self.breakpoints[1:-1]

    @cached_property
    def is_uniform(self) -> bool:
        """Whether all elements have the same length."""
        return self.breakpoints == uniform_breakpoints(self.elements)

    def element_at(self, t: Depth, *, side: Side) -> int:
        """The element that holds t, approached from `side`; the end elements own 0 and 1."""
        depth = self._comparable(t)
        if not 0 <= depth <= 1:
            raise ProjectionError(
                f"Depth `{t}` lies outside [0, 1], where no basis function is defined. "
                "Depth always runs over [0, 1]; the length of the interval is `span`."
            )
        return self._element(depth, side=side)

    def element_within(self, t: Depth, *, interval: tuple[Fraction, Fraction]) -> int:
        """The element that t belongs to, seen from inside the open interval (start, end)."""
        start, end = interval
        if not 0 <= start < end <= 1:
            raise ProjectionError(
                f"The interval `({start}, {end})` is not a step in depth: it must satisfy "
                "0 <= start < end <= 1."
            )
        depth = self._comparable(t, start, end)
        if depth <= start:
            return self._element(start, side="right")
        if depth >= end:
            return self._element(end, side="left")
        return self._element(depth, side="right")

    def local_coordinate(self, t: Fraction | sympy.Expr, element: int) -> Fraction | sympy.Expr:
        """The position s = (t - a) / (b - a) of t in the element [a, b]; s may leave [0, 1]."""
        start, end = self.breakpoints[element], self.breakpoints[element + 1]
        return (t - start) / (end - start)

    def positions(self, s: Fraction) -> tuple[Fraction, ...]:
        """The depth at local coordinate s of every element."""
        return tuple(start + s * (end - start) for start, end in pairwise(self.breakpoints))

    def split(self, elements: Sequence[int], *, parts: int) -> "Mesh":
        """The mesh with each chosen element cut into `parts` equal pieces."""
        chosen = self.chosen(elements)
        points = [Fraction(0)]
        for element, (start, end) in enumerate(pairwise(self.breakpoints)):
            count = parts if element in chosen else 1
            points.extend(start + (end - start) * Fraction(i + 1, count) for i in range(count))
        return make_mesh(elements=None, breakpoints=points)

    def merged(self, elements: Sequence[int]) -> "Mesh":
        """The mesh with each chosen element merged with the one after it."""
        chosen = self.chosen(elements, spared=1)
        return Mesh(tuple(t for k, t in enumerate(self.breakpoints) if k - 1 not in chosen))

    def refined(self, factor: int) -> "Mesh":
        """The mesh with every element cut into `factor` equal pieces."""
        if self.is_uniform:
            return make_mesh(elements=self.elements * factor, breakpoints=None)
        return self.split(range(self.elements), parts=factor)

    def coarsened(self, factor: int) -> "Mesh":
        """The mesh with each run of `factor` elements merged into one."""
        if self.elements % factor:
            raise ProjectionError(
                f"A mesh of {self.elements} elements cannot be coarsened by `{factor}`: the factor "
                "must divide the number of elements. Project to a basis on another mesh instead."
            )
        return Mesh(self.breakpoints[::factor])

    def to_dict(self) -> dict[str, object]:
        """`{"elements": n}` for a uniform mesh, else `{"breakpoints": ["0", "1/4", "1"]}`."""
        if self.is_uniform:
            return {"elements": self.elements}
        return {"breakpoints": [str(point) for point in self.breakpoints]}

    def chosen(self, elements: Iterable[int], *, spared: int = 0) -> frozenset[int]:
        """The elements asked for, which must exist and not be among the last `spared`."""
        wanted = frozenset(elements)
        for element in wanted:
            if element not in range(self.elements - spared):
                raise ProjectionError(
                    f"Element `{shorten(element)}` cannot be changed: the elements of this mesh "
                    f"that can are numbered 0 to {self.elements - spared - 1}."
                )
        return wanted

    def _element(self, depth: Fraction, *, side: Side) -> int:
        last = self.elements - 1
        if side == "left":
            found = (
                ceil(depth * self.elements) - 1
                if self.is_uniform
                else bisect_left(self.breakpoints, depth) - 1
            )
        elif side == "right":
            found = (
                floor(depth * self.elements)
                if self.is_uniform
                else bisect_right(self.breakpoints, depth) - 1
            )
        else:
            raise ProjectionError(
                f'`side` is `{side}`; a jump has two sides: write side="left" or side="right".'
            )
        return min(max(found, 0), last)

    def _comparable(self, t: Depth, *others: Fraction) -> Fraction:
        """A fraction that compares with every breakpoint (and with `others`) as t does."""
        depth = exact_depth(t)
        if isinstance(depth, Fraction):
            return depth
        return _comparable_fraction(depth, tuple(sorted({*self.breakpoints, *others})))


def _comparable_fraction(t: sympy.Expr, points: tuple[Fraction, ...]) -> Fraction:
    """A fraction on the same side of every point as the irrational-looking number t, exactly."""
    digits = 50
    while True:
        near = Fraction(str(t.evalf(digits + 10)))
        index = bisect_left(points, near)
        tolerance = Fraction(1, 10**digits)
        close = [q for q in points[max(index - 1, 0) : index + 1] if abs(q - near) < tolerance]
        if not close:
            return near
        if _is_zero(t - to_exact(close[0])):
            return close[0]
        digits *= 2


def _is_zero(value: sympy.Expr) -> bool:
    x = sympy.Symbol("x")
    return sympy.minimal_polynomial(value, x) == x


@lru_cache(maxsize=256)
def uniform_breakpoints(elements: int) -> tuple[Fraction, ...]:
    """The breakpoints 0, 1/n, ..., 1."""
    return tuple(Fraction(k, elements) for k in range(elements + 1))


def make_mesh(elements: object, breakpoints: object) -> Mesh:
    """The checked mesh: either a number of equal elements or explicit breakpoints."""
    if (elements is None) == (breakpoints is None):
        raise ProjectionError(
            "A piecewise basis takes either `elements` (a number of equal elements) or "
            '`breakpoints` (a list such as [0, "1/4", 1]), and exactly one of them; '
            f"here elements = `{shorten(elements)}`, breakpoints = `{shorten(breakpoints)}`."
        )
    if breakpoints is None:
        return Mesh(uniform_breakpoints(checked_count(elements, name="elements", least=1)))
    return Mesh(checked_breakpoints(breakpoints))
