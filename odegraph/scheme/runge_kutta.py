"""Runge-Kutta methods with proven order, and the proof."""

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import final

import sympy

from odegraph._errors import SchemeError
from odegraph._exact import as_fraction, exact_text
from odegraph.scheme import properties
from odegraph.scheme.analysis import Analysis
from odegraph.scheme.analysis.composition import composition
from odegraph.scheme.analysis.facts import analysis_facts
from odegraph.scheme.analysis.reducibility import reduced
from odegraph.scheme.base import Scheme
from odegraph.scheme.butcher_matrices import ButcherMatrices
from odegraph.scheme.dense_output import polynomial_texts
from odegraph.scheme.number_field import sign
from odegraph.scheme.order_conditions import Condition, StageVectors
from odegraph.scheme.orders import ProvenOrders, prove_tableau, prove_weights
from odegraph.scheme.ssp import ssp_coefficient
from odegraph.scheme.stability_function import (
    HasStabilityFunction,
    StabilityFunction,
    stability_function,
)
from odegraph.scheme.tableau import Tableau, matrix
from odegraph.scheme.tableau_reader import read_tableau
from odegraph.scheme.tableau_text import tableau_text
from odegraph.scheme.tableau_writer import tableau_spec
from odegraph.scheme.verifier import Verifier


