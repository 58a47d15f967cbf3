"""The coefficients of a general linear method, and the reader of its files."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any, final

from odegraph.scheme.checks import read_coefficients, refuse_free_nodes, row_differences, show
from odegraph.scheme.faults import Faults
from odegraph.scheme.null_space import minimal_polynomial, null_space
from odegraph.scheme.order_conditions import dot
from odegraph.scheme.polynomials import Polynomial
from odegraph.scheme.root_condition import UnitDisc, root_condition, worst_root
from odegraph.scheme.spec import SchemeSpec
from odegraph.scheme.tableau import Matrix, Vector, row_sums
from odegraph.scheme.tableau_reader import read_square


@final
@dataclass(frozen=True)
class GeneralLinearTableau:
    """Y = h A F + U y and y_new = h B F + V y, with the rates F of the s stages Y.

    A is s x s and strictly lower triangular, U s x r, B r x s, V r x r; y are the r external
    values, all of them approximations of x at the start of the step.
    """

    A: Matrix
    U: Matrix
    B: Matrix
    V: Matrix

    @cached_property
    def c(self) -> Vector:
        """A 1, the stage times in units of h."""
        return row_sums(self.A)

    @cached_property
    def minimal_polynomial(self) -> Polynomial:
        """The monic polynomial of the lowest degree that V satisfies."""
        return minimal_polynomial(self.V)

    @cached_property
    def unit_disc(self) -> UnitDisc:
        """Where the eigenvalues of V lie; multiplicities are those of the Jordan blocks."""
        return root_condition(self.minimal_polynomial, len(self.minimal_polynomial) - 1)

    @cached_property
    def invariants(self) -> tuple[Vector, ...]:
        """A basis of the w with w V = w, each with w 1 = 1: the averages that a step conserves.

        Where V is power-bounded they are the rows of the projection to its eigenvalue 1.
        """
        size = range(len(self.V))
        transposed = [[self.V[i][j] - Fraction(i == j) for i in size] for j in size]
        basis = null_space(transposed)
        sums = [sum(w, Fraction(0)) for w in basis]
        lead = next(k for k, total in enumerate(sums) if total)
        first = tuple(x / sums[lead] for x in basis[lead])
        others = (
            tuple(x + (1 - total) * y for x, y in zip(w, first, strict=True))
            for k, (w, total) in enumerate(zip(basis, sums, strict=True))
            if k != lead
        )
        return (first, *others)

    @property
    def is_decoupled(self) -> bool:
        """Whether w B U V = w B U for all invariants w.

        Then a step passes no other component of y on to w y at first order in h.
        """
        read = (_times(_times(w, self.B), self.U) for w in self.invariants)
        return all(_times(row, self.V) == row for row in read)

    def weights(self, w: Vector) -> Vector:
        """w B, the weights of the rates in the average w y."""
        return _times(w, self.B)


def _times(row: Vector, rows: Matrix) -> Vector:
    return tuple(dot(row, column) for column in zip(*rows, strict=True))


def read_general_linear(spec: SchemeSpec, faults: Faults) -> GeneralLinearTableau | None:
    """The coefficients of a file; None where their faults leave none."""
    if not spec.is_exact:
        faults.add(
            "`decimal` is not for kind `general-linear`: whether the powers of `V` are bounded is "
            "decided exactly. Write fractions or roots."
        )
    rule = "the times of the stages of a general linear scheme are the row sums of `A`"
    refuse_free_nodes(spec, faults, rule=rule)
    read = read_coefficients(spec, faults)
    if read is None:
        return None
    arrays, _ = read
    A = read_square(arrays["A"], faults)
    if A is None:
        return None
    _check_shapes(arrays, len(A), faults)
    if faults.found:
        return None
    tableau = GeneralLinearTableau(A, arrays["U"], arrays["B"], arrays["V"])
    _check_stages(tableau, arrays.get("c", tableau.c), faults)
    _check_start(tableau, faults)
    if not faults.found:
        _check_readers(tableau, faults)
        _check_stability(tableau, faults)
    return tableau


def _check_shapes(arrays: Mapping[str, Any], stages: int, faults: Faults) -> None:
    values = len(arrays["V"])
    if not values:
        faults.add("`V` has no rows; a scheme carries at least one value, as in `V = [[1]]`.")
        return
    if "c" in arrays and len(arrays["c"]) != stages:
        faults.add(f"`c` has {len(arrays['c'])} entries, but `A` has {stages} rows.")
    shapes = {"U": (stages, values), "B": (values, stages), "V": (values, values)}
    for key, (rows, columns) in shapes.items():
        lengths = [len(row) for row in arrays[key]]
        if lengths != [columns] * rows:
            faults.add(
                f"the rows of `{key}` are of lengths {lengths}. With {stages} stages (the rows of "
                f"`A`) and {values} external values (the rows of `V`) it has {rows} rows of "
                f"{columns} entries."
            )


def _check_stages(tableau: GeneralLinearTableau, c: Vector, faults: Faults) -> None:
    if any(any(row[i:]) for i, row in enumerate(tableau.A)):
        faults.add(
            "`A` has an entry on or above its diagonal; a stage of a general linear scheme calls "
            "the unit at earlier stages only. Implicit schemes are files of kind `runge-kutta` or "
            "`linear-multistep`."
        )
    for i, node, total in row_differences(c, tableau.c, vanishes=lambda defect: not defect):
        faults.add(
            f"c[{i}] is {node}, but row {i} of `A` sums to {total}. Stage {i} would see the state "
            "of one time and the parameters of another. Correct one of them."
        )


def _check_start(tableau: GeneralLinearTableau, faults: Faults) -> None:
    for key, rows in (("U", tableau.U), ("V", tableau.V)):
        for i, total in enumerate(row_sums(rows), start=1):
            if total != 1:
                faults.add(
                    f"row {i} of `{key}` sums to {show(total)}. All external values begin as x at "
                    f"depth 0 and approximate x, so every row of `{key}` must sum to 1. Scaled "
                    "derivatives, as in Nordsieck form, are not read: write the scheme in values."
                )


def _check_readers(tableau: GeneralLinearTableau, faults: Faults) -> None:
    for k in range(1, len(tableau.V)):
        if not any(row[k] for rows in (tableau.U, tableau.V) for row in rows):
            faults.add(
                f"column {k + 1} of `U` and of `V` is zero, so that nothing reads external value "
                f"{k + 1}. Remove it, with row {k + 1} of `B` and of `V`."
            )


def _check_stability(tableau: GeneralLinearTableau, faults: Faults) -> None:
    if not tableau.unit_disc.holds:
        faults.add(
            "it is not stable: the powers of `V` grow, for its minimal polynomial has the root "
            f"{worst_root(tableau.minimal_polynomial)}, so that errors grow with the number of "
            "steps, however short they are."
        )
