"""Piecewise-polynomial bases whose coefficients are values of theta: constants, hats and DG."""

from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar, final

from odegraph.basis.mesh import Mesh, Side
from odegraph.basis.piecewise_polynomial import BasisOfMesh, LocalFunctions
from odegraph.basis.polynomial import CONSTANT, FALLING, RISING


@final
@dataclass(frozen=True, init=False, repr=False)
class PiecewiseConstant(BasisOfMesh):
    """Indicator functions: phi_k(t) = 1 on the element (t_k, t_{k+1}) and 0 elsewhere.

    With forward Euler and one step an element this is a ResNet: coefficient k belongs to layer k
    (Queiruga, Erichson, Taylor and Mahoney, "Continuous-in-depth neural networks", 2020).
    """

    mesh: Mesh
    kind: ClassVar[str] = "piecewise-constant"
    is_orthogonal: ClassVar[bool] = True

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


@final
@dataclass(frozen=True, init=False, repr=False)
class PiecewiseLinear(BasisOfMesh):
    """Continuous hat functions: phi_k is 1 at breakpoint k, 0 at the others, linear between.

    n elements have n + 1 coefficients; coefficient k is theta(t_k) (Courant, Bulletin of the
    American Mathematical Society 49 (1943)).
    """

    mesh: Mesh
    kind: ClassVar[str] = "piecewise-linear"

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
