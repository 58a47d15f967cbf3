"""Weights for states of two halves x = [q, p], split along dimension 1.

A term with such a weight adds a linear combination of the halves of its value to each half of the
sum: what partitioned and Nystrom schemes do, whose parts move by different rules.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

from odegraph._exact import Exact, exact_text, to_exact

HALVES_DIM = 1
Q, P = 0, 1
NAMES = ("q", "p")
ZERO = to_exact(0)


@final
@dataclass(frozen=True)
class Halves:
    """[[qq, qp], [pq, pp]]: the half q of the sum gets qq times q and qp times p of the value."""

    qq: Exact = ZERO
    qp: Exact = ZERO
    pq: Exact = ZERO
    pp: Exact = ZERO

    @staticmethod
    def on(target: int, source: int, weight: Exact) -> "Halves":
        """`weight` from one half of the value to one half of the sum, 0 elsewhere."""
        entries = [ZERO] * 4
        entries[2 * target + source] = weight
        return Halves(*entries)

    @staticmethod
    def both(weight: "Exact | Halves") -> "Halves":
        """A plain weight as one that acts on each half alike."""
        return weight if isinstance(weight, Halves) else Halves(qq=weight, pp=weight)

    @property
    def rows(self) -> tuple[tuple[Exact, Exact], tuple[Exact, Exact]]:
        """The weights of the halves q and p of the value, for each half of the sum."""
        return (self.qq, self.qp), (self.pq, self.pp)

    @property
    def transposed(self) -> "Halves":
        """The weights by which the gradient of a sum reaches the halves of a value in it."""
        return Halves(qq=self.qq, qp=self.pq, pq=self.qp, pp=self.pp)

    @property
    def is_zero(self) -> bool:
        """Whether nothing is added."""
        return all(entry.is_zero is True for row in self.rows for entry in row)

    def __add__(self, other: "Halves") -> "Halves":
        pairs = zip(self._entries, other._entries, strict=True)
        return Halves(*(x + y for x, y in pairs))

    def __truediv__(self, divisor: Exact) -> "Halves":
        return Halves(*(entry / divisor for entry in self._entries))

    def __str__(self) -> str:
        shown = [
            f"{exact_text(weight)} {NAMES[target]}{'' if target == source else NAMES[source]}"
            for target, row in enumerate(self.rows)
            for source, weight in enumerate(row)
            if weight.is_zero is not True
        ]
        return ", ".join(shown) or "0"

    @property
    def _entries(self) -> tuple[Exact, ...]:
        return self.qq, self.qp, self.pq, self.pp


Weight = Exact | Halves


def add_weights(x: Weight, y: Weight) -> Weight:
    """The sum of two weights, plain where both are."""
    if isinstance(x, Halves) or isinstance(y, Halves):
        return Halves.both(x) + Halves.both(y)
    return x + y


def half_terms(
    inputs: Sequence[tuple[str, Weight]], target: int
) -> list[tuple[tuple[str, int], Exact]]:
    """The nonzero terms of one half of a sum: ((value, half of it), weight)."""
    return [
        ((source, half), weight)
        for source, one in inputs
        for half, weight in enumerate(Halves.both(one).rows[target])
        if weight.is_zero is not True
    ]
