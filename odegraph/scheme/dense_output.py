"""Dense output: the solution inside a step, from its stages.

x(t_n + theta h) = x_n + h sum_i b_i(theta) k_i with polynomials b_i(theta) = sum_k B_ik theta^k,
k = 1, 2, ..., that are the weights b at theta = 1. Their uniform order is the largest r with

    sum_i b_i(theta) phi_i(tree) = theta^n / gamma(tree)    for all trees with n <= r nodes;

the error of one step is then O(h^(r+1)) at every theta. Hairer, Norsett and Wanner, II.6.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import final

from odegraph._exact import exact_text
from odegraph.scheme.checks import show
from odegraph.scheme.faults import Faults
from odegraph.scheme.number_field import Number, to_sympy
from odegraph.scheme.order_conditions import StageVectors, equation
from odegraph.scheme.order_proof import OrderProof
from odegraph.scheme.rooted_trees import RootedTree, rooted_trees, timed_trees
from odegraph.scheme.tableau import Matrix, Tableau, Vector


@final
@dataclass(frozen=True)
class DenseCondition:
    """One condition on the interpolant, and the power of theta at which it fails."""

    tree: RootedTree
    equation: str
    power: int
    found: Number

    def __str__(self) -> str:
        required = Fraction(1, self.tree.density)
        left = self.equation.replace("b_i", "b_i(theta)", 1)
        return (
            f"tree {self.tree}: {left} = {required} {_power(self.tree.order)}, but it has "
            f"{show(self.found)} {_power(self.power)}"
        )


def _power(exponent: int) -> str:
    return "theta" if exponent == 1 else f"theta^{exponent}"


def read_dense(rows: Sequence[Vector]) -> Matrix:
    """The coefficients of theta, theta^2, ...; those that a row leaves out at its end are 0."""
    degree = max(map(len, rows), default=0)
    return tuple((*row, *[Fraction(0)] * (degree - len(row))) for row in rows)


def check_dense(tableau: Tableau, faults: Faults) -> None:
    """At theta = 1 the interpolant is the result, and a constant rate is integrated exactly."""
    dense = tableau.b_dense
    if dense is None:
        return
    for i, (b, row) in enumerate(zip(tableau.b, dense, strict=True), start=1):
        if not tableau.vanishes((total := sum(row, Fraction(0))) - b):
            faults.add(
                f"row {i} of `b_dense` sums to {show(total)}, but b[{i}] is {show(b)}: at "
                "theta = 1 the dense output must be the result of the step. Row i holds the "
                "coefficients of theta, theta^2, ... of stage i."
            )
    if faults.found:
        return
    for k, column in enumerate(zip(*dense, strict=True), start=1):
        total, required = sum(column, Fraction(0)), Fraction(k == 1)
        if not tableau.vanishes(total - required):
            faults.add(
                f"column {k} of `b_dense` sums to {show(total)}, not to {required}: a consistent "
                "dense output has sum b_i(theta) = theta. The entries of a row are the "
                "coefficients of theta, theta^2, ..., in this order."
            )


def prove_dense(tableau: Tableau, vectors: StageVectors) -> OrderProof[DenseCondition]:
    """The uniform order on x' = f(t, x), tree by tree and power by power of theta."""
    assert tableau.b_dense is not None
    row_sums = tableau.has_row_sum_nodes
    trees = rooted_trees if row_sums else timed_trees
    # The power above the degree is missing: no order is higher than the degree.
    columns = [*zip(*tableau.b_dense, strict=True), (Fraction(0),) * tableau.stages]
    for order in range(1, len(columns) + 1):
        for tree in trees(order):
            for power, column in enumerate(columns, start=1):
                found = vectors.weighted(column, tree)
                required = Fraction(int(power == order), tree.density)
                if not tableau.vanishes(found - required):
                    text = equation(tree, row_sums=row_sums)
                    return OrderProof(order - 1, DenseCondition(tree, text, power, found))
    raise AssertionError("unreachable: the power above the degree cannot be right")


def polynomial_texts(dense: Matrix) -> list[str]:
    """Every weight as a formula, `b1 = theta - 3/2 theta^2 + 2/3 theta^3`."""
    return [f"b{i} = {_polynomial_text(row)}" for i, row in enumerate(dense, start=1)]


def _polynomial_text(row: Vector) -> str:
    terms = [(exact_text(to_sympy(x)), _power(k)) for k, x in enumerate(row, start=1) if x]
    text = " + ".join(_term(x, power) for x, power in terms) or "0"
    return text.replace("+ -", "- ")


def _term(factor: str, power: str) -> str:
    is_sum = any(sign in factor[1:] for sign in "+-")
    if factor in ("1", "-1"):
        return factor.replace("1", power)
    return f"({factor}) {power}" if is_sum else f"{factor} {power}"
