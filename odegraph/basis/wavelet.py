"""Multiwavelets: orthogonal piecewise polynomials, sorted by scale for compression."""

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import ClassVar, final

from odegraph._errors import ProjectionError
from odegraph.basis.border import HIGHEST_DEGREE, checked_count
from odegraph.basis.discontinuous import nodal_points
from odegraph.basis.global_polynomial import legendre_polynomials
from odegraph.basis.mesh import BreakpointsLike, Mesh, Side, make_mesh
from odegraph.basis.piecewise_polynomial import LocalFunctions, MeshBasis
from odegraph.basis.polynomial import (
    ONE,
    ZERO,
    Polynomial,
    add,
    inner_product,
    restrict,
    scale,
)

MOST_LEVELS = 16


class Multiwavelet(MeshBasis):
    """Polynomials over [0, 1], then for every scale the details that halves add to their parent.

    2^L elements; the coefficients of scale j are those of the 2^j parents of that scale, from left
    to right. A parent's details are orthogonal to all polynomials of the degree over the parent.
    All functions are orthogonal; values are rational, so they are not scaled to norm one: the mass
    matrix is diagonal and holds their squared norms.
    """

    degree: int
    is_orthogonal: ClassVar[bool] = True

    @property
    def levels(self) -> int:
        """The number L of scales of details: there are 2^L elements."""
        return self.elements.bit_length() - 1

    @property
    def size(self) -> int:
        """The degree and one, times the number of elements."""
        return (self.degree + 1) * self.elements

    @property
    def jumps(self) -> tuple[Fraction, ...]:
        """Every interior breakpoint."""
        return self.mesh.interior

    @property
    def nodes(self) -> tuple[tuple[Fraction, Side], ...]:
        """Equally spaced points of every element, from inside."""
        return nodal_points(self.mesh, degrees=(self.degree,) * self.elements)

    @property
    def scales(self) -> tuple[int, ...]:
        """The scale of every coefficient: 0 for those of [0, 1], j + 1 for those of 2^j parents."""
        blocks = (block.bit_length() for block in range(self.elements))
        return tuple(scale for scale in blocks for _ in range(self.degree + 1))

    def element_functions(self, element: int) -> LocalFunctions:
        """The polynomials over [0, 1], and the details of every parent of the element."""
        width = self.degree + 1
        whole = self._part(legendre_polynomials(self.degree), element, within=(0, self.elements))
        functions = list(enumerate(whole))
        for level in range(self.levels):
            children = self.elements >> (level + 1)
            child = element // children
            block, is_right = divmod(child, 2)
            first = block * 2 * children
            pieces = wavelets(self.degree, self._split(first, children))[is_right]
            part = self._part(pieces, element, within=(child * children, (child + 1) * children))
            functions.extend(enumerate(part, start=width * (2**level + block)))
        return tuple(functions)

    def constant_coefficients(self) -> tuple[Fraction, ...]:
        """The first function is 1."""
        return (ONE,) + (ZERO,) * (self.size - 1)

    def _split(self, first: int, children: int) -> Fraction:
        """Where a parent is cut, as a part of its length."""
        if self.mesh.is_uniform:
            return Fraction(1, 2)
        start, middle, end = self.breakpoints[first : first + 2 * children + 1 : children]
        return (middle - start) / (end - start)

    def _part(
        self, polynomials: tuple[Polynomial, ...], element: int, *, within: tuple[int, int]
    ) -> tuple[Polynomial, ...]:
        """Polynomials over a run of elements, in the coordinate of one of them."""
        if self.degree == 0:
            return polynomials
        start, end = (self.breakpoints[point] for point in within)
        left, right = self.breakpoints[element], self.breakpoints[element + 1]
        offset, length = (left - start) / (end - start), (right - left) / (end - start)
        return tuple(restrict(p, start=offset, length=length) for p in polynomials)


