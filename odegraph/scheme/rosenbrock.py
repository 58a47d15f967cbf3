"""Rosenbrock methods (linearly implicit Runge-Kutta) with proven order, and the proof."""

from dataclasses import dataclass
from functools import cached_property
from typing import final

import sympy

from odegraph._exact import exact_text
from odegraph.scheme.base import Orders, Scheme
from odegraph.scheme.number_field import to_sympy
from odegraph.scheme.order_conditions import prove_linear_order
from odegraph.scheme.order_proof import first_failures
from odegraph.scheme.rosenbrock_conditions import RosenbrockWeights, prove_rosenbrock_order
from odegraph.scheme.rosenbrock_reader import RosenbrockTableau, read_rosenbrock
from odegraph.scheme.stability_function import (
    HasStabilityFunction,
    StabilityFunction,
    stability_function,
)
from odegraph.scheme.tableau import column, matrix
from odegraph.scheme.tableau_text import aligned_rows
from odegraph.scheme.verifier import Failed, Verifier


@final
@dataclass(frozen=True)
class RosenbrockOrders(Orders):
    """The orders of the weights, on linear problems, and of the embedded weights."""

    linear: int
    embedded: int | None


@final
@dataclass(frozen=True)
class RosenbrockScheme(HasStabilityFunction, Scheme):
    """A Rosenbrock method with the exact Jacobian J = df/dx at the start of the step.

    (I - h gamma_ii J) k_i = f(t_0 + alpha_i h, x_0 + h sum_j alpha_ij k_j)
                             + h J sum_(j<i) gamma_ij k_j + gamma_i h df/dt(t_0, x_0)
    x_1 = x_0 + h sum_i b_i k_i,    alpha_i = sum_j alpha_ij, gamma_i = sum_j gamma_ij
    """

    orders: RosenbrockOrders
    tableau: RosenbrockTableau

    @property
    def stages(self) -> int:
        """Number of stages s: evaluations of the unit and linear systems in one step."""
        return len(self.tableau.b)

    @cached_property
    def alpha(self) -> sympy.ImmutableMatrix:
        """The s x s strictly lower triangular matrix of the states."""
        return matrix(self.tableau.alpha)

    @cached_property
    def Gamma(self) -> sympy.ImmutableMatrix:
        """The s x s lower triangular matrix in front of the Jacobian."""
        return matrix(self.tableau.Gamma)

    @cached_property
    def b(self) -> sympy.ImmutableMatrix:
        """The weights, an s x 1 column."""
        return column(self.tableau.b)

    @cached_property
    def c(self) -> sympy.ImmutableMatrix:
        """The times alpha_i at which the unit is evaluated, an s x 1 column."""
        return column(self.tableau.times)

    @cached_property
    def time_weights(self) -> sympy.ImmutableMatrix:
        """The weights gamma_i of h df/dt, an s x 1 column."""
        return column(self.tableau.time_weights)

    @property
    def linear_order(self) -> int:
        """The proven order on x' = L x."""
        return self.orders.linear

    @property
    def embedded_order(self) -> int | None:
        """The proven order of the embedded weights, if there are any."""
        return self.orders.embedded

    @property
    def is_explicit(self) -> bool:
        """False: every stage solves a linear system."""
        return False

    @cached_property
    def is_singly_diagonal(self) -> bool:
        """Whether all linear systems have the same matrix I - h gamma J."""
        return len({row[i] for i, row in enumerate(self.tableau.Gamma)}) == 1

    @cached_property
    def is_stiffly_accurate(self) -> bool:
        """Whether the result is the last stage: b_i = beta_si, with alpha_s = 1."""
        return self.tableau.beta[-1] == self.tableau.b and self.tableau.times[-1] == 1

    @cached_property
    def stability(self) -> StabilityFunction:
        """R = P / Q of the method on x' = lambda x, exact."""
        return stability_function(self.tableau.linear)

    def facts(self) -> dict[str, object]:
        """Orders, stability and structure."""
        limit = self.stability.at_infinity
        return {
            "linear order": self.linear_order,
            "embedded order": self.embedded_order,
            "one matrix for all systems": self.is_singly_diagonal,
            "stiffly accurate": self.is_stiffly_accurate,
            "A-stable": self.is_a_stable,
            "L-stable": self.is_l_stable,
            "R(infinity)": "unbounded" if limit is None else exact_text(to_sympy(limit)),
            "stability function": str(self.stability),
        }

    def text(self) -> str:
        """Times and alpha, then gamma_i and Gamma, then the weights."""
        alpha = aligned_rows(self.c.flat(), self.alpha.tolist())
        gamma = aligned_rows(self.time_weights.flat(), self.Gamma.tolist())
        weights = {"b": self.tableau.b, "b embedded": self.tableau.b_embedded}
        lines = [
            f"{key} = {', '.join(exact_text(to_sympy(x)) for x in values)}"
            for key, values in weights.items()
            if values is not None
        ]
        return "\n".join(["alpha_i | alpha", *alpha, "", "gamma_i | Gamma", *gamma, "", *lines])


def _prove(tableau: RosenbrockTableau) -> tuple[RosenbrockOrders, Failed]:
    stages = RosenbrockWeights(tableau.alpha, tableau.beta)
    vanishes = tableau.linear.vanishes
    proofs = {
        claim: prove_rosenbrock_order(stages, weights, vanishes=vanishes)
        for claim, weights in (("order", tableau.b), ("embedded_order", tableau.b_embedded))
        if weights is not None
    }
    embedded = proofs.get("embedded_order")
    orders = RosenbrockOrders(
        order=proofs["order"].order,
        linear=prove_linear_order(tableau.beta, tableau.b, vanishes=vanishes),
        embedded=embedded.order if embedded else None,
    )
    return orders, first_failures(proofs)


verify_rosenbrock = Verifier(
    read=read_rosenbrock, prove=_prove, orders=RosenbrockOrders, scheme=RosenbrockScheme
)
