"""From the arrays of a Runge-Kutta file to a checked tableau."""

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from odegraph.scheme.checks import (
    check_estimate,
    check_lengths,
    check_sums,
    read_coefficients,
    row_differences,
)
from odegraph.scheme.dense_output import check_dense, read_dense
from odegraph.scheme.faults import Faults
from odegraph.scheme.low_storage import read_low_storage, same_rows
from odegraph.scheme.spec import SchemeSpec
from odegraph.scheme.tableau import Matrix, Tableau, row_sums


def read_tableau(spec: SchemeSpec, faults: Faults) -> Tableau | None:
    """The tableau of a spec of kind `runge-kutta`; None where its faults leave none."""
    read = read_coefficients(spec, faults)
    if read is None:
        return None
    arrays, tolerance = read
    _add_low_storage(arrays, tolerance, faults)
    if faults.found:
        return None
    A = read_square(arrays["A"], faults)
    check_lengths(arrays, ("b", "c", "b_embedded", "b_dense"), rows="A", faults=faults)
    if faults.found or A is None:
        return None
    c = arrays.get("c", row_sums(A))
    dense = read_dense(arrays["b_dense"]) if "b_dense" in arrays else None
    tableau = Tableau(A, arrays["b"], c, arrays.get("b_embedded"), tolerance, dense)
    _check_nodes(tableau, spec, faults)
    _check_weights(tableau, faults)
    check_dense(tableau, faults)
    return tableau


def _add_low_storage(arrays: dict[str, Any], tolerance: Fraction, faults: Faults) -> None:
    """Let the tableau of a low-storage form be `A` and `b`, or be equal to them."""
    for name, rows in read_low_storage(arrays, faults, tolerance=tolerance).items():
        if "A" not in arrays:
            arrays["A"], arrays["b"] = rows
        given = read_square(arrays["A"], faults)
        if given and not same_rows((given, arrays["b"]), rows, tolerance=tolerance):
            faults.add(f"{name} is another method than `A` and `b`. Correct one, or remove it.")


def read_square(rows: Sequence[Sequence[Any]], faults: Faults, *, key: str = "A") -> Matrix | None:
    """Fill up A: all rows are full, or row i has i - 1 (strictly lower) or i (lower) entries."""
    stages = len(rows)
    if not stages:
        faults.add(f"`{key}` has no rows; a scheme has at least one stage, as in `{key} = [[]]`.")
        return None
    full = all(len(row) == stages for row in rows)
    lower = all(i <= len(row) <= i + 1 for i, row in enumerate(rows))
    if full or lower:
        return tuple((*row, *[Fraction(0)] * (stages - len(row))) for row in rows)
    allowed = [{i, i + 1, stages} for i in range(stages)]
    wrong = next((i for i, row in enumerate(rows) if len(row) not in allowed[i]), None)
    if wrong is None:
        wrong = next(i for i, row in enumerate(rows) if len(row) != stages)
    faults.add(
        f"row {wrong + 1} of `{key}` is of length {len(rows[wrong])}. With {stages} stages either "
        f"every row has {stages} entries, or row i has i - 1 (explicit) or i (with the diagonal)."
    )
    return None


def _check_nodes(tableau: Tableau, spec: SchemeSpec, faults: Faults) -> None:
    if not spec.row_sums:
        if "c" not in spec.coefficients:
            faults.add(
                "`row_sums = false` says that c differs from the row sums of A, so the key `c` "
                "must give it."
            )
        elif tableau.has_row_sum_nodes:
            faults.add("`row_sums = false`, but c is the row sums of A. Remove the line.")
        return
    if _is_transposed(tableau):
        faults.add("`A` seems to be transposed: its columns, not its rows, sum to c.")
        return
    for i, c, total in row_differences(tableau.c, tableau.row_sums, vanishes=tableau.vanishes):
        faults.add(
            f"c[{i}] is {c}, but row {i} of `A` sums to {total}. Stage {i} would see the state of "
            "one time and the parameters of another. Correct one of them, or declare "
            "`row_sums = false` if the method is meant so."
        )


def _is_transposed(tableau: Tableau) -> bool:
    columns = zip(*tableau.A, strict=True)
    return not tableau.has_row_sum_nodes and all(
        tableau.vanishes(sum(column, Fraction(0)) - c)
        for column, c in zip(columns, tableau.c, strict=True)
    )


def _check_weights(tableau: Tableau, faults: Faults) -> None:
    b, embedded, vanishes = tableau.b, tableau.b_embedded, tableau.vanishes
    check_sums({"b": b}, rule="a consistent scheme has sum b = 1", vanishes=vanishes, faults=faults)
    rule = "the error estimate h sum (b - b_embedded) k is consistent only if they sum to 1"
    check_sums({"b_embedded": embedded}, rule=rule, vanishes=vanishes, faults=faults)
    check_estimate(b, embedded, vanishes=vanishes, faults=faults)
