"""Exact proofs of order: sum_i b_i phi_i(tree) = 1 / gamma(tree) for all trees up to the order.

Butcher (1963); Hairer, Norsett and Wanner, II.2. Each tree costs one product of stage vectors,
because phi(trunk o branch) = phi(trunk) * (A phi(branch)) and all trees share their parts. Tableaus
are scaled to integers first: with D the common denominator, D^(n - 1) phi of a tree with n nodes is
a vector of (algebraic) integers.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from typing import Any, final

from odegraph.scheme.number_field import AlgebraicNumber, Number, integral, to_sympy
from odegraph.scheme.order_proof import OrderProof, OrderTheory, Vanishes, is_zero
from odegraph.scheme.rooted_trees import RootedTree, rooted_trees

INDICES = "ijklmnpqrsuvwxyz"


@final
@dataclass(frozen=True)
class Condition:
    """One order condition, and what the tableau makes of it."""

    tree: RootedTree
    equation: str
    required: Fraction
    found: Number

    def __str__(self) -> str:
        found = to_sympy(self.found)
        return f"tree {self.tree}: {self.equation} = {self.required}, but it is {found}"


def prove_order(
    vectors: "StageVectors",
    weights: Sequence[Any],
    *,
    trees: Callable[[int], Iterable[RootedTree]] = rooted_trees,
    vanishes: Vanishes = is_zero,
    proven: int = 0,
) -> OrderProof[Condition]:
    """The order of weights over stages: on x' = f(x), or on f(t, x) with `timed_trees`.

    Conditions up to the order `proven` are on record and not looked at again.
    """
    theory = OrderTheory(
        trees,
        partial(vectors.weighted, weights),
        partial(_condition, row_sums=trees is rooted_trees and vectors.row_sums),
    )
    return theory.prove(bound=2 * len(vectors.rows), vanishes=vanishes, proven=proven)


def _condition(tree: RootedTree, required: Fraction, found: Any, *, row_sums: bool) -> Condition:
    return Condition(tree, equation(tree, row_sums=row_sums), required, found)


def prove_linear_order(
    A: Sequence[Sequence[Any]], weights: Sequence[Any], *, vanishes: Vanishes = is_zero
) -> int:
    """The order on x' = L x: b^T A^(k-1) 1 = 1 / k! for k up to the order."""
    moments = linear_moments(A, weights, count=2 * len(A))
    factorials = (Fraction(1, math.factorial(k)) for k in range(1, 2 * len(A) + 1))
    pairs = enumerate(zip(moments, factorials, strict=True))
    return next((k for k, (m, f) in pairs if not vanishes(m - f)), 2 * len(A))


def linear_moments(A: Sequence[Sequence[Any]], weights: Sequence[Any], *, count: int) -> list[Any]:
    """b^T A^(k-1) 1 for k = 1 .. count, the coefficients of z^k in the stability function."""
    moments, vector = [], [Fraction(1)] * len(A)
    for _ in range(count):
        moments.append(dot(weights, vector))
        vector = [dot(row, vector) for row in A]
    return moments


def dot(x: Iterable[Any], y: Iterable[Any]) -> Any:
    """sum_i x_i y_i over the nonzero x_i."""
    return sum((a * b for a, b in zip(x, y, strict=True) if a), Fraction(0))


