"""What every basis in depth can do."""

from abc import ABC, abstractmethod
from fractions import Fraction
from typing import ClassVar, Self

import sympy

from odegraph.basis.border import Depth
from odegraph.basis.mesh import Side

ZERO = Fraction(0)

Value = Fraction | sympy.Expr
Row = tuple[tuple[int, Value], ...]


class Basis(ABC):
    """Functions phi_b of depth t in [0, 1], so that theta(t) = sum_b phi_b(t) theta^b.

    Everything is exact: depths and values are fractions or, for irrational depths, SymPy numbers.
    """

    kind: ClassVar[str]
    keys: ClassVar[tuple[str, ...]]

    @property
    @abstractmethod
    def size(self) -> int:
        """Number of coefficients."""

    @property
    @abstractmethod
    def breakpoints(self) -> tuple[Fraction, ...]:
        """Element boundaries, with 0 and 1: between them theta is smooth."""

    @property
    @abstractmethod
    def jumps(self) -> tuple[Fraction, ...]:
        """Interior depths where theta may jump."""

    @property
    @abstractmethod
    def nodes(self) -> tuple[tuple[Fraction, Side], ...]:
        """As many depths, each with a side, as coefficients; values there determine theta."""

    @abstractmethod
    def row(self, t: Depth, *, side: Side) -> Row:
        """The nonzero values (b, phi_b(t)); at a jump, the limit from `side`."""

    @abstractmethod
    def row_within(self, t: Depth, *, interval: tuple[Fraction, Fraction]) -> Row:
        """The values at t as a step over the open `interval` sees them.

        A depth at or before the start takes the limit from the right there, one at or beyond the
        end the limit from the left; the function of that element is continued where t lies outside.
        """

    @abstractmethod
    def constant_coefficients(self) -> tuple[Fraction, ...]:
        """The coefficients of theta(t) = 1."""

    @abstractmethod
    def refined(self, factor: int = 2) -> Self:
        """A basis with about `factor` times the coefficients that contains this one."""

    @abstractmethod
    def coarsened(self, factor: int = 2) -> Self:
        """The basis of which this one is the refinement by `factor`."""

    @abstractmethod
    def to_dict(self) -> dict[str, object]:
        """The basis as it stands in a model file; `basis_from_dict` reads it back."""

    def evaluate(self, t: Depth, *, side: Side = "right") -> tuple[Value, ...]:
        """All values phi_b(t), zeros included."""
        values: list[Value] = [ZERO] * self.size
        for index, value in self.row(t, side=side):
            values[index] = value
        return tuple(values)

    def __repr__(self) -> str:
        items = [(key, value) for key, value in self.to_dict().items() if key != "kind"]
        return f"{type(self).__name__}({', '.join(f'{key}={value!r}' for key, value in items)})"
