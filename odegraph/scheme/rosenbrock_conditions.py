"""Exact proofs of order for Rosenbrock methods: rooted trees with alpha and beta = alpha + gamma.

Hairer and Wanner, IV.7. The exact Jacobian makes one child of a node cost beta, several alpha:
phi_i(tree) = sum_j beta_ij phi_j(child) for one child, and the product over the children of
sum_j alpha_ij phi_j(child) for more. The condition is sum_i b_i phi_i(tree) = 1 / gamma(tree).
"""

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from typing import Any, final

from odegraph.scheme.number_field import Number
from odegraph.scheme.order_conditions import INDICES, Condition, dot
from odegraph.scheme.order_proof import OrderProof, OrderTheory
from odegraph.scheme.rooted_trees import RootedTree, rooted_trees
from odegraph.scheme.tableau import Matrix


@final
class RosenbrockWeights:
    """phi(tree) of the stages, computed once a tree."""

    def __init__(self, alpha: Matrix, beta: Matrix) -> None:
        self.alpha = alpha
        self.beta = beta
        self._phi: dict[RootedTree, list[Any]] = {}

    def phi(self, tree: RootedTree) -> list[Any]:
        """The elementary weights of a tree, one a stage."""
        if tree not in self._phi:
            matrix = self.beta if len(tree.children) == 1 else self.alpha
            vector: list[Any] = [Fraction(1)] * len(self.alpha)
            for child in tree.children:
                below = self.phi(child)
                vector = [x * dot(row, below) for x, row in zip(vector, matrix, strict=True)]
            self._phi[tree] = vector
        return self._phi[tree]


def prove_rosenbrock_order(
    stages: RosenbrockWeights, weights: Sequence[Number], *, vanishes: Callable[[Any], bool]
) -> OrderProof[Condition]:
    """The order on x' = f(t, x), where time is one more component of the state."""
    theory = OrderTheory(
        rooted_trees,
        lambda tree: dot(weights, stages.phi(tree)),
        lambda tree, required, found: Condition(tree, _equation(tree), required, found),
    )
    return theory.prove(bound=2 * len(weights), vanishes=vanishes)


def _equation(tree: RootedTree) -> str:
    """The left-hand side of a condition: `sum b_i alpha_ij alpha_ik beta_kl`."""
    letters = iter(INDICES)
    root = next(letters)
    return "sum " + " ".join([f"b_{root}", *_factors(tree, root, letters)])


def _factors(tree: RootedTree, index: str, letters: Iterator[str]) -> Iterator[str]:
    name = "beta" if len(tree.children) == 1 else "alpha"
    for child in tree.children:
        below = next(letters)
        yield f"{name}_{index}{below}"
        yield from _factors(child, below, letters)
