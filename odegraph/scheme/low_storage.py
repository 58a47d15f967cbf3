"""Low-storage forms of explicit Runge-Kutta methods, converted exactly to their tableau.

2N form (Williamson 1980), two registers for any number of stages:

    dx_i = A_i dx_(i-1) + h f(x_(i-1)),    x_i = x_(i-1) + B_i dx_i,    i = 1 .. s

Shu-Osher form (Shu and Osher 1988), convex combinations of forward Euler steps:

    x_i = sum_(k<i) (alpha_ik x_k + h beta_ik f(x_k)),    sum_k alpha_ik = 1,    i = 1 .. s
"""

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from odegraph._exact import shorten
from odegraph.scheme.faults import Faults
from odegraph.scheme.number_field import Number, to_sympy
from odegraph.scheme.tableau import Matrix, Vector

Rows = tuple[Matrix, Vector]


def williamson_rows(A: Vector, B: Vector) -> Rows:
    """A and b of the tableau of a 2N form."""
    stages = len(A)
    increment, state = [Fraction(0)] * stages, [Fraction(0)] * stages
    rows: list[Vector] = []
    for i in range(stages):
        rows.append(tuple(state))
        increment = [A[i] * x for x in increment]
        increment[i] = increment[i] + 1
        state = [x + B[i] * dx for x, dx in zip(state, increment, strict=True)]
    return tuple(rows), tuple(state)


def shu_osher_rows(alpha: Matrix, beta: Matrix) -> Rows:
    """A and b of the tableau of a Shu-Osher form; row i of alpha and beta has i entries."""
    stages = len(alpha)
    states: list[Vector] = [(Fraction(0),) * stages]
    for weights, rates in zip(alpha, beta, strict=True):
        state = [
            sum((a * x[j] for a, x in zip(weights, states, strict=True)), Fraction(0))
            for j in range(stages)
        ]
        for k, b in enumerate(rates):
            state[k] = state[k] + b
        states.append(tuple(state))
    return tuple(states[:-1]), states[-1]


def read_low_storage(
    arrays: dict[str, Any], faults: Faults, *, tolerance: Fraction
) -> dict[str, Rows]:
    """The tableau of every low-storage form among the arrays of a file, by the name of the form."""
    forms: dict[str, Rows] = {}
    if "A_2N" in arrays and _check_williamson(arrays["A_2N"], arrays["B_2N"], faults):
        forms["the 2N form"] = williamson_rows(arrays["A_2N"], arrays["B_2N"])
    if "alpha" in arrays and _check_shu_osher(arrays["alpha"], arrays["beta"], tolerance, faults):
        forms["the Shu-Osher form"] = shu_osher_rows(arrays["alpha"], arrays["beta"])
    return forms


def _check_williamson(A: Vector, B: Vector, faults: Faults) -> bool:
    before = len(faults.found)
    if len(A) != len(B) or not A:
        faults.add(
            f"`A_2N` has {len(A)} entries and `B_2N` has {len(B)}; both have one for each stage."
        )
    elif A[0]:
        faults.add(
            f"`A_2N[1]` is {_show(A[0])}; it multiplies the increment before the first stage, of "
            "which there is none, so it must be 0."
        )
    return len(faults.found) == before


def _check_shu_osher(alpha: Matrix, beta: Matrix, tolerance: Fraction, faults: Faults) -> bool:
    before = len(faults.found)
    if len(alpha) != len(beta) or not alpha:
        faults.add(
            f"`alpha` has {len(alpha)} rows and `beta` has {len(beta)}; both have one for each "
            "stage."
        )
    for key, rows in (("alpha", alpha), ("beta", beta)):
        for i, row in enumerate(rows, start=1):
            if len(row) != i:
                faults.add(
                    f"row {i} of `{key}` is of length {len(row)}; in a Shu-Osher form it has one "
                    f"entry for each state before, {i}."
                )
    for i, row in enumerate(alpha, start=1):
        total = sum(row, Fraction(0))
        if len(row) == i and total != 1 and abs(total - 1) > tolerance:
            faults.add(
                f"row {i} of `alpha` sums to {_show(total)}; a combination of states needs sum 1."
            )
    return len(faults.found) == before


def same_rows(x: Rows, y: Rows, *, tolerance: Fraction) -> bool:
    """Whether two tableaus are equal, up to the tolerance of decimal ones."""
    if len(x[1]) != len(y[1]):
        return False
    pairs = zip(_entries(x), _entries(y), strict=True)
    return all(not d or abs(d) <= tolerance for d in (a - b for a, b in pairs))


def _entries(rows: Rows) -> Sequence[Number]:
    return [*(a for row in rows[0] for a in row), *rows[1]]


def _show(value: Number) -> str:
    return shorten(to_sympy(value), 80)