@final
@dataclass(frozen=True, init=False, repr=False)
class Haar(Multiwavelet):
    """Haar functions: 1, and for every halving +1 on the left half and -1 on the right one.

    `levels` halvings make 2^levels coefficients. On given breakpoints (2^levels elements) the
    halves have unequal lengths l and r, and the values are 2r / (l + r) and -2l / (l + r).
    (Haar, Mathematische Annalen 69 (1910); unequal halves: Girardi and Sweldens, 1997.)
    """

    mesh: Mesh
    degree: ClassVar[int] = 0
    kind: ClassVar[str] = "haar"
    keys: ClassVar[tuple[str, ...]] = ("levels", "breakpoints")

    def __init__(
        self, levels: int | None = None, *, breakpoints: BreakpointsLike | None = None
    ) -> None:
        object.__setattr__(self, "mesh", _dyadic_mesh(levels, breakpoints))

    def on_mesh(self, mesh: Mesh) -> "Haar":
        """The same on another mesh, of 2^L elements."""
        return Haar(breakpoints=mesh.breakpoints)

    def to_dict(self) -> dict[str, object]:
        """The kind and the levels or breakpoints."""
        return {"kind": self.kind} | _dyadic_dict(self)


@final
@dataclass(frozen=True, init=False, repr=False)
class LegendreMultiwavelet(Multiwavelet):
    """Legendre polynomials up to a degree over [0, 1], and their multiwavelets.

    They span the same functions as `DiscontinuousPolynomial(2**levels, degree)`, but smooth theta
    has small coefficients at fine scales (Alpert, SIAM Journal on Mathematical Analysis 24 (1993)).
    """

    mesh: Mesh
    degree: int
    kind: ClassVar[str] = "legendre-multiwavelet"
    keys: ClassVar[tuple[str, ...]] = ("levels", "degree", "breakpoints")

    def __init__(
        self,
        levels: int | None = None,
        degree: int | None = None,
        *,
        breakpoints: BreakpointsLike | None = None,
    ) -> None:
        degree = checked_count(degree, name="degree", least=0, most=HIGHEST_DEGREE)
        object.__setattr__(self, "mesh", _dyadic_mesh(levels, breakpoints))
        object.__setattr__(self, "degree", degree)

    def on_mesh(self, mesh: Mesh) -> "LegendreMultiwavelet":
        """The same degree on another mesh, of 2^L elements."""
        return LegendreMultiwavelet(degree=self.degree, breakpoints=mesh.breakpoints)

    def to_dict(self) -> dict[str, object]:
        """The kind, the levels or breakpoints, and the degree."""
        return {"kind": self.kind} | _dyadic_dict(self) | {"degree": self.degree}


@lru_cache(maxsize=1024)
def wavelets(degree: int, split: Fraction) -> tuple[tuple[Polynomial, ...], tuple[Polynomial, ...]]:
    """The details of a parent cut at `split`: their left pieces and their right pieces.

    Gram and Schmidt on the functions (P_i, -P_i) of the two halves, first against the polynomials
    over the parent, then against each other.
    """
    lengths = (split, 1 - split)
    polynomials = legendre_polynomials(degree)
    orthogonal = [
        (restrict(p, start=ZERO, length=split), restrict(p, start=split, length=1 - split))
        for p in polynomials
    ]

    def product(f: tuple[Polynomial, Polynomial], g: tuple[Polynomial, Polynomial]) -> Fraction:
        parts = zip(lengths, f, g, strict=True)
        return sum((length * inner_product(p, q) for length, p, q in parts), ZERO)

    for p in polynomials:
        detail = (p, scale(p, -ONE))
        for other in orthogonal.copy():
            share = -product(detail, other) / product(other, other)
            left, right = (add(a, scale(b, share)) for a, b in zip(detail, other, strict=True))
            detail = (left, right)
        orthogonal.append(detail)
    details = orthogonal[degree + 1 :]
    return tuple(left for left, _ in details), tuple(right for _, right in details)


def _dyadic_mesh(levels: object, breakpoints: object) -> Mesh:
    if breakpoints is None:
        levels = checked_count(levels, name="levels", least=0, most=MOST_LEVELS)
        return make_mesh(2**levels, None)
    if levels is not None:
        raise ProjectionError(
            "A wavelet basis takes either `levels` (so many halvings) or `breakpoints` (2^levels "
            "elements), and not both."
        )
    mesh = make_mesh(None, breakpoints)
    if mesh.elements & (mesh.elements - 1):
        raise ProjectionError(
            f"A wavelet basis halves [0, 1] again and again, so it has 2, 4, 8, ... elements; here "
            f"there are {mesh.elements}. Refine and coarsen it by powers of two."
        )
    return mesh


def _dyadic_dict(basis: Multiwavelet) -> dict[str, object]:
    return {"levels": basis.levels} if basis.mesh.is_uniform else basis.mesh.to_dict()
