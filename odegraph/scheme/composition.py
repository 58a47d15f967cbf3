"""Compositions of the flows of two parts, x' = A(x) + B(x), with proven order, and the proof.

On q' = f(t, p), p' = g(t, q) the flow of one part moves q at fixed p (a drift), that of the other
moves p at fixed q (a kick). A composition of them is a partitioned Runge-Kutta method, whose order
trees in two colours prove; on general parts the conditions are the same, since the commutators of
separable systems obey no relation of their own. Strang (1968); Hairer, Lubich and Wanner, III.3.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import final

import sympy

from odegraph._exact import exact_text
from odegraph.scheme import partitioned
from odegraph.scheme.analysis.facts import number_text
from odegraph.scheme.analysis.oscillator import OscillatorStep, partitioned_step
from odegraph.scheme.base import Scheme, SingleOrder
from odegraph.scheme.checks import read_coefficients, show
from odegraph.scheme.faults import Faults
from odegraph.scheme.number_field import Number, sign, to_sympy
from odegraph.scheme.partitioned import P, PartitionedTableau, Q
from odegraph.scheme.spec import SchemeSpec
from odegraph.scheme.tableau import Tableau, Vector, row_sums
from odegraph.scheme.verifier import Failed, Verifier

Substep = tuple[int, Number]
FLOWS = ("drift", "kick")
ZERO = Fraction(0)


@final
@dataclass(frozen=True)
class Substeps:
    """Pairs (0 for a drift of q or 1 for a kick of p, fraction of h).

    None of them is 0, and no two of one part follow each other.
    """

    pairs: tuple[Substep, ...]
    tolerance: Fraction

    @cached_property
    def tableau(self) -> PartitionedTableau:
        """The same method as a partitioned Runge-Kutta tableau."""
        return as_tableau(self.pairs, self.tolerance)


@final
@dataclass(frozen=True)
class CompositionScheme(Scheme):
    """Drifts of q and kicks of p in turn, each over a fraction of the step.

    The order is that on x' = A(x) + B(x).
    """

    orders: SingleOrder
    sequence: Substeps

    @property
    def substeps(self) -> tuple[Substep, ...]:
        """Pairs (0 for a drift of q or 1 for a kick of p, fraction of h)."""
        return self.sequence.pairs

    @property
    def stages(self) -> int:
        """Evaluations of the unit in one step: one a substep."""
        return len(self.substeps)

    @property
    def is_explicit(self) -> bool:
        """Drifts and kicks are explicit."""
        return True

    @cached_property
    def drift(self) -> tuple[sympy.Expr, ...]:
        """The fractions of the drifts, in turn."""
        return tuple(to_sympy(x) for part, x in self.substeps if part == Q)

    @cached_property
    def kick(self) -> tuple[sympy.Expr, ...]:
        """The fractions of the kicks, in turn."""
        return tuple(to_sympy(x) for part, x in self.substeps if part == P)

    @property
    def tableau(self) -> PartitionedTableau:
        """The same method as a partitioned Runge-Kutta tableau."""
        return self.sequence.tableau

    @cached_property
    def has_negative_substeps(self) -> bool:
        """Whether a flow runs backward: not for diffusive or stochastic parts.

        Every composition of order 3 or more has some, in both parts (Sheng 1989; Suzuki 1991).
        """
        return any(sign(x) < 0 for _, x in self.substeps)

    @cached_property
    def is_symplectic(self) -> bool:
        """Whether the symplectic form is kept where H = T(p) + U(q)."""
        return partitioned.is_symplectic(self.tableau)

    @cached_property
    def is_symmetric(self) -> bool:
        """Whether a step back undoes a step: the substeps read the same from both ends."""
        pairs = zip(self.substeps, reversed(self.substeps), strict=True)
        vanishes = self.tableau.vanishes
        return all(p == q and vanishes(x - y) for (p, x), (q, y) in pairs)

    @cached_property
    def oscillator(self) -> OscillatorStep:
        """One step on q' = w p, p' = -w q; its `interval` of h w is stable."""
        return partitioned_step(self.tableau)

    def facts(self) -> dict[str, object]:
        """Structure, and whether a substep runs backward."""
        return {
            "symplectic": self.is_symplectic,
            "symmetric": self.is_symmetric,
            "negative substeps": self.has_negative_substeps,
            "oscillator stability interval": f"[0, {number_text(self.oscillator.interval)}]",
        }

    def text(self) -> str:
        """One substep a line, the first one first."""
        return "\n".join(f"{FLOWS[part]} {exact_text(to_sympy(x))}" for part, x in self.substeps)


def as_tableau(substeps: Sequence[Substep], tolerance: Fraction) -> PartitionedTableau:
    """Stage i kicks, then drifts: P_i holds the kicks up to i, Q_i the drifts before i."""
    stages = list(_stages(substeps))
    kicks, drifts = (tuple(stage[part] for stage in stages) for part in (P, Q))
    indices = range(len(stages))
    A_p = tuple(tuple(kicks[j] if j <= i else ZERO for j in indices) for i in indices)
    A_q = tuple(tuple(drifts[j] if j < i else ZERO for j in indices) for i in indices)
    return PartitionedTableau(_part(A_q, drifts, tolerance), _part(A_p, kicks, tolerance))


def _stages(substeps: Sequence[Substep]) -> Iterable[tuple[Number, Number]]:
    """Pairs (drift, kick), the kick before the drift; a missing one is 0."""
    pending: Number = ZERO
    for position, (part, x) in enumerate(substeps):
        if part == P:
            pending = x
            if position == len(substeps) - 1:
                yield ZERO, pending
        else:
            yield x, pending
            pending = ZERO


def _part(A: tuple[Vector, ...], b: Vector, tolerance: Fraction) -> Tableau:
    return Tableau(A, b, row_sums(A), None, tolerance)


def read_substeps(spec: SchemeSpec, faults: Faults) -> Substeps | None:
    """The substeps of a file that gives the drifts and kicks itself; None for a faulty one."""
    read = read_coefficients(spec, faults)
    if read is None:
        return None
    arrays, tolerance = read
    _check(arrays, tolerance, faults)
    return None if faults.found else Substeps(merged(_sequence(arrays)), tolerance)


def _prove(substeps: Substeps) -> tuple[SingleOrder, Failed]:
    proof = partitioned.prove_separable_order(substeps.tableau)
    return SingleOrder(proof.order), {"order": proof.failed}


def _check(arrays: Mapping[str, Vector], tolerance: Fraction, faults: Faults) -> None:
    if len(arrays["drift"]) != len(arrays["kick"]):
        faults.add(
            f"`drift` has {len(arrays['drift'])} entries and `kick` has {len(arrays['kick'])}; "
            "substep i kicks by kick[i], then drifts by drift[i]. Fill the shorter one up with 0."
        )
    for key in ("drift", "kick"):
        _check_sum(arrays[key], f"`{key}` sums", tolerance, faults)
    check_fractions(arrays, tolerance, faults)


def check_fractions(arrays: Mapping[str, Vector], tolerance: Fraction, faults: Faults) -> None:
    """Note where `coefficients` and `adjoint` do not make one whole step."""
    own, adjoint = arrays.get("coefficients", (Fraction(1),)), arrays.get("adjoint")
    if adjoint is None:
        _check_sum(own, "`coefficients` sums", tolerance, faults)
        return
    if len(own) != len(adjoint):
        faults.add(
            f"`coefficients` has {len(own)} entries and `adjoint` has {len(adjoint)}; the adjoint "
            "of the base makes the fraction adjoint[i], then the base makes coefficients[i]. Fill "
            "the shorter one up with 0."
        )
    _check_sum((*own, *adjoint), "`coefficients` and `adjoint` sum", tolerance, faults)


def _check_sum(fractions: Vector, what: str, tolerance: Fraction, faults: Faults) -> None:
    total = sum(fractions, ZERO)
    if abs(total - 1) > tolerance:
        faults.add(f"{what} to {show(total)}, not to 1: the substeps would not add up to the step.")


def alternation(arrays: Mapping[str, Vector]) -> list[tuple[Number, Number]]:
    """Pairs (fraction by the adjoint, fraction by the base after it); one whole step by default."""
    own = arrays.get("coefficients", (Fraction(1),))
    return list(zip(arrays.get("adjoint", (ZERO,) * len(own)), own, strict=True))


def _sequence(arrays: Mapping[str, Vector]) -> list[Substep]:
    pairs = zip(arrays["kick"], arrays["drift"], strict=True)
    base = [substep for kick, drift in pairs for substep in ((P, kick), (Q, drift))]
    return composed(base, alternation(arrays))


def composed(base: Sequence[Substep], pairs: Iterable[tuple[Number, Number]]) -> list[Substep]:
    """The base and its adjoint in turn; flows are their own adjoints, so those run from the end."""
    sequence: list[Substep] = []
    for back, forth in pairs:
        sequence += [(part, back * x) for part, x in reversed(base)]
        sequence += [(part, forth * x) for part, x in base]
    return sequence


def merged(sequence: Iterable[Substep]) -> tuple[Substep, ...]:
    """The substeps without those of length 0, neighbours of one part as one."""
    result: list[Substep] = []
    for part, x in sequence:
        if not x:
            continue
        if result and result[-1][0] == part:
            x = result.pop()[1] + x
        if x:
            result.append((part, x))
    return tuple(result)


verify_composition = Verifier(
    read=read_substeps, prove=_prove, orders=SingleOrder, scheme=CompositionScheme
)
