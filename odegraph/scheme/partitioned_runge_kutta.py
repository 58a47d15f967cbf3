"""Partitioned Runge-Kutta methods with proven order, and the proof."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any, final

import sympy

from odegraph._exact import shorten
from odegraph.scheme import partitioned
from odegraph.scheme.analysis.facts import number_text
from odegraph.scheme.analysis.oscillator import OscillatorStep, partitioned_step
from odegraph.scheme.base import Scheme
from odegraph.scheme.claims import check_claims
from odegraph.scheme.exact_reader import read_arrays
from odegraph.scheme.faults import Faults
from odegraph.scheme.number_field import to_sympy
from odegraph.scheme.partitioned import PartitionedTableau, Rate
from odegraph.scheme.spec import SchemeSpec
from odegraph.scheme.tableau import Tableau, column, matrix
from odegraph.scheme.tableau_reader import read_square, read_tolerance
from odegraph.scheme.tableau_text import tableau_text


@final
@dataclass(frozen=True)
class PartitionedRungeKuttaScheme(Scheme):
    """One tableau for the first half q of the state, one for the second half p.

    Q_i = q + h sum_j A_q[i, j] f(P_j) and P_i = p + h sum_j A_p[i, j] g(Q_j), for separable systems
    q' = f(t, p), p' = g(t, q): `order` is the order on these.
    """

    tableau: PartitionedTableau
    separable_order: int
    general_order: int

    @property
    def stages(self) -> int:
        """Number of stages s."""
        return self.tableau.stages

    @property
    def order(self) -> int:
        """The proven order on q' = f(t, p), p' = g(t, q)."""
        return self.separable_order

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
        q, p = (tableau_text(_Part.of(part)) for part in self.tableau.parts)
        return f"q\n{q}\n\np\n{p}"

    def record(self) -> dict[str, Any]:
        """What was proven, as data; see `odegraph.scheme.proofs`."""
        return {"order": self.separable_order, "general": self.general_order}


@final
@dataclass(frozen=True)
class _Part:
    """One of the tableaus, as matrices for printing."""

    A: sympy.ImmutableMatrix
    b: sympy.ImmutableMatrix
    c: sympy.ImmutableMatrix
    b_embedded: None = None

    @staticmethod
    def of(part: Tableau) -> "_Part":
        return _Part(matrix(part.A), column(part.b), column(part.c))


def verify_partitioned_runge_kutta(
    spec: SchemeSpec, *, recorded: Mapping[str, Any] | None = None
) -> PartitionedRungeKuttaScheme:
    """Prove what a spec of kind `partitioned-runge-kutta` says, unless the proof is on record.

    Raises:
        SchemeError: all faults of the tableaus, or all claims that are false.
    """
    faults = Faults(spec.name)
    tableau = _read(spec, faults)
    faults.raise_if_any()
    assert tableau is not None
    if recorded is not None:
        return PartitionedRungeKuttaScheme(spec, tableau, recorded["order"], recorded["general"])
    order, failed = partitioned.prove_separable_order(tableau)
    general = partitioned.prove_general_order(tableau)
    scheme = PartitionedRungeKuttaScheme(spec, tableau, order, general)
    check_claims(scheme, {"order": failed}, faults)
    faults.raise_if_any()
    return scheme


def _read(spec: SchemeSpec, faults: Faults) -> PartitionedTableau | None:
    tolerance = read_tolerance(spec, faults)
    if not spec.row_sums:
        faults.add(
            "`row_sums = false` is for kind `runge-kutta`; the times of both parts are the row "
            "sums of their matrices. Remove the line."
        )
    arrays = read_arrays(spec, faults)
    if faults.found:
        return None
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
    part = Tableau(A, tuple(b), tuple(sum(row, Fraction(0)) for row in A), None, tolerance)
    if not part.vanishes((total := sum(part.b, Fraction(0))) - 1):
        faults.add(
            f"the weights `b_{name}` sum to {shorten(to_sympy(total), 80)}; a consistent scheme "
            "has sum 1 in each part."
        )
    return part
