"""What the readers of several kinds check, each in the words of the kind."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Any

from odegraph._errors import OdegraphError
from odegraph._exact import as_fraction, parse_exact, shorten
from odegraph.scheme.exact_reader import read_arrays
from odegraph.scheme.faults import Faults
from odegraph.scheme.number_field import Number, to_sympy
from odegraph.scheme.spec import SchemeSpec
from odegraph.scheme.tableau import Vector

MAX_CHARACTERS, DIGITS = 80, 20  # of a number in a message


def read_coefficients(spec: SchemeSpec, faults: Faults) -> tuple[dict[str, Any], Fraction] | None:
    """The arrays of the file as exact numbers, and the tolerance; None for faulty ones."""
    tolerance = read_tolerance(spec, faults)
    arrays = read_arrays(spec, faults)
    return None if faults.found else (arrays, tolerance)


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


def refuse_free_nodes(spec: SchemeSpec, faults: Faults, *, rule: str) -> None:
    """`row_sums = false` is for Runge-Kutta files; `rule` says what the times are instead."""
    if not spec.row_sums:
        faults.add(f"`row_sums = false` is for kind `runge-kutta`; {rule}. Remove the line.")


def check_lengths(
    arrays: Mapping[str, Any], keys: Iterable[str], *, rows: str, faults: Faults
) -> None:
    """Every given array has one entry for each row of the matrix `rows`."""
    stages = len(arrays[rows])
    for key in keys:
        if key in arrays and len(arrays[key]) != stages:
            faults.add(f"`{key}` has {len(arrays[key])} entries, but `{rows}` has {stages} rows.")


def check_sums(
    weights: Mapping[str, Vector | None],
    *,
    rule: str,
    vanishes: Callable[[Number], bool],
    faults: Faults,
) -> None:
    """Every given row of weights sums to 1."""
    for key, values in weights.items():
        if values is not None and not vanishes((total := sum(values, Fraction(0))) - 1):
            faults.add(f"the weights `{key}` sum to {show(total)}; {rule}.")


def check_estimate(
    b: Vector,
    embedded: Vector | None,
    *,
    vanishes: Callable[[Number], bool],
    faults: Faults,
    equal: str = "`b_embedded` equals `b`",
) -> None:
    """The error estimate h sum (b - b_embedded) k is not identically zero."""
    if embedded is None:
        return
    if all(vanishes(x - y) for x, y in zip(b, embedded, strict=True)):
        faults.add(f"{equal}, so the error estimate vanishes identically. Remove it.")


def row_differences(
    c: Sequence[Number], sums: Sequence[Number], *, vanishes: Callable[[Number], bool]
) -> list[tuple[int, str, str]]:
    """Stages (from 1) whose time is not the sum of its row, with both numbers to be shown."""
    pairs = enumerate(zip(c, sums, strict=True), start=1)
    return [(i, show(x), show(total)) for i, (x, total) in pairs if not vanishes(x - total)]


def show(value: Number) -> str:
    """An exact number as messages show it: a long one as a decimal."""
    exact = to_sympy(value)
    return str(exact) if len(str(exact)) <= MAX_CHARACTERS else f"{exact.evalf(DIGITS)}..."