@final
@dataclass(frozen=True)
class RungeKuttaScheme(ButcherMatrices, HasStabilityFunction, Scheme):
    """x_1 = x_0 + h sum_i b_i k_i with k_i = f(t_0 + c_i h, x_0 + h sum_j a_ij k_j).

    All properties are decided exactly, when they are asked for.
    """

    orders: ProvenOrders

    @property
    def stages(self) -> int:
        """Number of stages s."""
        return self.tableau.stages

    @cached_property
    def entries(self) -> tuple[list[list[sympy.Expr]], list[sympy.Expr], list[sympy.Expr]]:
        """A, b and c as lists: single entries of a SymPy matrix are slow to fetch."""
        return self.A.tolist(), self.b.flat(), self.c.flat()

    @property
    def autonomous_order(self) -> int:
        """The proven order on x' = f(x); above `order` only if c is not the row sums of A."""
        return self.orders.autonomous

    @property
    def linear_order(self) -> int:
        """The proven order on x' = L x: the order to which R(z) agrees with exp(z)."""
        return self.orders.linear

    @property
    def embedded_order(self) -> int | None:
        """The proven order of the embedded method on x' = f(t, x)."""
        return self.orders.embedded

    @property
    def dense_order(self) -> int | None:
        """The proven uniform order of the dense output: one step is O(h^(r+1)) at every theta."""
        return self.orders.dense

    @cached_property
    def b_dense(self) -> sympy.ImmutableMatrix | None:
        """The coefficients of theta, theta^2, ... of the weights b_i(theta), one row a stage."""
        return None if self.tableau.b_dense is None else matrix(self.tableau.b_dense)

    def dense_weights(self, theta: Fraction | int | str) -> sympy.ImmutableMatrix:
        """b(theta), an s x 1 column: x(t_n + theta h) = x_n + h sum_i b_i(theta) k_i.

        Raises:
            SchemeError: the scheme has no dense output, or theta is no fraction in [0, 1].
        """
        if self.b_dense is None:
            raise SchemeError(
                f"The scheme `{self.name}` has no dense output: its file has no `b_dense`. Take a "
                "scheme that has some, such as `rk4-classic`, `dormand-prince` or `gauss-2`."
            )
        fraction = as_fraction(theta, name="`theta`")
        if not 0 <= fraction <= 1:
            raise SchemeError(
                f"`theta` is `{fraction}`; it is the part of the step that has passed, 0 to 1."
            )
        x = sympy.Rational(fraction.numerator, fraction.denominator)
        powers = [x**k for k in range(1, self.b_dense.shape[1] + 1)]
        return sympy.ImmutableMatrix(self.b_dense * sympy.Matrix(powers)).expand()

    @cached_property
    def failed_condition(self) -> Condition | None:
        """The first order condition that fails; None where the order is the greatest possible."""
        vectors = StageVectors(self.tableau.A, self.tableau.c)
        weights, proven = self.tableau.b, self.order
        return prove_weights(self.tableau, weights, vectors, proven=proven).failed

    @cached_property
    def stage_order(self) -> int:
        """The largest q with B(q) and C(q)."""
        return properties.stage_order(self.tableau)

    @cached_property
    def is_explicit(self) -> bool:
        """Whether every stage depends on earlier stages only."""
        return properties.is_explicit(self.tableau)

    @cached_property
    def is_diagonally_implicit(self) -> bool:
        """Whether stages are solved one after the other, at least one of them implicitly."""
        return properties.is_diagonally_implicit(self.tableau)

    @cached_property
    def is_fsal(self) -> bool:
        """Whether the last stage of a step is the first of the next."""
        return properties.is_fsal(self.tableau)

    @cached_property
    def is_stiffly_accurate(self) -> bool:
        """Whether the last stage is the result."""
        return properties.is_stiffly_accurate(self.tableau)

    @cached_property
    def has_negative_substeps(self) -> bool:
        """Whether a step is composed of others of which some run backward."""
        return any(sign(x) < 0 for x in self.tableau.fractions)

    @cached_property
    def _irreducible(self) -> Tableau:
        """The propagated method alone, without stages that it does not need or has twice."""
        return reduced(self.tableau.propagated)

    @cached_property
    def is_symplectic(self) -> bool:
        """Whether quadratic invariants, and with them the symplectic form, are kept."""
        return properties.is_symplectic(self._irreducible)

    @cached_property
    def is_symmetric(self) -> bool:
        """Whether a step back undoes a step."""
        return properties.is_symmetric(self._irreducible)

    @property
    def is_reversible(self) -> bool:
        """Whether flows that run backward under a linear reflection do so step by step.

        A Runge-Kutta step commutes with linear maps, so it is reversible if and only if it is
        symmetric (Stoffer 1988; Hairer, Lubich and Wanner, V.1).
        """
        return self.is_symmetric

    @cached_property
    def stability(self) -> StabilityFunction:
        """R = P / Q with exact coefficients."""
        return stability_function(self.tableau)

    @cached_property
    def ssp_coefficient(self) -> sympy.Expr:
        """The radius of absolute monotonicity, in steps for which forward Euler contracts."""
        return ssp_coefficient(self._irreducible)

    def facts(self) -> dict[str, object]:
        """Orders, stability and structure."""
        failed = self.failed_condition
        return {
            "autonomous order": self.autonomous_order,
            "linear order": self.linear_order,
            "embedded order": self.embedded_order,
            "dense output order": self.dense_order,
            "stage order": self.stage_order,
            "diagonally implicit": self.is_diagonally_implicit,
            "first same as last": self.is_fsal,
            "stiffly accurate": self.is_stiffly_accurate,
            "A-stable": self.is_a_stable,
            "L-stable": self.is_l_stable,
            "symplectic": self.is_symplectic,
            "symmetric": self.is_symmetric,
            "negative substeps": self.has_negative_substeps if self.tableau.fractions else None,
            "SSP coefficient": exact_text(self.ssp_coefficient),
            "stability function": str(self.stability),
            "reversible": self.is_reversible,
            **analysis_facts(self.analysis),
            "dense output weights": "; ".join(polynomial_texts(self.tableau.b_dense or ())) or None,
            "first failing condition": None if failed is None else str(failed),
        }

    def text(self) -> str:
        """The tableau, c to the left of A and the weights below."""
        return tableau_text(self)

    @cached_property
    def analysis(self) -> Analysis:
        """Everything else that follows from the tableau, computed when asked for."""
        return Analysis(self.tableau, self.orders, self.stability)

    @property
    def notes(self) -> tuple[str, ...]:
        """Stages that could be dropped, and stage times outside the step."""
        return self.analysis.notes

    def adjoint(self) -> "RungeKuttaScheme":
        """The inverse of a step with -h; it has the same order."""
        return self._derived(properties.adjoint(self.tableau), f"{self.name}-adjoint")

    def costate(self) -> "RungeKuttaScheme":
        """The scheme that backpropagation through a step applies to lambda' = -J^T lambda.

        a^_ij = b_j - b_j a_ji / b_i with the same b and c (Hager 2000; Sanz-Serna 2016): run from
        the end, explicit where this scheme is. `passes.discrete_adjoint` makes it of step graphs.
        Not to be confused with `adjoint()`, the inverse of a step.

        Raises:
            SchemeError: a weight b_i is zero: then no tableau says what happens to that stage.
        """
        unweighted = [i + 1 for i, b in enumerate(self.tableau.b) if not b]
        if unweighted:
            raise SchemeError(
                f"`{self.name}` has b_{unweighted[0]} = 0, and the scheme of the costate divides "
                "by every b_i. The gradient exists all the same: `odegraph.DiscreteAdjoint()` "
                "computes it from the adjoint graph."
            )
        return self._derived(properties.costate(self.tableau), f"{self.name}-costate")

    def then(self, other: "RungeKuttaScheme", *, fraction: Fraction) -> "RungeKuttaScheme":
        """A step of `fraction` h by this scheme, then one of (1 - fraction) h by the other."""
        parts = [(self.tableau, fraction), (other.tableau, 1 - fraction)]
        return self._derived(composition(parts), f"{self.name}-then-{other.name}")

    def power(self, steps: int) -> "RungeKuttaScheme":
        """As many equal steps in one."""
        if steps < 1:
            raise SchemeError(f"The power {steps} of `{self.name}` does not exist; take 1 or more.")
        parts = [(self.tableau, Fraction(1, steps))] * steps
        return self._derived(composition(parts), f"{self.name}-power-{steps}")

    def _derived(self, tableau: Tableau, name: str) -> "RungeKuttaScheme":
        tolerance = f"{tableau.tolerance}" if tableau.tolerance else None
        title = f"{name}, derived from {self.title}"
        return verify_runge_kutta(
            tableau_spec(tableau, name=name, title=title, source="", tolerance=tolerance)
        )


verify_runge_kutta = Verifier(
    read=read_tableau, prove=prove_tableau, orders=ProvenOrders, scheme=RungeKuttaScheme
)
