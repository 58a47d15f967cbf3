"""From the arrays of a Runge-Kutta file to a checked tableau."""

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from odegraph._errors import OdegraphError
from odegraph._exact import as_fraction, parse_exact, shorten
from odegraph.scheme.exact_reader import read_arrays
from odegraph.scheme.faults import Faults
from odegraph.scheme.low_storage import read_low_storage, same_rows
from odegraph.scheme.number_field import Number, to_sympy
from odegraph.scheme.spec import SchemeSpec
from odegraph.scheme.tableau import Matrix, Tableau


def read_tableau(spec: SchemeSpec, faults: Faults) -> Tableau | None:
    """The tableau of a spec of kind `runge-kutta`; None where its faults leave none."""
    tolerance = read_tolerance(spec, faults)
    arrays = read_arrays(spec, faults)
    if faults.found:
        return None
    _add_low_storage(arrays, tolerance, faults)
    if faults.found:
        return None
    A = read_square(arrays["A"], faults)
    for key in ("b", "c", "b_embedded"):
        _check_length(arrays, key, len(arrays["A"]), faults)
    if faults.found or A is None:
        return None
    row_sums = tuple(sum(row, Fraction(0)) for row in A)
    c = arrays.get("c", row_sums)
    tableau = Tableau(A, arrays["b"], c, arrays.get("b_embedded"), tolerance)
    _check_nodes(tableau, spec, faults)
    _check_weights(tableau, faults)
    return tableau


def _add_low_storage(arrays: dict[str, Any], tolerance: Fraction, faults: Faults) -> None:
    """Let the tableau of a low-storage form be `A` and `b`, or be equal to them."""
    for name, rows in read_low_storage(arrays, faults, tolerance=tolerance).items():
        if "A" not in arrays:
            arrays["A"], arrays["b"] = rows
        given = read_square(arrays["A"], faults)
        if given and not same_rows((given, arrays["b"]), rows, tolerance=tolerance):
            faults.add(f"{name} is another method than `A` and `b`. Correct one, or remove it.")


def read_tolerance(spec: SchemeSpec, faults: Faults) -> Fraction:
    """The declared tolerance of a decimal scheme; 0 for exact ones."""
    if spec.tolerance is None:
        return Fraction(0)
    try:
        tolerance = as_fraction(parse_exact(spec.tolerance, decimal=True), name="tolerance")
    except OdegraphError:
        tolerance = Fraction(0)
    if not 0 < tolerance <= Fraction(1, 1000):
        faults.add(
            f"the tolerance is `{shorten(spec.tolerance)}`; it must be a number above 0 and at "
            'most 1e-3, such as "1e-14".'
        )
    return tolerance


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


def _check_length(arrays: dict[str, Any], key: str, stages: int, faults: Faults) -> None:
    if key in arrays and len(arrays[key]) != stages:
        faults.add(f"`{key}` has {len(arrays[key])} entries, but `A` has {stages} rows.")


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
    for i, (c, row_sum) in enumerate(zip(tableau.c, tableau.row_sums, strict=True), start=1):
        if not tableau.vanishes(c - row_sum):
            faults.add(
                f"c[{i}] is {_show(c)}, but row {i} of `A` sums to {_show(row_sum)}. Stage {i} "
                "would see the state of one time and the parameters of another. Correct one of "
                "them, or declare `row_sums = false` if the method is meant so."
            )


def _is_transposed(tableau: Tableau) -> bool:
    columns = zip(*tableau.A, strict=True)
    return not tableau.has_row_sum_nodes and all(
        tableau.vanishes(sum(column, Fraction(0)) - c)
        for column, c in zip(columns, tableau.c, strict=True)
    )


def _check_weights(tableau: Tableau, faults: Faults) -> None:
    total = sum(tableau.b, Fraction(0))
    if not tableau.vanishes(total - 1):
        faults.add(f"the weights `b` sum to {_show(total)}; a consistent scheme has sum b = 1.")
    if tableau.b_embedded is None:
        return
    total = sum(tableau.b_embedded, Fraction(0))
    if not tableau.vanishes(total - 1):
        faults.add(
            f"the weights `b_embedded` sum to {_show(total)}; the error estimate "
            "h sum (b - b_embedded) k is consistent only if they sum to 1."
        )
    pairs = zip(tableau.b, tableau.b_embedded, strict=True)
    if all(tableau.vanishes(x - y) for x, y in pairs):
        faults.add(
            "`b_embedded` equals `b`, so the error estimate vanishes identically. Remove it."
        )


def _show(value: Number) -> str:
    return shorten(to_sympy(value), 80)
