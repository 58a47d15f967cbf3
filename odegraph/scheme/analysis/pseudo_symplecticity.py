"""The order to which a method keeps quadratic invariants.

Aubry and Chartier (1998): a(u o v) + a(v o u) = a(u) a(v) for all trees with |u| + |v| nodes up to
the order, where a(tree) = sum_i b_i phi_i(tree) and u o v grafts v onto the root of u.
"""

from odegraph.scheme.number_field import Number
from odegraph.scheme.order_conditions import StageVectors
from odegraph.scheme.rooted_trees import RootedTree, rooted_trees
from odegraph.scheme.tableau import Tableau


def pseudo_symplectic_order(tableau: Tableau, *, at_most: int) -> int:
    """The largest q <= `at_most` such that quadratic invariants are kept up to O(h^(q+1))."""
    vectors = StageVectors(tableau.A, tableau.row_sums)
    for total in range(2, at_most + 1):
        for size in range(1, total // 2 + 1):
            for u in rooted_trees(size):
                for v in rooted_trees(total - size):
                    if not tableau.vanishes(_defect(tableau, vectors, u, v)):
                        return total - 1
    return at_most


def _defect(tableau: Tableau, vectors: StageVectors, u: RootedTree, v: RootedTree) -> Number:
    product = vectors.weighted(tableau.b, u) * vectors.weighted(tableau.b, v)
    return vectors.grafted(tableau.b, u, v) + vectors.grafted(tableau.b, v, u) - product
