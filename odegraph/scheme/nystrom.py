"""Nystrom methods for second-order systems with proven order, and the proof."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any, final

import sympy

from odegraph._exact import exact_text, shorten
from odegraph.scheme import nystrom_conditions
from odegraph.scheme.analysis.facts import number_text
from odegraph.scheme.analysis.oscillator import OscillatorStep, nystrom_step
from odegraph.scheme.base import Scheme
from odegraph.scheme.claims import check_claims
from odegraph.scheme.exact_reader import read_arrays
from odegraph.scheme.faults import Faults
from odegraph.scheme.number_field import Number, to_sympy
from odegraph.scheme.nystrom_conditions import (
    NystromCondition,
    NystromTableau,
    prove_nystrom_order,
)
from odegraph.scheme.spec import SchemeSpec
from odegraph.scheme.tableau import Matrix, column, matrix
from odegraph.scheme.tableau_reader import read_square, read_tolerance


@final
@dataclass(frozen=True)
class NystromOrders:
    """The order of the method and of its embedded weights, if it has some."""

    order: int
    embedded: int | None


@final
@dataclass(frozen=True)
class NystromScheme(Scheme):
    """q_1 = q + h v + h^2 sum b_bar_i k_i and v_1 = v + h sum b_i k_i with k_i = f(t_i, Q_i, V_i).

    The state is x = [q, v]. Without A the scheme is for q'' = f(t, q): the order is that on these.
    """

    tableau: NystromTableau
    orders: NystromOrders

    @property
    def stages(self) -> int:
        """Number of stages s."""
        return self.tableau.stages

    @property
    def order(self) -> int:
        """The proven order on q'' = f(t, q, v), or on q'' = f(t, q) where there is no A."""
        return self.orders.order

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
    def b(self) -> sympy.ImmutableMatrix:
        """The weights of the velocity, an s x 1 column."""
        return column(self.tableau.b)

    @cached_property
    def c(self) -> sympy.ImmutableMatrix:
        """The stage times in units of h, an s x 1 column."""
        return column(self.tableau.c)

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

    def record(self) -> dict[str, Any]:
        """What was proven, as data; see `odegraph.scheme.proofs`."""
        return asdict(self.orders)


def to_text(values: tuple[Number, ...]) -> str:
    """Exact numbers with two spaces between them."""
    return "  ".join(exact_text(to_sympy(x)) for x in values)


def verify_nystrom(spec: SchemeSpec, *, recorded: Mapping[str, Any] | None = None) -> NystromScheme:
    """Prove what a spec of kind `nystrom` says, unless the proof is on record.

    Raises:
        SchemeError: all faults of the tableau, or all claims that are false.
    """
    faults = Faults(spec.name)
    tableau = _read(spec, faults)
    faults.raise_if_any()
    assert tableau is not None
    if recorded is not None:
        return NystromScheme(spec, tableau, NystromOrders(**recorded))
    orders, failed = _prove(tableau)
    scheme = NystromScheme(spec, tableau, orders)
    check_claims(scheme, failed, faults)
    faults.raise_if_any()
    return scheme


def _prove(tableau: NystromTableau) -> tuple[NystromOrders, dict[str, NystromCondition | None]]:
    velocity = tableau.A is not None
    order, failed = prove_nystrom_order(
        tableau, b_bar=tableau.b_bar, b=tableau.b, velocity=velocity
    )
    if tableau.embedded is None:
        return NystromOrders(order, None), {"order": failed}
    b_bar, b = tableau.embedded
    embedded, also = prove_nystrom_order(tableau, b_bar=b_bar, b=b, velocity=velocity)
    return NystromOrders(order, embedded), {"order": failed, "embedded_order": also}


def _read(spec: SchemeSpec, faults: Faults) -> NystromTableau | None:
    tolerance = read_tolerance(spec, faults)
    arrays = read_arrays(spec, faults)
    if faults.found:
        return None
    A_bar = read_square(arrays["A_bar"], faults, key="A_bar")
    A = read_square(arrays["A"], faults) if "A" in arrays else None
    stages = len(arrays["A_bar"])
    for key in ("A", "b_bar", "b", "c", "b_bar_embedded", "b_embedded"):
        if key in arrays and len(arrays[key]) != stages:
            faults.add(f"`{key}` has {len(arrays[key])} entries, but `A_bar` has {stages} rows.")
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
    total = sum(tableau.b, Fraction(0))
    if not tableau.vanishes(total - 1):
        faults.add(f"the weights `b` sum to {_show(total)}; a consistent scheme has sum b = 1.")
    if tableau.A is not None:
        _check_times(tableau, tableau.A, faults)


def _check_times(tableau: NystromTableau, A: Matrix, faults: Faults) -> None:
    for i, (c, row) in enumerate(zip(tableau.c, A, strict=True), start=1):
        total = sum(row, Fraction(0))
        if not tableau.vanishes(c - total):
            faults.add(
                f"c[{i}] is {_show(c)}, but row {i} of `A` sums to {_show(total)}: position and "
                "velocity of this stage would belong to different times. Correct one of them."
            )


def _show(value: Number) -> str:
    return shorten(to_sympy(value), 80)
