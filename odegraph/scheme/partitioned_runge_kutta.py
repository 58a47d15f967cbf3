"""Partitioned Runge-Kutta methods with proven order, and the proof."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any, final

import sympy

from odegraph.scheme import partitioned
from odegraph.scheme.analysis.facts import number_text
from odegraph.scheme.analysis.oscillator import OscillatorStep, partitioned_step
from odegraph.scheme.base import Orders, Scheme
from odegraph.scheme.butcher_matrices import TableauPart
from odegraph.scheme.checks import check_sums, read_coefficients, refuse_free_nodes
from odegraph.scheme.faults import Faults
from odegraph.scheme.partitioned import PartitionedTableau, Rate
from odegraph.scheme.spec import SchemeSpec
from odegraph.scheme.tableau import Tableau, column, matrix, row_sums
from odegraph.scheme.tableau_reader import read_square
from odegraph.scheme.tableau_text import tableau_text
from odegraph.scheme.verifier import Failed, Verifier


@final
@dataclass(frozen=True)
class PartitionedOrders(Orders):
    """The order on separable systems, and on systems whose parts see the whole state."""

    general: int


@final
@dataclass(frozen=True)
class PartitionedRungeKuttaScheme(Scheme):
    """One tableau for the first half q of the state, one for the second half p.

    Q_i = q + h sum_j A_q[i, j] f(P_j) and P_i = p + h sum_j A_p[i, j] g(Q_j), for separable systems
    q' = f(t, p), p' = g(t, q): `order` is the order on these.
    """

    orders: PartitionedOrders
    tableau: PartitionedTableau

    @property
    def stages(self) -> int:
        """Number of stages s."""
        return self.tableau.stages

    @property
    def general_order(self) -> int:
        """The proven order on q' = f(t, q, p), p' = g(t, q, p)."""
        return self.orders.general

    @cached_property
    def A_q(self) -> sympy.ImmutableMatrix:
        """The s x s matrix of q."""
        return matrix(self.tableau.q.A)

    @cached_property
    def b_q(self) -> sympy.ImmutableMatrix:
        """The weights of q, an s x 1 column."""
        return column(self.tableau.q.b)

    @cached_property
    def A_p(self) -> sympy.ImmutableMatrix:
        """The s x s matrix of p."""
        return matrix(self.tableau.p.A)

    @cached_property
    def b_p(self) -> sympy.ImmutableMatrix:
        """The weights of p, an s x 1 column."""
        return column(self.tableau.p.b)

    @cached_property
    def evaluations(self) -> tuple[Rate, ...] | None:
        """The rates (0 for q, 1 for p; stage) as they can be computed; None if implicit."""
        return partitioned.evaluation_order(self.tableau)

    @property
    def is_explicit(self) -> bool:
        """Whether a separable system needs no solver."""
        return self.evaluations is not None

    @cached_property
    def is_symplectic(self) -> bool:
        """Whether the symplectic form is kept where H = T(p) + U(q)."""
        return partitioned.is_symplectic(self.tableau)

    @cached_property
    def is_generally_symplectic(self) -> bool:
        """Whether the symplectic form is kept for every H(q, p)."""
        return self.is_symplectic and partitioned.has_equal_weights(self.tableau)

    @cached_property
    def is_symmetric(self) -> bool:
        """Whether a step back undoes a step."""
        return partitioned.is_symmetric(self.tableau)

    @cached_property
    def oscillator(self) -> OscillatorStep:
        """One step on q' = w p, p' = -w q; its `interval` of h w is stable."""
        return partitioned_step(self.tableau)

    def facts(self) -> dict[str, object]:
        """Orders and structure."""
        return {
            "order on general systems": self.general_order,
            "symplectic": self.is_symplectic,
            "symplectic for every H(q, p)": self.is_generally_symplectic,
            "symmetric": self.is_symmetric,
            "oscillator stability interval": f"[0, {number_text(self.oscillator.interval)}]",
        }

    def text(self) -> str:
        """Both tableaus, that of q first; c is the time that the state of the part belongs to."""
        q, p = (tableau_text(TableauPart(part)) for part in self.tableau.parts)
        return f"q\n{q}\n\np\n{p}"


def _prove(tableau: PartitionedTableau) -> tuple[PartitionedOrders, Failed]:
    proof = partitioned.prove_separable_order(tableau)
    general = partitioned.prove_general_order(tableau)
    return PartitionedOrders(proof.order, general), {"order": proof.failed}


def _read(spec: SchemeSpec, faults: Faults) -> PartitionedTableau | None:
    refuse_free_nodes(
        spec, faults, rule="the times of both parts are the row sums of their matrices"
    )
    read = read_coefficients(spec, faults)
    if read is None:
        return None
    arrays, tolerance = read
    q, p = (_part(arrays[f"A_{x}"], arrays[f"b_{x}"], x, tolerance, faults) for x in "qp")
    if q is None or p is None:
        return None
    if q.stages != p.stages:
        faults.add(
            f"`A_q` has {q.stages} stages and `A_p` has {p.stages}; both parts share their stages. "
            "Fill the shorter one up with zeros."
        )
    return PartitionedTableau(q, p)


def _part(
    rows: Sequence[Any], b: Sequence[Any], name: str, tolerance: Fraction, faults: Faults
) -> Tableau | None:
    A = read_square(rows, faults, key=f"A_{name}")
    if A is None:
        return None
    if len(b) != len(A):
        faults.add(f"`b_{name}` has {len(b)} entries, but `A_{name}` has {len(A)} rows.")
        return None
    part = Tableau(A, tuple(b), row_sums(A), None, tolerance)
    rule = "a consistent scheme has sum 1 in each part"
    check_sums({f"b_{name}": part.b}, rule=rule, vanishes=part.vanishes, faults=faults)
    return part


verify_partitioned_runge_kutta = Verifier(
    read=_read, prove=_prove, orders=PartitionedOrders, scheme=PartitionedRungeKuttaScheme
)
