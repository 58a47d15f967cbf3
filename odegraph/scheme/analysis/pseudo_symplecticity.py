"""The order to which a method keeps quadratic invariants.

Aubry and Chartier (1998): a(u o v) + a(v o u) = a(u) a(v) for all trees with |u| + |v| nodes up to
the order, where a(tree) = sum_i b_i phi_i(tree) and u o v grafts v onto the root of u.
"""

from collections.abc import Iterator
from itertools import product

from odegraph.scheme.enclosed_vectors import EnclosedVectors, enclosed
from odegraph.scheme.number_field import Number
from odegraph.scheme.order_conditions import StageVectors
from odegraph.scheme.rooted_trees import RootedTree, rooted_trees
from odegraph.scheme.tableau import Tableau


def pseudo_symplectic_order(tableau: Tableau, *, order: int, at_most: int) -> int:
    """The largest q <= `at_most` such that quadratic invariants are kept up to O(h^(q+1)).

    It is at least the proven order on x' = f(x): up to there a is that of the exact solution.
    """
    exact = StageVectors(tableau.A, tableau.row_sums)
    short = EnclosedVectors(tableau.A, tableau.row_sums)
    for total in range(order + 1, at_most + 1):
        pairs = list(_pairs(total))
        if any(_surely_fails(tableau, short, u, v) for u, v in pairs):
            return total - 1
        if not all(tableau.vanishes(_defect(tableau, exact, u, v)) for u, v in pairs):
            return total - 1
    return at_most


def _pairs(total: int) -> Iterator[tuple[RootedTree, RootedTree]]:
    for size in range(1, total // 2 + 1):
        yield from product(rooted_trees(size), rooted_trees(total - size))


def _surely_fails(tableau: Tableau, vectors: EnclosedVectors, u: RootedTree, v: RootedTree) -> bool:
    """Whether the enclosure of the defect excludes 0, and what a tolerance admits."""
    b = enclosed(tableau.b)
    joined = vectors.phi(u) * vectors.stage(v) + vectors.phi(v) * vectors.stage(u)
    defect = b @ joined - (b @ vectors.phi(u)) * (b @ vectors.phi(v))
    return abs(float(defect.floats)) > 2 * (float(defect.error) + tableau.tolerance)


def _defect(tableau: Tableau, vectors: StageVectors, u: RootedTree, v: RootedTree) -> Number:
    product = vectors.weighted(tableau.b, u) * vectors.weighted(tableau.b, v)
    return vectors.grafted(tableau.b, u, v) + vectors.grafted(tableau.b, v, u) - product
