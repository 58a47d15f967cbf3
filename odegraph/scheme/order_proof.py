"""The proof of an order: all conditions of every order up to it, one a tree."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Generic, Protocol, TypeVar, final

from odegraph._exact import shorten
from odegraph.scheme.number_field import Number, to_sympy

Vanishes = Callable[[Any], bool]


class Tree(Protocol):
    """A rooted tree of some theory, with gamma(tree)."""

    @property
    def density(self) -> int:
        """Gamma of the tree."""
        ...


AnyTree = TypeVar("AnyTree", bound=Tree)
AnyCondition = TypeVar("AnyCondition")


@final
@dataclass(frozen=True)
class OrderProof(Generic[AnyCondition]):
    """All conditions up to `order` hold; `failed` is the first of the next order that does not.

    `failed` is None where no order above the bound of the theory has to be looked at.
    """

    order: int
    failed: AnyCondition | None


@final
@dataclass(frozen=True)
class TreeCondition:
    """One order condition, named by its tree, and what the coefficients make of it."""

    tree: str
    required: Fraction
    found: Number

    def __str__(self) -> str:
        found = shorten(to_sympy(self.found), 80)
        return f"tree {self.tree}: {self.required} is required, but it is {found}"


@final
@dataclass(frozen=True)
class OrderTheory(Generic[AnyTree, AnyCondition]):
    """The trees of each order, the sum that the method makes of one, and how a failure reads."""

    trees: Callable[[int], Iterable[AnyTree]]
    weighted: Callable[[AnyTree], Any]
    condition: Callable[[AnyTree, Fraction, Any], AnyCondition]

    def prove(self, *, bound: int, vanishes: Vanishes, proven: int = 0) -> OrderProof[AnyCondition]:
        """sum_i b_i phi_i(tree) = 1 / gamma(tree) for all trees, order by order above `proven`."""
        for order in range(proven + 1, bound + 1):
            for tree in self.trees(order):
                found, required = self.weighted(tree), Fraction(1, tree.density)
                if not vanishes(found - required):
                    return OrderProof(order - 1, self.condition(tree, required, found))
        return OrderProof(bound, None)


def is_zero(value: Any) -> bool:
    """The exact test; decimal tableaus bring a test with a tolerance instead."""
    return not value


def first_failures(proofs: Mapping[str, OrderProof[Any]]) -> dict[str, object | None]:
    """The condition that fails, for each claim about an order."""
    return {claim: proof.failed for claim, proof in proofs.items()}
