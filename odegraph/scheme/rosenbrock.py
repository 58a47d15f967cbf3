"""Rosenbrock methods (linearly implicit Runge-Kutta) with proven order, and the proof."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any, final

import sympy

from odegraph._exact import exact_text
from odegraph.scheme.base import Scheme
from odegraph.scheme.claims import check_claims
from odegraph.scheme.faults import Faults
from odegraph.scheme.number_field import to_sympy
from odegraph.scheme.order_conditions import OrderProof, prove_linear_order
from odegraph.scheme.rosenbrock_conditions import RosenbrockWeights, prove_rosenbrock_order
from odegraph.scheme.rosenbrock_reader import RosenbrockTableau, read_rosenbrock
from odegraph.scheme.spec import SchemeSpec
from odegraph.scheme.stability_function import StabilityFunction, stability_function
from odegraph.scheme.tableau import column, matrix
from odegraph.scheme.tableau_text import aligned_rows


@final
@dataclass(frozen=True)
class RosenbrockOrders:
    """The orders of the weights, on linear problems, and of the embedded weights."""

    order: int
    linear: int
    embedded: int | None


@final
@dataclass(frozen=True)
class RosenbrockScheme(Scheme):
    """A Rosenbrock method with the exact Jacobian J = df/dx at the start of the step.

    (I - h gamma_ii J) k_i = f(t_0 + alpha_i h, x_0 + h sum_j alpha_ij k_j)
                             + h J sum_(j<i) gamma_ij k_j + gamma_i h df/dt(t_0, x_0)
    x_1 = x_0 + h sum_i b_i k_i,    alpha_i = sum_j alpha_ij, gamma_i = sum_j gamma_ij
    """

    tableau: RosenbrockTableau
    orders: RosenbrockOrders

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
    def order(self) -> int:
        """The proven order on x' = f(t, x)."""
        return self.orders.order

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

    def stability_function(self, z: sympy.Expr) -> sympy.Expr:
        """R(z), the growth over one step of x' = lambda x with z = h lambda."""
        return self.stability(z)

    @cached_property
    def is_a_stable(self) -> bool:
        """Whether |R(z)| <= 1 in the whole left half-plane."""
        return self.stability.is_a_stable()

    @cached_property
    def is_l_stable(self) -> bool:
        """Whether the scheme is A-stable with R(infinity) = 0."""
        return self.stability.is_l_stable()

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

    def record(self) -> dict[str, Any]:
        """What was proven, as data; see `odegraph.scheme.proofs`."""
        return asdict(self.orders)


def verify_rosenbrock(
    spec: SchemeSpec, *, recorded: Mapping[str, Any] | None = None
) -> RosenbrockScheme:
    """Prove what a spec of kind `rosenbrock` says, unless the proof is on record.

    Raises:
        SchemeError: all faults of the coefficients, or all claims that are false.
    """
    faults = Faults(spec.name)
    tableau = read_rosenbrock(spec, faults)
    faults.raise_if_any()
    assert tableau is not None
    if recorded is not None:
        return RosenbrockScheme(spec, tableau, RosenbrockOrders(**recorded))
    proofs = _prove(tableau)
    scheme = RosenbrockScheme(spec, tableau, _orders(tableau, proofs))
    check_claims(scheme, {claim: proof.failed for claim, proof in proofs.items()}, faults)
    faults.raise_if_any()
    return scheme


def _prove(tableau: RosenbrockTableau) -> dict[str, OrderProof]:
    stages = RosenbrockWeights(tableau.alpha, tableau.beta)
    vanishes = tableau.linear.vanishes
    proofs = {"order": prove_rosenbrock_order(stages, tableau.b, vanishes=vanishes)}
    if tableau.b_embedded is not None:
        proofs["embedded_order"] = prove_rosenbrock_order(
            stages, tableau.b_embedded, vanishes=vanishes
        )
    return proofs


def _orders(tableau: RosenbrockTableau, proofs: Mapping[str, OrderProof]) -> RosenbrockOrders:
    embedded = proofs.get("embedded_order")
    vanishes = tableau.linear.vanishes
    return RosenbrockOrders(
        order=proofs["order"].order,
        linear=prove_linear_order(tableau.beta, tableau.b, vanishes=vanishes),
        embedded=embedded.order if embedded else None,
    )
