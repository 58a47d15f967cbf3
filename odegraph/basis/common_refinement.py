"""The common refinement of two meshes: the intervals on which both bases are single polynomials."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from odegraph.basis.mesh import Mesh


@dataclass(frozen=True)
class Cell:
    """An interval of the common refinement, and the element of either mesh that holds it."""

    start: Fraction
    end: Fraction
    first: int
    second: int


def common_refinement(first: Mesh, second: Mesh) -> Iterator[Cell]:
    """The cells between neighbouring breakpoints of the two meshes together."""
    i = j = 0
    start = Fraction(0)
    while start < 1:
        end = min(first.breakpoints[i + 1], second.breakpoints[j + 1])
        yield Cell(start, end, i, j)
        i += first.breakpoints[i + 1] == end
        j += second.breakpoints[j + 1] == end
        start = end
