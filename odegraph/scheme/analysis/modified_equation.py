"""The differential equation that a method solves better than the given one, as a B-series.

Hairer, Lubich and Wanner, IX.9: numerical solutions follow x' = sum over trees of
h^(n-1) / sigma(tree) beta(tree) F(tree), n the number of nodes, with

    beta(tree) = a(tree) - sum_(j=2..n) 1/j! (D^(j-1) beta)(tree),

where a(tree) = sum_i b_i phi_i(tree), and the Lie derivative (D c)(tree) sums c(rest) beta(branch)
over all ways to cut one branch off.
"""

from collections.abc import Iterator
from fractions import Fraction
from functools import cache
from math import factorial
from typing import final

from odegraph.scheme.number_field import Number
from odegraph.scheme.order_conditions import StageVectors
from odegraph.scheme.rooted_trees import RootedTree, rooted_trees
from odegraph.scheme.tableau import Tableau


def modified_equation(tableau: Tableau, *, order: int) -> dict[RootedTree, Number]:
    """beta(tree) for all trees with at most `order` nodes whose coefficient does not vanish."""
    series = _ModifiedSeries(tableau)
    trees = (tree for n in range(1, order + 1) for tree in rooted_trees(n))
    coefficients = ((tree, series.derivative(tree, 0)) for tree in trees)
    return {tree: beta for tree, beta in coefficients if not tableau.vanishes(beta)}


@final
class _ModifiedSeries:
    def __init__(self, tableau: Tableau) -> None:
        self.weights = tableau.b
        self.vectors = StageVectors(tableau.A, tableau.row_sums)
        self.known: dict[tuple[RootedTree, int], Number] = {}

    def derivative(self, tree: RootedTree, times: int) -> Number:
        """(D^times beta)(tree)."""
        if (tree, times) not in self.known:
            compute = self._beta(tree) if times == 0 else self._lie_derivative(tree, times)
            self.known[tree, times] = compute
        return self.known[tree, times]

    def _beta(self, tree: RootedTree) -> Number:
        corrections = (
            self.derivative(tree, j - 1) * Fraction(1, factorial(j))
            for j in range(2, tree.order + 1)
        )
        return self.vectors.weighted(self.weights, tree) - sum(corrections, Fraction(0))

    def _lie_derivative(self, tree: RootedTree, times: int) -> Number:
        terms = (
            self.derivative(rest, times - 1) * self.derivative(branch, 0)
            for rest, branch in cuts(tree)
        )
        return sum(terms, Fraction(0))


def cuts(tree: RootedTree) -> Iterator[tuple[RootedTree, RootedTree]]:
    """Every (rest, branch) that cutting one edge leaves; equal ones occur as often as edges do."""
    for i, child in enumerate(tree.children):
        others = (*tree.children[:i], *tree.children[i + 1 :])
        yield _tree(others), child
        for rest, branch in cuts(child):
            yield _tree((*others, rest)), branch


def _tree(children: tuple[RootedTree, ...]) -> RootedTree:
    """The tree with these children."""
    key = tuple(sorted(children, key=lambda child: child.rank))
    return _by_children(1 + sum(child.order for child in children))[key]


@cache
def _by_children(order: int) -> dict[tuple[RootedTree, ...], RootedTree]:
    return {tree.children: tree for tree in rooted_trees(order)}
