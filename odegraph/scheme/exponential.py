"""Exponential integrators with proven order, the proof, and the reader of their files."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import TypeVar, final

from odegraph._errors import OdegraphError
from odegraph._exact import as_fraction
from odegraph.scheme.base import Orders, Scheme
from odegraph.scheme.exponential_conditions import (
    MAX_STIFF_ORDER,
    ExponentialTableau,
    prove_exponential_order,
    stiff_order,
)
from odegraph.scheme.faults import Faults
from odegraph.scheme.phi_sum import PhiSum, parse_phi_sum
from odegraph.scheme.spec import SchemeSpec
from odegraph.scheme.verifier import Failed, Verifier

ZERO = PhiSum(())
Parsed = TypeVar("Parsed")


@final
@dataclass(frozen=True)
class ExponentialOrders(Orders):
    """The classical order, and the order that holds for every L."""

    stiff: int


@final
@dataclass(frozen=True)
class ExponentialScheme(Scheme):
    """x' = L x + N(t, x), L x solved exactly (Cox and Matthews 2002; Hochbruck and Ostermann 2010).

        U_i = exp(c_i hL) x_0 + h sum_(j<i) a_ij(hL) N(t_0 + c_j h, U_j)
        x_1 = exp(hL) x_0 + h sum_i b_i(hL) N(t_0 + c_i h, U_i)

    A and b are rational combinations of phi functions.
    """

    orders: ExponentialOrders
    tableau: ExponentialTableau

    @property
    def stages(self) -> int:
        """Number of stages s: evaluations of N in one step."""
        return len(self.tableau.b)

    @property
    def A(self) -> tuple[tuple[PhiSum, ...], ...]:
        """The strictly lower triangular matrix of functions of hL."""
        return self.tableau.A

    @property
    def b(self) -> tuple[PhiSum, ...]:
        """The weights, functions of hL."""
        return self.tableau.b

    @property
    def c(self) -> tuple[Fraction, ...]:
        """The stage times in units of h."""
        return self.tableau.c

    @property
    def stiff_order(self) -> int:
        """The order whose conditions hold for every L; at most 4 is looked for."""
        return self.orders.stiff

    @property
    def is_explicit(self) -> bool:
        """True: N is evaluated at known states only."""
        return True

    @cached_property
    def functions(self) -> tuple[tuple[int, Fraction], ...]:
        """The distinct phi_k(c hL) of a step as (k, c), those of exp(c_i hL) included."""
        sums = [*self.b, *(a for row in self.A for a in row)]
        found = {key for one in sums for key, _ in one.terms}
        return tuple(sorted(found | {(0, c) for c in (*self.c, Fraction(1))}))

    def facts(self) -> dict[str, object]:
        """Orders, and which matrix functions a step needs."""
        names = [("exp" if k == 0 else f"phi{k}") + f"({c})" for k, c in self.functions if c]
        more = " or more" if self.stiff_order == MAX_STIFF_ORDER else ""
        return {
            "stiff order": f"{self.stiff_order}{more}",
            "exact on x' = L x": True,
            "A-stable": True,
            "matrix functions of hL": ", ".join(names),
        }

    def text(self) -> str:
        """Every stage and the result as a formula."""
        formulas = [
            *(
                _formula(f"U{i}", row, c)
                for i, (row, c) in enumerate(zip(self.A, self.c, strict=True), 1)
            ),
            _formula("x'", self.b, Fraction(1)),
        ]
        return "\n".join(formulas)


def _formula(name: str, row: Sequence[PhiSum], c: Fraction) -> str:
    start = "x" if not c else "exp x" if c == 1 else f"exp({c}) x"
    indented = f"\n{' ' * len(name)} + h "
    terms = (f"({a}) N{j}" for j, a in enumerate(row, start=1) if a.terms)
    return indented.join([f"{name} = {start}", *terms])


def read_exponential(spec: SchemeSpec, faults: Faults) -> ExponentialTableau | None:
    """The coefficients of a file; None where their faults leave none."""
    for key, given in (("decimal", not spec.is_exact), ("row_sums", not spec.row_sums)):
        if given:
            faults.add(f"`{key}` is not for kind `exponential`; its coefficients are rational.")
    arrays = spec.coefficients
    c = tuple(_node(text, i, faults) for i, text in enumerate(arrays["c"], start=1))
    b = tuple(_sum(text, f"b[{i}]", faults) for i, text in enumerate(arrays["b"], start=1))
    rows = [
        tuple(_sum(text, f"A[{i}][{j}]", faults) for j, text in enumerate(row, start=1))
        for i, row in enumerate(arrays["A"], start=1)
    ]
    A = tuple(_explicit_row(row, i, len(rows), faults) for i, row in enumerate(rows))
    if not len(A) == len(b) == len(c) or not A:
        faults.add(
            f"`A` has {len(A)} rows, `b` {len(b)} and `c` {len(c)} entries; each has one for each "
            "stage."
        )
    if faults.found:
        return None
    tableau = ExponentialTableau(A, b, c)
    _check_at_zero(tableau, faults)
    return tableau


def _parsed(parse: Callable[[str], Parsed], text: str, where: str, faults: Faults) -> Parsed | None:
    try:
        return parse(text)
    except OdegraphError as error:
        faults.add(f"`{where}`: {error}")
        return None


def _node(text: str, i: int, faults: Faults) -> Fraction:
    where = f"c[{i}]"
    return _parsed(lambda x: as_fraction(x, name=where), text, where, faults) or Fraction(0)


def _sum(text: str, where: str, faults: Faults) -> PhiSum:
    return _parsed(parse_phi_sum, text, where, faults) or ZERO


def _explicit_row(
    row: tuple[PhiSum, ...], i: int, stages: int, faults: Faults
) -> tuple[PhiSum, ...]:
    if len(row) not in (i, stages) or any(a.terms for a in row[i:]):
        faults.add(
            f"row {i + 1} of `A` must hold {i} entries, one for each stage before; what is "
            "implicit is in the exponential."
        )
    return (*row[:i], *[ZERO] * (stages - i))


def _check_at_zero(tableau: ExponentialTableau, faults: Faults) -> None:
    """Without L the method is a Runge-Kutta method with c = A(0) 1 and sum b(0) = 1."""
    total = sum((b.taylor(0) for b in tableau.b), Fraction(0))
    if total != 1:
        faults.add(
            f"the weights `b` sum to {total} at hL = 0; a consistent scheme has sum 1 there."
        )
    for i, (row, c) in enumerate(zip(tableau.A, tableau.c, strict=True), start=1):
        row_sum = sum((a.taylor(0) for a in row), Fraction(0))
        if row_sum != c:
            faults.add(
                f"c[{i}] is {c}, but row {i} of `A` sums to {row_sum} at hL = 0. Stage {i} would "
                "see the state of one time and the parameters of another. Correct one of them."
            )


def _prove(tableau: ExponentialTableau) -> tuple[ExponentialOrders, Failed]:
    proof = prove_exponential_order(tableau)
    return ExponentialOrders(proof.order, stiff_order(tableau)), {"order": proof.failed}


verify_exponential = Verifier(
    read=read_exponential, prove=_prove, orders=ExponentialOrders, scheme=ExponentialScheme
)
