"""Exact proofs of order for exponential integrators of x' = L x + N(t, x).

Classical order: trees of two colours, L and N, in which a node L has at most one child since L is
linear. Below a chain of m nodes L, a stage has the coefficient of z^m of its phi functions:

    U_i(L^m) = c_i^m / m!,    U_i(L^m [N: t_1, ..., t_k]) = sum_j a_ij^(m) U_j(t_1) ... U_j(t_k),

with a(z) = sum_m a^(m) z^m. The condition is b^(m) in place of a^(m) = 1 / gamma(tree).

Stiff order: the conditions of Hochbruck and Ostermann (2005), which hold for every L.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from itertools import product
from math import factorial
from typing import final

from odegraph.scheme.coloured_trees import ColouredTree, coloured_trees
from odegraph.scheme.order_proof import OrderProof, OrderTheory, TreeCondition, is_zero
from odegraph.scheme.phi_sum import PhiSum, phi

LINEAR, REST = 0, 1
NAMES = ("L", "N")
MAX_STIFF_ORDER = 4
Row = tuple[PhiSum, ...]
Form = dict[tuple, Fraction]


@final
@dataclass(frozen=True)
class ExponentialTableau:
    """U_i = exp(c_i hL) x + h sum_j a_ij(hL) N(U_j), x_1 = exp(hL) x + h sum_i b_i(hL) N(U_i)."""

    A: tuple[Row, ...]
    b: Row
    c: tuple[Fraction, ...]


def prove_exponential_order(tableau: ExponentialTableau) -> OrderProof[TreeCondition]:
    """The order for smooth problems with bounded L."""
    theory = OrderTheory(
        semilinear_trees,
        ExponentialWeights(tableau).result,
        lambda tree, required, found: TreeCondition(tree.show(NAMES), required, found),
    )
    return theory.prove(bound=2 * len(tableau.b), vanishes=is_zero)


@cache
def semilinear_trees(order: int) -> tuple[ColouredTree, ...]:
    """Trees of colours L and N in which a node L has at most one child."""
    return tuple(tree for tree in coloured_trees(order, 2) if _is_semilinear(tree))


def _is_semilinear(tree: ColouredTree) -> bool:
    branches = tree.colour == LINEAR and len(tree.children) > 1
    return not branches and all(map(_is_semilinear, tree.children))


@final
class ExponentialWeights:
    """The elementary weight of the result for each tree; those of the stages computed once."""

    def __init__(self, tableau: ExponentialTableau) -> None:
        self.tableau = tableau
        self._rates: dict[ColouredTree, list[Fraction]] = {}

    def result(self, tree: ColouredTree) -> Fraction:
        """What must be 1 / gamma(tree)."""
        return self._value(tree, self.tableau.b, Fraction(1))

    def _value(self, tree: ColouredTree, row: Row, c: Fraction) -> Fraction:
        length, below = 0, tree
        while below.colour == LINEAR:
            length += 1
            if not below.children:
                return c**length / factorial(length)
            (below,) = below.children
        rates = self._rate(below)
        return sum((a.taylor(length) * r for a, r in zip(row, rates, strict=True)), Fraction(0))

    def _rate(self, tree: ColouredTree) -> list[Fraction]:
        """The product over the children of their values in each stage."""
        if tree not in self._rates:
            values = [Fraction(1)] * len(self.tableau.b)
            for child in tree.children:
                stages = zip(self.tableau.A, self.tableau.c, strict=True)
                below = [self._value(child, row, c) for row, c in stages]
                values = [x * y for x, y in zip(values, below, strict=True)]
            self._rates[tree] = values
        return self._rates[tree]


def stiff_order(tableau: ExponentialTableau) -> int:
    """The order to which all stiff conditions hold, looked for up to 4 (Table 1 of the paper)."""
    order = 0
    while order < MAX_STIFF_ORDER and all(not form for form in _conditions(tableau, order + 1)):
        order += 1
    return order


def _conditions(tableau: ExponentialTableau, order: int) -> Iterator[Form]:
    """What must vanish for this order, given the orders below.

    Unknown operators stand between the factors of a condition: it is a sum of tensor products.
    """
    b, stages = tableau.b, range(len(tableau.b))
    yield _tensors([(_defect(b, tableau.c, Fraction(1), order),)])
    if order == 2:
        for i in stages:
            yield _tensors([(_stage_defect(tableau, i, 1),)])
    if order == 3:
        yield _tensors([(b[i], _stage_defect(tableau, i, 2)) for i in stages])
    if order == 4:
        second = [_stage_defect(tableau, i, 2) for i in stages]
        yield _tensors([(b[i], _stage_defect(tableau, i, 3)) for i in stages])
        yield _tensors([(b[i], tableau.A[i][j], second[j]) for i, j in product(stages, stages)])
        yield _tensors([(b[i].scaled(tableau.c[i]), second[i]) for i in stages])


def _stage_defect(tableau: ExponentialTableau, i: int, order: int) -> PhiSum:
    return _defect(tableau.A[i], tableau.c, tableau.c[i], order)


def _defect(row: Row, c: Sequence[Fraction], end: Fraction, order: int) -> PhiSum:
    """phi_q(end z) end^q - sum_j a_j(z) c_j^(q-1) / (q-1)!."""
    total = phi(order, end).scaled(end**order)
    for a, node in zip(row, c, strict=True):
        total = total + a.scaled(-(node ** (order - 1)) / factorial(order - 1))
    return total


def _tensors(products: Sequence[tuple[PhiSum, ...]]) -> Form:
    """The sum of tensor products of functions, in the basis of closed forms."""
    total: Form = {}
    for factors in products:
        for choice in product(*(factor.closed_form().items() for factor in factors)):
            key = tuple(part for part, _ in choice)
            value = Fraction(1)
            for _, q in choice:
                value *= q
            total[key] = total.get(key, Fraction(0)) + value
    return {key: value for key, value in total.items() if value}
