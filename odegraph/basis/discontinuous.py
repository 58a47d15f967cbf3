"""Discontinuous Galerkin bases: polynomials on every element, free to jump between elements."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property, lru_cache
from itertools import accumulate
from typing import ClassVar, final

from odegraph._errors import ProjectionError
from odegraph._exact import shorten
from odegraph.basis.border import HIGHEST_DEGREE, checked_count
from odegraph.basis.common_refinement import common_refinement
from odegraph.basis.mesh import BreakpointsLike, Mesh, Side, make_mesh
from odegraph.basis.piecewise_polynomial import BasisOfMesh, LocalFunctions, PartitionOfUnity
from odegraph.basis.polynomial import FALLING, ONE, RISING, Polynomial, multiply


@final
@dataclass(frozen=True, init=False, repr=False)
class DiscontinuousLinear(BasisOfMesh):
    """Linear functions on every element, with a jump at every breakpoint.

    n elements have 2 n coefficients: 2k and 2k + 1 are the values at the two ends of element k,
    seen from inside it (Reed and Hill, Los Alamos report LA-UR-73-479, 1973).
    """

    mesh: Mesh
    kind: ClassVar[str] = "discontinuous-linear"

    @property
    def size(self) -> int:
        """Two coefficients an element."""
        return 2 * self.elements

    @property
    def jumps(self) -> tuple[Fraction, ...]:
        """Every interior breakpoint."""
        return self.mesh.interior

    @property
    def nodes(self) -> tuple[tuple[Fraction, Side], ...]:
        """The ends of every element, from inside."""
        return nodal_points(self.mesh, degrees=(1,) * self.elements)

    def element_functions(self, element: int) -> LocalFunctions:
        """1 - s and s."""
        return ((2 * element, FALLING), (2 * element + 1, RISING))


@final
@dataclass(frozen=True, init=False, repr=False)
class DiscontinuousPolynomial(PartitionOfUnity):
    """Polynomials of any degree on every element, with a jump at every breakpoint.

    Lagrange form: the coefficients of an element are the values of theta at equally spaced points,
    both ends included (degree 0: the midpoint), so degree 0 is `PiecewiseConstant` and degree 1
    `DiscontinuousLinear`. `degree` may be one number or a list with one number an element (hp).
    (Hesthaven and Warburton, Nodal Discontinuous Galerkin Methods, 2008, chapter 3.)
    """

    mesh: Mesh
    degree: int | tuple[int, ...]
    kind: ClassVar[str] = "discontinuous-polynomial"
    keys: ClassVar[tuple[str, ...]] = ("elements", "degree", "breakpoints")

    def __init__(
        self,
        elements: int | None = None,
        degree: int | Sequence[int] | None = None,
        *,
        breakpoints: BreakpointsLike | None = None,
    ) -> None:
        mesh = make_mesh(elements, breakpoints)
        object.__setattr__(self, "mesh", mesh)
        object.__setattr__(self, "degree", _checked_degrees(degree, elements=mesh.elements))

    @property
    def size(self) -> int:
        """One coefficient more than the degree, an element."""
        return self._offsets[-1]

    @property
    def degrees(self) -> tuple[int, ...]:
        """The degree of every element."""
        if isinstance(self.degree, tuple):
            return self.degree
        return (self.degree,) * self.elements

    @property
    def jumps(self) -> tuple[Fraction, ...]:
        """Every interior breakpoint."""
        return self.mesh.interior

    @property
    def nodes(self) -> tuple[tuple[Fraction, Side], ...]:
        """The equally spaced points of every element, from inside."""
        return nodal_points(self.mesh, degrees=self.degrees)

    def element_functions(self, element: int) -> LocalFunctions:
        """The Lagrange polynomials of the element's points."""
        polynomials = lagrange_polynomials(self.degrees[element])
        return tuple((self._offsets[element] + i, p) for i, p in enumerate(polynomials))

    def on_mesh(self, mesh: Mesh) -> "DiscontinuousPolynomial":
        """The same on another mesh; an element takes the largest degree that it overlaps."""
        degrees = [0] * mesh.elements
        for cell in common_refinement(mesh, self.mesh):
            degrees[cell.first] = max(degrees[cell.first], self.degrees[cell.second])
        return DiscontinuousPolynomial(degree=degrees, breakpoints=mesh.breakpoints)

    def elevated(
        self, elements: Sequence[int] | None = None, *, by: int = 1
    ) -> "DiscontinuousPolynomial":
        """The degree raised, on the chosen elements or on all: p-refinement."""
        chosen = self.mesh.chosen(range(self.elements) if elements is None else elements)
        by = checked_count(by, name="by", least=1, most=HIGHEST_DEGREE)
        degrees = [degree + by * (k in chosen) for k, degree in enumerate(self.degrees)]
        return DiscontinuousPolynomial(degree=degrees, breakpoints=self.breakpoints)

    def to_dict(self) -> dict[str, object]:
        """The kind, the mesh and the degree."""
        degree = list(self.degree) if isinstance(self.degree, tuple) else self.degree
        return {"kind": self.kind} | self.mesh.to_dict() | {"degree": degree}

    @cached_property
    def _offsets(self) -> tuple[int, ...]:
        return tuple(accumulate((degree + 1 for degree in self.degrees), initial=0))


def local_points(degree: int) -> tuple[Fraction, ...]:
    """Equally spaced local coordinates that determine a polynomial of the degree."""
    if degree == 0:
        return (Fraction(1, 2),)
    return tuple(Fraction(i, degree) for i in range(degree + 1))


def nodal_points(mesh: Mesh, *, degrees: Sequence[int]) -> tuple[tuple[Fraction, Side], ...]:
    """The points of every element as depths, each with the side on which its element lies."""
    points: list[tuple[Fraction, Side]] = []
    for element, degree in enumerate(degrees):
        start, end = mesh.breakpoints[element], mesh.breakpoints[element + 1]
        for s in local_points(degree):
            points.append((start + s * (end - start), "left" if s == 1 else "right"))
    return tuple(points)


@lru_cache(maxsize=HIGHEST_DEGREE + 1)
def lagrange_polynomials(degree: int) -> tuple[Polynomial, ...]:
    """The polynomials that are 1 at one of the equally spaced points and 0 at the others."""
    points = local_points(degree)
    result = []
    for i, point in enumerate(points):
        polynomial: Polynomial = (ONE,)
        for j, other in enumerate(points):
            if j != i:
                width = point - other
                polynomial = multiply(polynomial, (-other / width, 1 / width))
        result.append(polynomial)
    return tuple(result)


def _checked_degrees(degree: object, *, elements: int) -> int | tuple[int, ...]:
    if not isinstance(degree, list | tuple):
        return checked_count(degree, name="degree", least=0, most=HIGHEST_DEGREE)
    degrees = tuple(checked_count(d, name="degree", least=0, most=HIGHEST_DEGREE) for d in degree)
    if len(degrees) != elements:
        raise ProjectionError(
            f"`degree` is `{shorten(degree)}`, {len(degrees)} numbers for {elements} elements. "
            "Give one number for all elements, or a list with one number an element."
        )
    return degrees[0] if len(set(degrees)) == 1 else degrees