@final
class StageVectors:
    """phi(tree) for one tableau, computed once a tree and shared by all trees that contain it."""

    def __init__(self, A: Sequence[Sequence[Any]], nodes: Sequence[Any]) -> None:
        self.scale = common_denominator([*(x for row in A for x in row), *nodes])
        self.rows = [[(j, self._scaled(a)) for j, a in enumerate(row) if a] for row in A]
        self.nodes = [self._scaled(x) for x in nodes]
        self.row_sums = [sum((a for _, a in row), 0) for row in self.rows] == self.nodes
        self._phi: dict[int, list[Any]] = {}
        self._stage: dict[int, list[Any]] = {}
        self._weights: dict[tuple[Any, ...], tuple[int, list[tuple[int, Any]]]] = {}

    def _scaled(self, value: Any, scale: int | None = None) -> Any:
        return integral(value * (self.scale if scale is None else scale))

    def phi(self, tree: RootedTree) -> list[Any]:
        """scale^(n - 1) times the product over the children of their stage vectors."""
        if id(tree) not in self._phi:
            self._phi[id(tree)] = self._product(tree)
        return self._phi[id(tree)]

    def _product(self, tree: RootedTree) -> list[Any]:
        if tree.trunk is None or tree.branch is None:
            return [1] * len(self.rows)
        pairs = zip(self.phi(tree.trunk), self.stage(tree.branch), strict=True)
        return [x * y if x and y else 0 for x, y in pairs]

    def stage(self, tree: RootedTree) -> list[Any]:
        """scale^n times A phi(tree); for the time leaf, scale times c."""
        if id(tree) not in self._stage:
            if tree.is_time:
                self._stage[id(tree)] = self.nodes
            else:
                phi = self.phi(tree)
                self._stage[id(tree)] = [
                    sum((a * phi[j] for j, a in row if phi[j]), 0) for row in self.rows
                ]
        return self._stage[id(tree)]

    def weighted(self, weights: Sequence[Any], tree: RootedTree) -> Any:
        """sum_i weights_i phi_i(tree), exactly."""
        scale, sparse = self._sparse(weights)
        phi = self._phi_unshared(tree)
        total = sum((w * phi[i] for i, w in sparse), 0)
        return total * Fraction(1, scale * self.scale ** (tree.order - 1))

    def grafted(self, weights: Sequence[Any], trunk: RootedTree, branch: RootedTree) -> Any:
        """sum_i weights_i phi_i(trunk o branch): branch becomes one more child of the root."""
        scale, sparse = self._sparse(weights)
        phi, stage = self.phi(trunk), self.stage(branch)
        total = sum((w * phi[i] * stage[i] for i, w in sparse), 0)
        return total * Fraction(1, scale * self.scale ** (trunk.order + branch.order - 1))

    def _phi_unshared(self, tree: RootedTree) -> list[Any]:
        # The trees of the order under test are mostly not needed again: do not keep their vectors.
        return self._phi.get(id(tree)) or self._product(tree)

    def _sparse(self, weights: Sequence[Any]) -> tuple[int, list[tuple[int, Any]]]:
        key = tuple(weights)
        if key not in self._weights:
            scale = common_denominator(weights)
            sparse = [(i, self._scaled(w, scale)) for i, w in enumerate(weights) if w]
            self._weights[key] = scale, sparse
        return self._weights[key]


def common_denominator(values: Iterable[Any]) -> int:
    """The least D > 0 that makes all D * value integral; 1 for values that are not numbers."""
    numbers = (x for x in values if isinstance(x, int | Fraction | AlgebraicNumber))
    return math.lcm(*(x.denominator for x in numbers))


def equation(tree: RootedTree, *, row_sums: bool) -> str:
    """The left-hand side of an order condition, summed over all indices: `sum b_i c_i a_ij c_j`.

    Leaves are written c where c are the row sums of A, else as the sums a_ij they are.
    """
    letters = iter(INDICES)
    root = next(letters)
    factors = _factors(tree, root, letters, row_sums=row_sums)
    return "sum " + " ".join([f"b_{root}", *factors])


def _factors(
    tree: RootedTree, index: str, letters: Iterator[str], *, row_sums: bool
) -> Iterator[str]:
    times = sum(child.is_time or (child.is_leaf and row_sums) for child in tree.children)
    if times:
        yield f"c_{index}" + (f"^{times}" if times > 1 else "")
    for child in tree.children:
        if not (child.is_time or (child.is_leaf and row_sums)):
            below = next(letters)
            yield f"a_{index}{below}"
            yield from _factors(child, below, letters, row_sums=row_sums)
