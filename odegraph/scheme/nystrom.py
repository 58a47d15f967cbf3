"""Nystrom methods for second-order systems with proven order, and the proof."""

from dataclasses import dataclass
from functools import cached_property
from typing import final

import sympy

from odegraph._exact import exact_text
from odegraph.scheme import nystrom_conditions
from odegraph.scheme.analysis.facts import number_text
from odegraph.scheme.analysis.oscillator import OscillatorStep, nystrom_step
from odegraph.scheme.base import Orders, Scheme
from odegraph.scheme.butcher_matrices import StageColumns
from odegraph.scheme.checks import (
    check_estimate,
    check_lengths,
    check_sums,
    read_coefficients,
    row_differences,
)
from odegraph.scheme.faults import Faults
from odegraph.scheme.number_field import Number, to_sympy
from odegraph.scheme.nystrom_conditions import NystromTableau, prove_nystrom_order
from odegraph.scheme.order_proof import first_failures
from odegraph.scheme.spec import SchemeSpec
from odegraph.scheme.tableau import Matrix, column, matrix, row_sums
from odegraph.scheme.tableau_reader import read_square
from odegraph.scheme.verifier import Failed, Verifier

KEYS = ("A", "b_bar", "b", "c", "b_bar_embedded", "b_embedded")


@final
@dataclass(frozen=True)
class NystromOrders(Orders):
    """The order of the method and of its embedded weights, if it has some."""

    embedded: int | None


@final
@dataclass(frozen=True)
class NystromScheme(StageColumns, Scheme):
    """q_1 = q + h v + h^2 sum b_bar_i k_i and v_1 = v + h sum b_i k_i with k_i = f(t_i, Q_i, V_i).

    The state is x = [q, v]. Without A the scheme is for q'' = f(t, q): the order is that on these.
    """

    orders: NystromOrders
    tableau: NystromTableau

    @property
    def stages(self) -> int:
        """Number of stages s."""
        return self.tableau.stages

    @property
    def embedded_order(self) -> int | None:
        """The proven order of the embedded weights."""
        return self.orders.embedded

    @property
    def uses_velocity(self) -> bool:
        """Whether f may depend on v."""
        return self.tableau.A is not None

    @cached_property
    def A_bar(self) -> sympy.ImmutableMatrix:
        """The s x s matrix of the positions."""
        return matrix(self.tableau.A_bar)

    @cached_property
    def A(self) -> sympy.ImmutableMatrix | None:
        """The s x s matrix of the velocities, if f may depend on them."""
        return None if self.tableau.A is None else matrix(self.tableau.A)

    @cached_property
    def b_bar(self) -> sympy.ImmutableMatrix:
        """The weights of the position, an s x 1 column."""
        return column(self.tableau.b_bar)

    @cached_property
    def is_explicit(self) -> bool:
        """Whether every stage depends on earlier stages only."""
        matrices = [self.tableau.A_bar, self.tableau.A or ()]
        return not any(any(row[i:]) for A in matrices for i, row in enumerate(A))

    @cached_property
    def is_symplectic(self) -> bool:
        """Whether the symplectic form is kept on q'' = -grad U(q)."""
        return nystrom_conditions.is_symplectic(self.tableau)

    @cached_property
    def oscillator(self) -> OscillatorStep:
        """One step on q' = w p, p' = -w q; its `interval` of h w is stable."""
        return nystrom_step(self.tableau)

    def facts(self) -> dict[str, object]:
        """Orders and structure."""
        return {
            "embedded order": self.embedded_order,
            "f may depend on the velocity": self.uses_velocity,
            "symplectic": self.is_symplectic,
            "oscillator stability interval": f"[0, {number_text(self.oscillator.interval)}]",
        }

    def text(self) -> str:
        """The rows c | A_bar | A, and the weights below."""
        A = self.tableau.A or ((),) * self.stages
        rows = [
            (to_text((c,)), to_text(bar[:i]), to_text(row[:i]))
            for i, (c, bar, row) in enumerate(
                zip(self.tableau.c, self.tableau.A_bar, A, strict=True)
            )
        ]
        rows.append(("", to_text(self.tableau.b_bar), to_text(self.tableau.b)))
        widths = [max(len(row[k]) for row in rows) for k in range(3)]
        lines = [" | ".join(x.ljust(w) for x, w in zip(row, widths, strict=True)) for row in rows]
        rule = "-+-".join("-" * width for width in widths)
        return "\n".join(line.rstrip() for line in [*lines[:-1], rule, lines[-1]])


def to_text(values: tuple[Number, ...]) -> str:
    """Exact numbers with two spaces between them."""
    return "  ".join(exact_text(to_sympy(x)) for x in values)


def _prove(tableau: NystromTableau) -> tuple[NystromOrders, Failed]:
    proofs = {"order": prove_nystrom_order(tableau, b_bar=tableau.b_bar, b=tableau.b)}
    if tableau.embedded is not None:
        b_bar, b = tableau.embedded
        proofs["embedded_order"] = prove_nystrom_order(tableau, b_bar=b_bar, b=b)
    embedded = proofs.get("embedded_order")
    orders = NystromOrders(proofs["order"].order, embedded.order if embedded else None)
    return orders, first_failures(proofs)


def _read(spec: SchemeSpec, faults: Faults) -> NystromTableau | None:
    read = read_coefficients(spec, faults)
    if read is None:
        return None
    arrays, tolerance = read
    A_bar = read_square(arrays["A_bar"], faults, key="A_bar")
    A = read_square(arrays["A"], faults) if "A" in arrays else None
    check_lengths(arrays, KEYS, rows="A_bar", faults=faults)
    if ("b_embedded" in arrays) != ("b_bar_embedded" in arrays):
        faults.add("an error estimate needs both `b_embedded` and `b_bar_embedded`.")
    if faults.found or A_bar is None:
        return None
    embedded = (arrays["b_bar_embedded"], arrays["b_embedded"]) if "b_embedded" in arrays else None
    tableau = NystromTableau(
        A_bar, A, arrays["b_bar"], arrays["b"], arrays["c"], embedded, tolerance
    )
    _check(tableau, faults)
    return tableau


def _check(tableau: NystromTableau, faults: Faults) -> None:
    rule = "a consistent scheme has sum b = 1"
    check_sums({"b": tableau.b}, rule=rule, vanishes=tableau.vanishes, faults=faults)
    if tableau.embedded is not None:
        b_bar, b = tableau.embedded
        rule = "the error estimate of the velocity is consistent only if they sum to 1"
        check_sums({"b_embedded": b}, rule=rule, vanishes=tableau.vanishes, faults=faults)
        check_estimate(
            (*tableau.b_bar, *tableau.b),
            (*b_bar, *b),
            vanishes=tableau.vanishes,
            faults=faults,
            equal="`b_bar_embedded` equals `b_bar` and `b_embedded` equals `b`",
        )
    if tableau.A is not None:
        _check_times(tableau, tableau.A, faults)


def _check_times(tableau: NystromTableau, A: Matrix, faults: Faults) -> None:
    for i, c, total in row_differences(tableau.c, row_sums(A), vanishes=tableau.vanishes):
        faults.add(
            f"c[{i}] is {c}, but row {i} of `A` sums to {total}: position and velocity of this "
            "stage would belong to different times. Correct one of them."
        )


verify_nystrom = Verifier(read=_read, prove=_prove, orders=NystromOrders, scheme=NystromScheme)
