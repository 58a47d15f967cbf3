"""The principal error of a method: what is left of the first order conditions that fail.

Hairer, Norsett and Wanner, II.3. The local error of a method of order p is
h^(p+1) sum over trees of order p + 1 of e(tree) F(tree) + O(h^(p+2)), with e(tree) =
(sum_i b_i phi_i(tree) - 1 / gamma(tree)) / sigma(tree).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import factorial
from typing import final

import sympy

from odegraph.scheme.number_field import Number, to_sympy
from odegraph.scheme.order_conditions import StageVectors, linear_moments
from odegraph.scheme.rooted_trees import RootedTree, rooted_trees, timed_trees
from odegraph.scheme.tableau import Tableau


@final
@dataclass(frozen=True)
class PrincipalError:
    """The error coefficients of the first order that a method misses, one a tree."""

    order: int
    trees: tuple[RootedTree, ...]
    coefficients: tuple[Number, ...]

    @property
    def norm(self) -> sympy.Expr:
        """The Euclidean norm of the coefficients, exact."""
        return sympy.sqrt(to_sympy(sum((e * e for e in self.coefficients), Fraction(0))))

    @property
    def largest(self) -> sympy.Expr:
        """The largest modulus of a coefficient."""
        return to_sympy(max(abs(e) for e in self.coefficients))


def principal_error(tableau: Tableau, weights: Sequence[Number], *, order: int) -> PrincipalError:
    """The error coefficients of trees with order + 1 nodes, for weights of proven order."""
    family = rooted_trees if tableau.has_row_sum_nodes else timed_trees
    vectors = StageVectors(tableau.A, tableau.c)
    trees = family(order + 1)
    coefficients = tuple(
        (vectors.weighted(weights, tree) - Fraction(1, tree.density)) * Fraction(1, tree.symmetry)
        for tree in trees
    )
    return PrincipalError(order + 1, trees, coefficients)


def linear_error_constant(tableau: Tableau, *, linear_order: int) -> Number:
    """C with exp(z) - R(z) = C z^(q+1) + O(z^(q+2)), where q is the order on x' = L x."""
    moment = linear_moments(tableau.A, tableau.b, count=linear_order + 1)[-1]
    return Fraction(1, factorial(linear_order + 1)) - moment


def controller_exponent(order: int, embedded_order: int) -> Fraction:
    """The power of tolerance / error by which a controller scales h; the estimate is O(h^(q+1))."""
    return Fraction(1, min(order, embedded_order) + 1)
