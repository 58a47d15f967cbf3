"""Elementary weights enclosed in short intervals, where the exact numbers have thousands of digits.

Numbers are integers over 2^bits, each with a bound of its error: every product is rounded down once
and its error bounded from those of the factors. What an enclosure decides (a sign, the first digits
of a number) is decided for the exact number.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from odegraph.scheme.number_field import Number, enclosure
from odegraph.scheme.rooted_trees import RootedTree

BITS = 384
ROUNDING = 1 + 2.0**-40  # of the float arithmetic in which errors are bounded


@final
@dataclass(frozen=True, eq=False)
class Enclosed:
    """An array of numbers, each within `error` of value / 2^BITS."""

    value: Any  # integers: an array of objects, or one
    error: Any

    @property
    def modulus(self) -> np.ndarray:
        """Bounds of the moduli."""
        return np.abs(self.floats) * ROUNDING + self.error

    @property
    def floats(self) -> np.ndarray:
        """The middles of the intervals."""
        return np.asarray(self.value / 2**BITS, dtype=float)

    def __add__(self, other: "Enclosed") -> "Enclosed":
        return Enclosed(self.value + other.value, (self.error + other.error) * ROUNDING)

    def __sub__(self, other: "Enclosed") -> "Enclosed":
        return Enclosed(self.value - other.value, (self.error + other.error) * ROUNDING)

    def __mul__(self, other: "Enclosed") -> "Enclosed":
        error = self.modulus * other.error + self.error * other.modulus + 2.0**-BITS
        return Enclosed((self.value * other.value) >> BITS, error * ROUNDING)

    def __matmul__(self, other: "Enclosed") -> "Enclosed":
        error = self.modulus @ other.error + self.error @ other.modulus + 2.0**-BITS
        return Enclosed((self.value @ other.value) >> BITS, error * ROUNDING)


def enclosed(values: Any) -> Enclosed:
    """Exact numbers, in nested sequences of one shape, as enclosures."""
    exact = np.array(values, dtype=object)
    bounds = [_fixed_point(x) for x in exact.ravel()]
    low = np.array([x for x, _ in bounds], dtype=object).reshape(exact.shape)
    width = np.array([float(y - x) for x, y in bounds]).reshape(exact.shape)
    return Enclosed(low, width * 2.0**-BITS)


def _fixed_point(value: Number | int) -> tuple[int, int]:
    below, above = enclosure(value, bits=2 * BITS)
    return int(below * 2**BITS // 1), int(-(-above * 2**BITS // 1))


@final
class EnclosedVectors:
    """phi(tree) as in `StageVectors`, enclosed."""

    def __init__(self, A: Sequence[Sequence[Number]], nodes: Sequence[Number]) -> None:
        self.A = enclosed(A)
        self.nodes = enclosed(nodes)
        self._phi: dict[int, Enclosed] = {}
        self._stage: dict[int, Enclosed] = {}

    def phi(self, tree: RootedTree) -> Enclosed:
        """The product over the children of their stage vectors."""
        if id(tree) not in self._phi:
            if tree.trunk is None or tree.branch is None:
                self._phi[id(tree)] = enclosed([1] * len(self.nodes.value))
            else:
                self._phi[id(tree)] = self.phi(tree.trunk) * self.stage(tree.branch)
        return self._phi[id(tree)]

    def stage(self, tree: RootedTree) -> Enclosed:
        """A phi(tree); c for the time leaf."""
        if id(tree) not in self._stage:
            self._stage[id(tree)] = self.nodes if tree.is_time else self.A @ self.phi(tree)
        return self._stage[id(tree)]
