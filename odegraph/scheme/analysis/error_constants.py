"""The principal error of a method: what is left of the first order conditions that fail.

Hairer, Norsett and Wanner, II.3. The local error of a method of order p is
h^(p+1) sum over trees of order p + 1 of e(tree) F(tree) + O(h^(p+2)), with e(tree) =
(sum_i b_i phi_i(tree) - 1 / gamma(tree)) / sigma(tree).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import factorial, hypot
from typing import final

import sympy

from odegraph.scheme.enclosed_vectors import Enclosed, EnclosedVectors, enclosed
from odegraph.scheme.number_field import Number, to_sympy
from odegraph.scheme.order_conditions import StageVectors, linear_moments
from odegraph.scheme.rooted_trees import RootedTree, rooted_trees, timed_trees
from odegraph.scheme.tableau import Tableau

NEGLIGIBLE = 2.0**-160


@final
@dataclass(frozen=True)
class PrincipalError:
    """The error coefficients of the first order that weights of proven order miss, one a tree."""

    tableau: Tableau
    weights: Sequence[Number]
    order: int

    @cached_property
    def trees(self) -> tuple[RootedTree, ...]:
        """The trees of that order, with time leaves where c are not the row sums."""
        family = rooted_trees if self.tableau.has_row_sum_nodes else timed_trees
        return family(self.order)

    @cached_property
    def _vectors(self) -> StageVectors:
        return StageVectors(self.tableau.A, self.tableau.c)

    def coefficient(self, tree: RootedTree) -> Number:
        """e(tree), exact."""
        defect = self._vectors.weighted(self.weights, tree) - Fraction(1, tree.density)
        return defect * Fraction(1, tree.symmetry)

    @cached_property
    def coefficients(self) -> tuple[Number, ...]:
        """e(tree) of all trees, exact; seconds for a surd tableau of order 9."""
        return tuple(self.coefficient(tree) for tree in self.trees)

    @cached_property
    def decimals(self) -> tuple[float, ...]:
        """All coefficients as floats, from enclosures; 0 where less than `NEGLIGIBLE` is left."""
        vectors = EnclosedVectors(self.tableau.A, self.tableau.c)
        weights = enclosed(self.weights)
        sums = (weights @ vectors.phi(tree) for tree in self.trees)
        pairs = zip(sums, self.trees, strict=True)
        return tuple(_decimal(x - enclosed(Fraction(1, t.density)), t) for x, t in pairs)

    @cached_property
    def decimal_norm(self) -> float:
        """The Euclidean norm of the coefficients, rounded."""
        return hypot(*self.decimals)

    @property
    def norm(self) -> sympy.Expr:
        """The Euclidean norm of the coefficients, exact."""
        return sympy.sqrt(to_sympy(sum((e * e for e in self.coefficients), Fraction(0))))

    @property
    def largest(self) -> sympy.Expr:
        """The largest modulus of a coefficient."""
        return to_sympy(max(abs(e) for e in self.coefficients))


def _decimal(defect: Enclosed, tree: RootedTree) -> float:
    # An enclosure this short leaves no doubt about the digits of what is not negligible.
    assert defect.error < NEGLIGIBLE * 2.0**-60
    value = float(defect.floats) / tree.symmetry
    return value if abs(value) > NEGLIGIBLE else 0.0


def linear_error_constant(tableau: Tableau, *, linear_order: int) -> Number:
    """C with exp(z) - R(z) = C z^(q+1) + O(z^(q+2)), where q is the order on x' = L x."""
    moment = linear_moments(tableau.A, tableau.b, count=linear_order + 1)[-1]
    return Fraction(1, factorial(linear_order + 1)) - moment


def controller_exponent(order: int, embedded_order: int) -> Fraction:
    """The power of tolerance / error by which a controller scales h; the estimate is O(h^(q+1))."""
    return Fraction(1, min(order, embedded_order) + 1)
