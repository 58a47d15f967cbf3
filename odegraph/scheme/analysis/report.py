"""All analyses of one Runge-Kutta method, each computed when it is asked for."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import final

import sympy

from odegraph._exact import exact_text
from odegraph.scheme import properties
from odegraph.scheme.analysis import dispersion, error_constants, nodes, reducibility
from odegraph.scheme.analysis import internal_stability as internal
from odegraph.scheme.analysis import stability_intervals as intervals
from odegraph.scheme.analysis.modified_equation import modified_equation
from odegraph.scheme.analysis.pseudo_symplecticity import pseudo_symplectic_order
from odegraph.scheme.analysis.sequential_depth import sequential_depth
from odegraph.scheme.number_field import Number, to_sympy
from odegraph.scheme.orders import ProvenOrders
from odegraph.scheme.rooted_trees import RootedTree
from odegraph.scheme.stability_function import StabilityFunction
from odegraph.scheme.tableau import Tableau


@final
@dataclass(frozen=True)
class Analysis:
    """The analyses of a tableau with proven orders and a stability function."""

    tableau: Tableau
    orders: ProvenOrders
    stability: StabilityFunction

    @cached_property
    def quadrature_order(self) -> int:
        """The largest p with B(p)."""
        return properties.quadrature_order(self.tableau)

    @cached_property
    def stage_conditions(self) -> int:
        """The largest q with C(q)."""
        return properties.stage_conditions(self.tableau)

    @cached_property
    def adjoint_conditions(self) -> int:
        """The largest r with D(r)."""
        return properties.adjoint_conditions(self.tableau)

    @cached_property
    def principal_error(self) -> error_constants.PrincipalError:
        """The error coefficients of order + 1; `.norm` and `.largest` are exact."""
        order = self.orders.order + 1
        return error_constants.PrincipalError(self.tableau, self.tableau.b, order)

    @cached_property
    def linear_error_constant(self) -> sympy.Expr:
        """C with exp(z) - R(z) = C z^(q+1) + O(z^(q+2))."""
        order = self.orders.linear
        return to_sympy(error_constants.linear_error_constant(self.tableau, linear_order=order))

    @cached_property
    def controller_exponent(self) -> Fraction | None:
        """The power of tolerance / error for step size control; None without embedded weights."""
        if self.orders.embedded is None:
            return None
        return error_constants.controller_exponent(self.orders.order, self.orders.embedded)

    @cached_property
    def value_at_infinity(self) -> sympy.Expr:
        """R(infinity); oo where R is unbounded."""
        value = self.stability.at_infinity
        return sympy.oo if value is None else to_sympy(value)

    @cached_property
    def _real_end(self) -> intervals.IntervalEnd:
        return intervals.real_stability_interval(self.stability)

    @cached_property
    def _imaginary_end(self) -> intervals.IntervalEnd:
        return intervals.imaginary_stability_interval(self.stability)

    @cached_property
    def real_stability_interval(self) -> sympy.Expr:
        """The largest x with |R| <= 1 on [-x, 0]."""
        return intervals.exact_end(self._real_end)

    @property
    def real_stability_decimal(self) -> float:
        """The largest x with |R| <= 1 on [-x, 0], rounded, without naming it exactly."""
        return float(self._real_end)

    @cached_property
    def imaginary_stability_interval(self) -> sympy.Expr:
        """The largest y with |R| <= 1 on [-iy, iy]."""
        return sympy.sqrt(intervals.exact_end(self._imaginary_end))

    @property
    def imaginary_stability_decimal(self) -> float:
        """The largest y with |R| <= 1 on [-iy, iy], rounded, without naming it exactly."""
        return math.sqrt(self._imaginary_end)

    @cached_property
    def stability_angle(self) -> float:
        """The angle alpha of A(alpha)-stability in degrees: 90 for A-stable methods, 0 for none."""
        return intervals.stability_angle(self.stability)

    @cached_property
    def wave_errors(self) -> dispersion.WaveErrors:
        """Dissipation and dispersion order."""
        return dispersion.wave_errors(self.stability, vanishes=self.tableau.vanishes)

    @cached_property
    def pseudo_symplectic_order(self) -> sympy.Expr:
        """The order to which quadratic invariants are kept; oo for symplectic methods."""
        if properties.is_symplectic(reducibility.reduced(self.tableau.propagated)):
            return sympy.oo
        at_most, order = 2 * self.orders.order + 2, self.orders.autonomous
        return sympy.Integer(pseudo_symplectic_order(self.tableau, order=order, at_most=at_most))

    @cached_property
    def reduced_tableau(self) -> Tableau:
        """The irreducible tableau of the same method."""
        return reducibility.reduced(self.tableau)

    @property
    def is_reducible(self) -> bool:
        """Whether some stages are not needed, or always equal to others."""
        return self.reduced_tableau.stages < self.tableau.stages

    @cached_property
    def internal_stability_functions(self) -> tuple[internal.RationalFunction, ...]:
        """Q_j(z), by which an error of stage j reaches the result."""
        return internal.internal_stability_functions(self.tableau)

    @cached_property
    def internal_amplification(self) -> float | None:
        """By how much an error of a stage grows at most on the real stability interval, measured.

        None where the interval has no end: there Q_j is bounded by the poles alone.
        """
        interval = self.real_stability_decimal
        if math.isinf(interval):
            return None
        return internal.internal_amplification(self.tableau, interval=interval)

    @cached_property
    def sequential_depth(self) -> int:
        """Evaluations that have to wait for each other; the rest could run side by side."""
        return sequential_depth(self.tableau)

    @cached_property
    def nodes_outside_step(self) -> tuple[int, ...]:
        """Stages (from 1) with c outside [0, 1], where theta(t) is not defined."""
        return nodes.nodes_outside_step(self.tableau)

    @cached_property
    def confluent_nodes(self) -> tuple[tuple[int, ...], ...]:
        """Groups of stages (from 1) with equal c."""
        return nodes.confluent_nodes(self.tableau)

    @cached_property
    def notes(self) -> tuple[str, ...]:
        """What a user should know: stages to drop, and stage times beyond the step."""
        notes = []
        if self.is_reducible:
            reduced = self.reduced_tableau
            A, b = (_text(reduced.A), _text([reduced.b])[0])
            notes.append(
                f"The tableau is reducible from {self.tableau.stages} stages to "
                f"{reduced.stages}: A = {A}, b = {b} gives the same result."
            )
        for i in self.nodes_outside_step:
            notes.append(
                f"Stage {i} looks theta(t) up at c = {to_sympy(self.tableau.c[i - 1])}, outside "
                "the step; at the ends of [0, 1] theta is not defined there."
            )
        return tuple(notes)

    def modified_equation(self, *, order: int) -> dict[RootedTree, Number]:
        """The B-series coefficients of the modified equation, up to trees with `order` nodes."""
        return modified_equation(self.tableau, order=order)


def _text(rows: Sequence[Sequence[Number]]) -> list[list[str]]:
    return [[exact_text(to_sympy(x)) for x in row] for row in rows]
