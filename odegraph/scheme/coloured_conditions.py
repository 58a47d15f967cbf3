"""Exact proofs of order for additive methods: conditions on coloured trees.

The condition of a tree is sum_i b_i phi_i(tree) = 1 / gamma(tree), with the weights b of the colour
of its root and phi(tree) the product over the children of A phi(child), A that of the child's
colour.
"""

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any, final

from odegraph.scheme.coloured_trees import ColouredTree, coloured_trees
from odegraph.scheme.number_field import Number
from odegraph.scheme.order_conditions import dot
from odegraph.scheme.order_proof import OrderProof, OrderTheory, TreeCondition
from odegraph.scheme.tableau import Matrix, Vector


@final
class AdditiveWeights:
    """phi(tree) of stages with one matrix A for each colour, computed once a tree."""

    def __init__(self, matrices: Sequence[Matrix]) -> None:
        self.matrices = matrices
        self._phi: dict[ColouredTree, list[Any]] = {}
        self._stage: dict[ColouredTree, list[Any]] = {}

    def phi(self, tree: ColouredTree) -> list[Any]:
        """The product over the children of their stage vectors."""
        if tree not in self._phi:
            vector: list[Any] = [Fraction(1)] * len(self.matrices[0])
            for child in tree.children:
                vector = [x * y for x, y in zip(vector, self._below(child), strict=True)]
            self._phi[tree] = vector
        return self._phi[tree]

    def _below(self, tree: ColouredTree) -> list[Any]:
        if tree not in self._stage:
            phi = self.phi(tree)
            self._stage[tree] = [dot(row, phi) for row in self.matrices[tree.colour]]
        return self._stage[tree]

    def weighted(self, weights: Sequence[Vector], tree: ColouredTree) -> Number:
        """sum_i b_i phi_i(tree) with the weights of the colour of the root."""
        return dot(weights[tree.colour], self.phi(tree))


def prove_additive_order(
    stages: AdditiveWeights,
    weights: Sequence[Vector],
    *,
    names: Sequence[str],
    vanishes: Callable[[Any], bool],
) -> OrderProof[TreeCondition]:
    """The order on x' = sum of parts, each part with its own matrix and weights."""
    theory = OrderTheory(
        lambda order: coloured_trees(order, len(weights)),
        lambda tree: stages.weighted(weights, tree),
        lambda tree, required, found: TreeCondition(tree.show(names), required, found),
    )
    return theory.prove(bound=2 * len(weights[0]), vanishes=vanishes)
