"""General linear methods with proven order and stability, and the proof."""

from dataclasses import dataclass
from functools import cached_property
from typing import final

import sympy

from odegraph._exact import Exact, to_exact
from odegraph.scheme.base import Orders, Scheme
from odegraph.scheme.faults import Faults
from odegraph.scheme.general_linear_conditions import (
    GeneralLinearCondition,
    prove_general_linear_order,
)
from odegraph.scheme.general_linear_tableau import GeneralLinearTableau, read_general_linear
from odegraph.scheme.number_field import to_sympy
from odegraph.scheme.tableau import column, matrix
from odegraph.scheme.tableau_text import entry_text
from odegraph.scheme.verifier import Failed, Verifier

Entries = tuple[tuple[Exact, ...], ...]


@final
@dataclass(frozen=True)
class GeneralLinearOrders(Orders):
    """The order on equal steps, and the one that holds on every grid."""

    uneven: int


@final
@dataclass(frozen=True)
class GeneralLinearScheme(Scheme):
    """An explicit general linear method (Butcher 2006) on r values that all approximate x.

        Y_i = h sum_(j<i) a_ij R(Y_j, theta(t + c_j h)) + sum_l u_il y_l
        y_k <- h sum_j b_kj R(Y_j, theta(t + c_j h)) + sum_l v_kl y_l

    All values begin as x at depth 0, and the first is the result; the order is its own. It holds
    where all steps are of one length, `uneven_order` on every grid.
    """

    orders: GeneralLinearOrders
    tableau: GeneralLinearTableau

    @property
    def stages(self) -> int:
        """Number of stages s; a step evaluates one less where the last is the next one's first."""
        return len(self.tableau.A)

    @property
    def values(self) -> int:
        """The number r of external values, which cross from step to step."""
        return len(self.tableau.V)

    @cached_property
    def A(self) -> sympy.ImmutableMatrix:
        """The s x s strictly lower triangular matrix of rates in the stages."""
        return matrix(self.tableau.A)

    @cached_property
    def U(self) -> sympy.ImmutableMatrix:
        """The s x r matrix of external values in the stages."""
        return matrix(self.tableau.U)

    @cached_property
    def B(self) -> sympy.ImmutableMatrix:
        """The r x s matrix of rates in the new external values."""
        return matrix(self.tableau.B)

    @cached_property
    def V(self) -> sympy.ImmutableMatrix:
        """The r x r matrix of old external values in the new ones."""
        return matrix(self.tableau.V)

    @cached_property
    def c(self) -> sympy.ImmutableMatrix:
        """The times of the stages, an s x 1 column: the row sums of A."""
        return column(self.tableau.c)

    @cached_property
    def entries(self) -> tuple[Entries, Entries, Entries, Entries]:
        """A, U, B and V as plain rows, for who reads every entry."""
        A, U, B, V = (
            tuple(tuple(to_exact(to_sympy(x)) for x in row) for row in rows)
            for rows in (self.tableau.A, self.tableau.U, self.tableau.B, self.tableau.V)
        )
        return A, U, B, V

    @property
    def uneven_order(self) -> int:
        """The proven order on grids whose steps differ in length in any way."""
        return self.orders.uneven

    @property
    def is_explicit(self) -> bool:
        """True: every stage depends on earlier stages only."""
        return True

    @cached_property
    def stage_of_value(self) -> tuple[int | None, ...]:
        """For each new external value the stage (from 0) whose state it is; None for others."""
        stages = list(zip(self.tableau.A, self.tableau.U, strict=True))
        made = zip(self.tableau.B, self.tableau.V, strict=True)
        return tuple(stages.index(row) if row in stages else None for row in made)

    @cached_property
    def is_fsal(self) -> bool:
        """First same as last: the first stage is an external value, at which the last one was."""
        first, last = self.tableau.U[0], self.stages - 1
        units = (tuple(int(k == m) for m in range(self.values)) for k in range(self.values))
        recycled = zip(units, self.stage_of_value, strict=True)
        ends = self.tableau.c[last] == 1
        return last > 0 and ends and any(x == first and at == last for x, at in recycled)

    @property
    def is_strongly_stable(self) -> bool:
        """Whether 1 is the only eigenvalue of V on the unit circle: nothing else lives on."""
        return self.tableau.unit_disc.strongly

    @cached_property
    def failed_condition(self) -> GeneralLinearCondition | None:
        """The first order condition that fails."""
        return prove_general_linear_order(self.tableau).equal.failed

    def stability_matrix(self, z: sympy.Expr) -> sympy.ImmutableMatrix:
        """M(z) = V + z B (I - z A)^-1 U: the external values after a step of x' = lambda x."""
        resolvent, power = sympy.eye(self.stages), sympy.eye(self.stages)
        for _ in range(self.stages - 1):
            power = z * power * self.A
            resolvent += power
        return sympy.ImmutableMatrix((self.V + z * self.B * resolvent * self.U).expand())

    def stability_polynomial(self, zeta: sympy.Expr, z: sympy.Expr) -> sympy.Expr:
        """det(zeta I - M(z)); z is stable where its roots zeta satisfy the root condition."""
        return sympy.expand((zeta * sympy.eye(self.values) - self.stability_matrix(z)).det())

    def facts(self) -> dict[str, object]:
        """External values, orders and stability."""
        zeta, z = sympy.symbols("zeta z")
        of_V = (to_sympy(x) * zeta**k for k, x in enumerate(self.tableau.minimal_polynomial))
        return {
            "external values": self.values,
            "order on uneven grids": self.uneven_order,
            "FSAL": self.is_fsal,
            "zero-stable": True,
            "strongly stable": self.is_strongly_stable,
            "minimal polynomial of V": str(sympy.factor(sympy.Add(*of_V))),
            "stability polynomial": str(self.stability_polynomial(zeta, z)),
            "notes": " ".join(self.notes) or None,
        }

    @property
    def notes(self) -> tuple[str, ...]:
        """Where the order is less, and what a step does not damp."""
        found = []
        if self.uneven_order < self.order:
            found.append(
                f"Order {self.order} holds on equal steps, or steps whose length changes "
                f"gradually; on other grids order {self.uneven_order} is proven."
            )
        if not self.is_strongly_stable:
            found.append("Not all differences between the external values are damped.")
        return tuple(found)

    def text(self) -> str:
        """c, A and U, then B and V below, columns aligned."""
        A, U, B, V = self.entries
        nodes = [entry_text(x) for x in self.c]
        upper = [[*map(entry_text, (*a, *u))] for a, u in zip(A, U, strict=True)]
        lower = [[*map(entry_text, (*b, *v))] for b, v in zip(B, V, strict=True)]
        widths = [max(map(len, texts)) for texts in zip(*upper, *lower, strict=True)]
        margin = max(map(len, nodes))
        lines = [self._line(x.ljust(margin), r, widths) for x, r in zip(nodes, upper, strict=True)]
        left, right = (
            sum(part) + 2 * len(part) for part in (widths[: self.stages], widths[self.stages :])
        )
        rule = "-" * (margin + 1) + "+" + "-" * (left + 1) + "+" + "-" * right
        below = [self._line(" " * margin, row, widths) for row in lower]
        return "\n".join(["c | A | U, then B | V", *lines, rule, *below])

    def _line(self, margin: str, row: list[str], widths: list[int]) -> str:
        padded = [text.ljust(width) for text, width in zip(row, widths, strict=True)]
        left, right = ("  ".join(part) for part in (padded[: self.stages], padded[self.stages :]))
        return f"{margin} | {left} | {right}".rstrip()


def _prove(tableau: GeneralLinearTableau) -> tuple[GeneralLinearOrders, Failed]:
    proof = prove_general_linear_order(tableau)
    return GeneralLinearOrders(proof.equal.order, proof.uneven), {"order": proof.equal.failed}


def _check(scheme: GeneralLinearScheme, faults: Faults) -> None:
    if scheme.order < 1:
        faults.add(
            "it is not consistent: what a step conserves (w with w V = w) does not move by h x'. "
            f"The first condition that fails is {scheme.failed_condition}."
        )


verify_general_linear = Verifier(
    read=read_general_linear,
    prove=_prove,
    orders=GeneralLinearOrders,
    scheme=GeneralLinearScheme,
    check=_check,
)
