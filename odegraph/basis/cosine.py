"""Cosine series: the one basis here that is not made of polynomials."""

from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import ClassVar, final

import sympy

from odegraph._exact import to_exact, to_rational
from odegraph.basis.basis import Basis, Row, Value
from odegraph.basis.border import Depth, checked_count, exact_depth
from odegraph.basis.exact_matrix import ExactMatrix
from odegraph.basis.global_polynomial import divided
from odegraph.basis.mesh import Mesh, Side, make_mesh
from odegraph.basis.polynomial import ONE, ZERO

MOST_COSINES = 1024


@final
@dataclass(frozen=True, init=False, repr=False)
class Cosine(Basis):
    """Cosines phi_k(t) = cos(pi k t), k = 0 to size - 1: orthogonal, with zero slope at both ends.

    The squared norms are 1 for k = 0 and 1/2 for the others. Coefficients on this basis are the
    discrete cosine transform of theta (Ahmed, Natarajan and Rao, IEEE Transactions on Computers
    C-23 (1974)). Values are exact SymPy numbers such as cos(pi/7); at an irrational depth they are
    not algebraic.
    """

    terms: int
    kind: ClassVar[str] = "cosine"
    keys: ClassVar[tuple[str, ...]] = ("size",)

    def __init__(self, size: int) -> None:
        size = checked_count(size, name="size", least=1, most=MOST_COSINES)
        object.__setattr__(self, "terms", size)

    @property
    def size(self) -> int:
        """The number of cosines, the constant included."""
        return self.terms

    @property
    def breakpoints(self) -> tuple[Fraction, ...]:
        """0 and 1."""
        return (ZERO, ONE)

    @property
    def jumps(self) -> tuple[Fraction, ...]:
        """None: theta is smooth."""
        return ()

    @property
    def nodes(self) -> tuple[tuple[Fraction, Side], ...]:
        """The points (2i + 1) / (2 size), on which the cosines are orthogonal as vectors, too."""
        return tuple((Fraction(2 * i + 1, 2 * self.size), "right") for i in range(self.size))

    def row(self, t: Depth, *, side: Side) -> Row:
        """The nonzero cosines at t."""
        _whole().element_at(t, side=side)
        return self._row_at(t)

    def row_within(self, t: Depth, *, interval: tuple[Fraction, Fraction]) -> Row:
        """The nonzero cosines at t, which are the same from everywhere."""
        _whole().element_within(t, interval=interval)
        return self._row_at(t)

    def constant_coefficients(self) -> tuple[Fraction, ...]:
        """The first function is 1."""
        return (ONE,) + (ZERO,) * (self.size - 1)

    def refined(self, factor: int = 2) -> "Cosine":
        """So many times the cosines."""
        return Cosine(self.size * checked_count(factor, name="factor", least=1))

    def coarsened(self, factor: int = 2) -> "Cosine":
        """A number of cosines divided by `factor`."""
        return Cosine(divided(self.size, factor=checked_count(factor, name="factor", least=1)))

    def to_dict(self) -> dict[str, object]:
        """The kind and the number of cosines."""
        return {"kind": self.kind, "size": self.size}

    def _row_at(self, t: Depth) -> Row:
        depth = exact_depth(t)
        row = ((k, cosine(k * depth)) for k in range(self.size))
        return tuple((k, value) for k, value in row if value != 0)


def cosine(half_turns: Fraction | sympy.Expr) -> Value:
    """The number cos(pi x) for x half turns, as a fraction where SymPy knows one."""
    if isinstance(half_turns, Fraction):
        return _rational_cosine(abs((half_turns + 1) % 2 - 1))
    return sympy.cos(sympy.pi * half_turns)


def discrete_cosine_transform(size: int) -> ExactMatrix:
    """Coefficients from values at the nodes: (2 - [k = 0]) / n cos(pi k (2i + 1) / (2n))."""
    rows: list[dict[int, Value]] = []
    for k in range(size):
        weight = Fraction(1 if k == 0 else 2, size)
        values = (weight * cosine(Fraction(k * (2 * i + 1), 2 * size)) for i in range(size))
        rows.append({i: value for i, value in enumerate(values) if value != 0})
    return ExactMatrix(tuple(rows), size)


@lru_cache(maxsize=65_536)
def _rational_cosine(half_turns: Fraction) -> Value:
    return _plain(sympy.cos(sympy.pi * to_exact(half_turns)))


def _plain(value: sympy.Expr) -> Value:
    rational = to_rational(value)
    return value if rational is None else rational


def _whole() -> Mesh:
    return make_mesh(1, None)
