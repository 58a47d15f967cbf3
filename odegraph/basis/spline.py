"""B-splines: piecewise polynomials that are as smooth as their degree allows."""

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property, lru_cache
from typing import ClassVar, final

from odegraph.basis.border import HIGHEST_DEGREE, checked_count
from odegraph.basis.mesh import BreakpointsLike, Mesh, Side, make_mesh
from odegraph.basis.piecewise_polynomial import LocalFunctions, PartitionOfUnity
from odegraph.basis.polynomial import CONSTANT, ONE, Polynomial, add, multiply, scale


@final
@dataclass(frozen=True, init=False, repr=False)
class BSpline(PartitionOfUnity):
    """B-splines of a degree p: nonnegative, with sum 1, and p - 1 continuous derivatives.

    The knots are the breakpoints, with the ends repeated p times more, so that the first and last
    coefficient are theta(0) and theta(1); n elements have n + p coefficients. Degree 0 is
    `PiecewiseConstant`, degree 1 `PiecewiseLinear`.
    (de Boor, A Practical Guide to Splines, 1978, chapters IX and X.)
    """

    mesh: Mesh
    degree: int
    kind: ClassVar[str] = "b-spline"
    keys: ClassVar[tuple[str, ...]] = ("elements", "degree", "breakpoints")

    def __init__(
        self,
        elements: int | None = None,
        degree: int | None = None,
        *,
        breakpoints: BreakpointsLike | None = None,
    ) -> None:
        degree = checked_count(degree, name="degree", least=0, most=HIGHEST_DEGREE)
        object.__setattr__(self, "mesh", make_mesh(elements, breakpoints))
        object.__setattr__(self, "degree", degree)

    @property
    def size(self) -> int:
        """The number of elements plus the degree."""
        return self.elements + self.degree

    @property
    def jumps(self) -> tuple[Fraction, ...]:
        """None, except that degree 0 jumps at every interior breakpoint."""
        return () if self.degree else self.mesh.interior

    @property
    def nodes(self) -> tuple[tuple[Fraction, Side], ...]:
        """The Greville points: each coefficient's mean knot."""
        if self.degree == 0:
            return tuple((t, "right") for t in self.mesh.positions(Fraction(1, 2)))
        points = (
            sum(self._knots[i + 1 : i + 1 + self.degree], Fraction(0)) / self.degree
            for i in range(self.size)
        )
        return tuple((t, "right" if t < 1 else "left") for t in points)

    def element_functions(self, element: int) -> LocalFunctions:
        """The p + 1 splines whose support holds the element."""
        start, end = self.breakpoints[element], self.breakpoints[element + 1]
        nearby = self._knots[element + 1 : element + 1 + 2 * self.degree]
        local_knots = tuple((knot - start) / (end - start) for knot in nearby)
        return tuple((element + i, p) for i, p in enumerate(splines_between(local_knots)))

    def on_mesh(self, mesh: Mesh) -> "BSpline":
        """The same degree on another mesh."""
        return BSpline(degree=self.degree, breakpoints=mesh.breakpoints)

    def to_dict(self) -> dict[str, object]:
        """The kind, the mesh and the degree."""
        return {"kind": self.kind} | self.mesh.to_dict() | {"degree": self.degree}

    @cached_property
    def _knots(self) -> tuple[Fraction, ...]:
        inside = self.breakpoints
        return inside[:1] * self.degree + inside + inside[-1:] * self.degree


@lru_cache(maxsize=1024)
def splines_between(knots: tuple[Fraction, ...]) -> tuple[Polynomial, ...]:
    """The p + 1 splines on 0 <= s <= 1, given the p knots at or below 0 and the p at or above 1.

    The triangle of Cox and de Boor (1972), with polynomials in place of numbers.
    """
    degree = len(knots) // 2
    splines: list[Polynomial] = [CONSTANT]
    for order in range(1, degree + 1):
        raised: list[Polynomial] = [(Fraction(0),)] * (order + 1)
        for r, spline in enumerate(splines):
            below, above = knots[degree - order + r], knots[degree + r]
            part = scale(spline, 1 / (above - below))
            raised[r] = add(raised[r], multiply(part, (above, -ONE)))
            raised[r + 1] = multiply(part, (-below, ONE))
        splines = raised
    return tuple(splines)
