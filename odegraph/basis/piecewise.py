"""Piecewise-polynomial bases whose coefficients are values of theta: constants, hats and DG."""

from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar, final

from odegraph.basis.mesh import BreakpointsLike, Mesh, Side, make_mesh
from odegraph.basis.piecewise_polynomial import LocalFunctions, MeshBasis
from odegraph.basis.polynomial import CONSTANT, FALLING, ONE, RISING


@final
@dataclass(frozen=True, init=False, repr=False)
class PiecewiseConstant(MeshBasis):
    """Indicator functions: phi_k(t) = 1 on the element (t_k, t_{k+1}) and 0 elsewhere.

    With forward Euler and one step an element this is a ResNet: coefficient k belongs to layer k
    (Queiruga, Erichson, Taylor and Mahoney, "Continuous-in-depth neural networks", 2020).
    """

    mesh: Mesh
    kind: ClassVar[str] = "piecewise-constant"
    is_orthogonal: ClassVar[bool] = True
    keys: ClassVar[tuple[str, ...]] = ("elements", "breakpoints")

    def __init__(
        self, elements: int | None = None, *, breakpoints: BreakpointsLike | None = None
    ) -> None:
        object.__setattr__(self, "mesh", make_mesh(elements, breakpoints))

    @property
    def size(self) -> int:
        """One coefficient an element."""
        return self.elements

    @property
    def jumps(self) -> tuple[Fraction, ...]:
        """Every interior breakpoint."""
        return self.mesh.interior

    @property
    def nodes(self) -> tuple[tuple[Fraction, Side], ...]:
        """The midpoints of the elements."""
        return tuple((t, "right") for t in self.mesh.positions(Fraction(1, 2)))

    def element_functions(self, element: int) -> LocalFunctions:
        """The constant 1."""
        return ((element, CONSTANT),)

    def constant_coefficients(self) -> tuple[Fraction, ...]:
        """All ones."""
        return (ONE,) * self.size

    def on_mesh(self, mesh: Mesh) -> "PiecewiseConstant":
        """The same functions on another mesh."""
        return PiecewiseConstant(breakpoints=mesh.breakpoints)


@final
@dataclass(frozen=True, init=False, repr=False)
class PiecewiseLinear(MeshBasis):
    """Continuous hat functions: phi_k is 1 at breakpoint k, 0 at the others, linear between.

    n elements have n + 1 coefficients; coefficient k is theta(t_k) (Courant, Bulletin of the
    American Mathematical Society 49 (1943)).
    """

    mesh: Mesh
    kind: ClassVar[str] = "piecewise-linear"
    keys: ClassVar[tuple[str, ...]] = ("elements", "breakpoints")

    def __init__(
        self, elements: int | None = None, *, breakpoints: BreakpointsLike | None = None
    ) -> None:
        object.__setattr__(self, "mesh", make_mesh(elements, breakpoints))

    @property
    def size(self) -> int:
        """One coefficient a breakpoint."""
        return self.elements + 1

    @property
    def jumps(self) -> tuple[Fraction, ...]:
        """None: theta is continuous."""
        return ()

    @property
    def nodes(self) -> tuple[tuple[Fraction, Side], ...]:
        """The breakpoints."""
        return tuple((t, "right" if t < 1 else "left") for t in self.breakpoints)

    def element_functions(self, element: int) -> LocalFunctions:
        """The falling flank of one hat and the rising flank of the next."""
        return ((element, FALLING), (element + 1, RISING))

    def constant_coefficients(self) -> tuple[Fraction, ...]:
        """All ones."""
        return (ONE,) * self.size

    def on_mesh(self, mesh: Mesh) -> "PiecewiseLinear":
        """The same functions on another mesh."""
        return PiecewiseLinear(breakpoints=mesh.breakpoints)
