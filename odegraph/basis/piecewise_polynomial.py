"""The one representation that all piecewise-polynomial bases share, and what follows from it."""

from abc import abstractmethod
from collections.abc import Sequence
from fractions import Fraction
from functools import cached_property
from typing import ClassVar, Self

from odegraph.basis.basis import Basis, Row
from odegraph.basis.border import Depth, checked_count, exact_depth
from odegraph.basis.mesh import BreakpointsLike, Mesh, Side, make_mesh
from odegraph.basis.polynomial import Polynomial, value_at

LocalFunctions = tuple[tuple[int, Polynomial], ...]


class PiecewisePolynomial(Basis):
    """A basis whose functions are polynomials on every element of a mesh.

    A subclass says which functions live on an element, and as which polynomials of the local
    coordinate s = (t - a) / (b - a); evaluation and all exact integrals follow from that.
    """

    mesh: Mesh
    is_orthogonal: ClassVar[bool] = False

    @abstractmethod
    def element_functions(self, element: int) -> LocalFunctions:
        """The functions (b, p_b) that do not vanish on an element, with phi_b(t) = p_b(s)."""

    @property
    def elements(self) -> int:
        """Number of elements."""
        return self.mesh.elements

    @property
    def breakpoints(self) -> tuple[Fraction, ...]:
        """Element boundaries, with 0 and 1."""
        return self.mesh.breakpoints

    def local_functions(self, element: int) -> LocalFunctions:
        """`element_functions`, computed once an element."""
        found = self._known_functions.get(element)
        if found is None:
            found = self._known_functions[element] = self.element_functions(element)
        return found

    def row(self, t: Depth, *, side: Side) -> Row:
        """The nonzero values (b, phi_b(t)); at a jump, the limit from `side`."""
        return self._row_on(self.mesh.element_at(t, side=side), t)

    def row_within(self, t: Depth, *, interval: tuple[Fraction, Fraction]) -> Row:
        """The values at t as a step over the open `interval` sees them."""
        return self._row_on(self.mesh.element_within(t, interval=interval), t)

    def _row_on(self, element: int, t: Depth) -> Row:
        s = self.mesh.local_coordinate(exact_depth(t), element)
        row = ((index, value_at(p, s)) for index, p in self.local_functions(element))
        return tuple((index, value) for index, value in row if value != 0)

    @cached_property
    def _known_functions(self) -> dict[int, LocalFunctions]:
        return {}


class MeshBasis(PiecewisePolynomial):
    """A piecewise polynomial that exists on every mesh, so that elements can be cut and merged."""

    @abstractmethod
    def on_mesh(self, mesh: Mesh) -> Self:
        """The same kind of basis on another mesh."""

    def refined(self, factor: int = 2) -> Self:
        """Every element cut into `factor` equal parts; every theta stays representable."""
        return self.on_mesh(self.mesh.refined(checked_count(factor, name="factor", least=1)))

    def coarsened(self, factor: int = 2) -> Self:
        """Each run of `factor` elements merged into one."""
        return self.on_mesh(self.mesh.coarsened(checked_count(factor, name="factor", least=1)))

    def split(self, elements: Sequence[int], *, parts: int = 2) -> Self:
        """Only the chosen elements cut into `parts` equal parts: local refinement."""
        parts = checked_count(parts, name="parts", least=1)
        return self.on_mesh(self.mesh.split(elements, parts=parts))

    def merged(self, elements: Sequence[int]) -> Self:
        """Each chosen element merged with the one after it: local coarsening."""
        return self.on_mesh(self.mesh.merged(elements))

    def to_dict(self) -> dict[str, object]:
        """The kind and the mesh."""
        return {"kind": self.kind} | self.mesh.to_dict()


class PartitionOfUnity(MeshBasis):
    """A piecewise polynomial whose functions add up to 1, as those of values at points do."""

    def constant_coefficients(self) -> tuple[Fraction, ...]:
        """All ones."""
        return (Fraction(1),) * self.size


class BasisOfMesh(PartitionOfUnity):
    """A basis that its mesh determines: so many equal elements, or given breakpoints."""

    keys: ClassVar[tuple[str, ...]] = ("elements", "breakpoints")

    def __init__(
        self, elements: int | None = None, *, breakpoints: BreakpointsLike | None = None
    ) -> None:
        object.__setattr__(self, "mesh", make_mesh(elements, breakpoints))

    def on_mesh(self, mesh: Mesh) -> Self:
        """The same functions on another mesh."""
        return type(self)(breakpoints=mesh.breakpoints)
