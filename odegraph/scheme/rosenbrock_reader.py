"""From the arrays of a file of kind `rosenbrock` to its checked coefficients."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any, final

from odegraph._exact import shorten
from odegraph.scheme.exact_reader import read_arrays
from odegraph.scheme.faults import Faults
from odegraph.scheme.number_field import to_sympy
from odegraph.scheme.spec import SchemeSpec
from odegraph.scheme.tableau import Matrix, Tableau, Vector
from odegraph.scheme.tableau_reader import read_square, read_tolerance


@final
@dataclass(frozen=True)
class RosenbrockTableau:
    """alpha (strictly lower triangular), Gamma (lower triangular) and the weights."""

    alpha: Matrix
    Gamma: Matrix
    b: Vector
    b_embedded: Vector | None
    tolerance: Fraction

    @cached_property
    def beta(self) -> Matrix:
        """Alpha + Gamma, what a linear problem sees."""
        pairs = zip(self.alpha, self.Gamma, strict=True)
        return tuple(tuple(x + y for x, y in zip(*rows, strict=True)) for rows in pairs)

    @cached_property
    def times(self) -> Vector:
        """alpha_i = sum_j alpha_ij, the times of the stages."""
        return tuple(sum(row, Fraction(0)) for row in self.alpha)

    @cached_property
    def time_weights(self) -> Vector:
        """gamma_i = sum_j gamma_ij, the weights of h df/dt."""
        return tuple(sum(row, Fraction(0)) for row in self.Gamma)

    @cached_property
    def linear(self) -> Tableau:
        """The diagonally implicit method that is the same on x' = L x: A = beta."""
        c = tuple(sum(row, Fraction(0)) for row in self.beta)
        return Tableau(self.beta, self.b, c, self.b_embedded, self.tolerance)


def read_rosenbrock(spec: SchemeSpec, faults: Faults) -> RosenbrockTableau | None:
    """The coefficients; None where their faults leave none."""
    tolerance = read_tolerance(spec, faults)
    if not spec.row_sums:
        faults.add(
            "`row_sums = false` is for kind `runge-kutta`; the times of a Rosenbrock scheme are "
            "the row sums of `alpha`. Remove the line."
        )
    arrays = read_arrays(spec, faults)
    if faults.found:
        return None
    alpha = read_square(arrays["alpha"], faults, key="alpha")
    Gamma = read_square(arrays["Gamma"], faults, key="Gamma")
    if alpha is None or Gamma is None:
        return None
    _check_shapes(arrays, alpha, Gamma, faults)
    if faults.found:
        return None
    tableau = RosenbrockTableau(alpha, Gamma, arrays["b"], arrays.get("b_embedded"), tolerance)
    _check_weights(tableau, faults)
    return tableau


def _check_shapes(arrays: Mapping[str, Any], alpha: Matrix, Gamma: Matrix, faults: Faults) -> None:
    if len(Gamma) != len(alpha):
        faults.add(f"`alpha` has {len(alpha)} rows and `Gamma` has {len(Gamma)}; give one a stage.")
    for key in ("b", "b_embedded"):
        if key in arrays and len(arrays[key]) != len(alpha):
            faults.add(
                f"`{key}` has {len(arrays[key])} entries, but `alpha` has {len(alpha)} rows."
            )
    if any(any(row[i:]) for i, row in enumerate(alpha)):
        faults.add(
            "`alpha` has an entry on or above its diagonal; a stage of a Rosenbrock scheme calls "
            "the unit at earlier stages only. What is implicit stands in `Gamma`."
        )
    if any(any(row[i + 1 :]) for i, row in enumerate(Gamma)):
        faults.add(
            "`Gamma` has an entry above its diagonal; the linear systems of a Rosenbrock scheme "
            "are solved one after the other."
        )
    if not any(row[i] for i, row in enumerate(Gamma)):
        faults.add(
            "`Gamma` has zeros on its diagonal, so no linear system is solved. An explicit method "
            "is a file of kind `runge-kutta`."
        )


def _check_weights(tableau: RosenbrockTableau, faults: Faults) -> None:
    weights = {"b": tableau.b}
    if tableau.b_embedded is not None:
        weights["b_embedded"] = tableau.b_embedded
    for key, values in weights.items():
        total = sum(values, Fraction(0))
        if not tableau.linear.vanishes(total - 1):
            faults.add(
                f"the weights `{key}` sum to {shorten(to_sympy(total), 80)}; a consistent scheme "
                "has sum 1."
            )
    if tableau.b == tableau.b_embedded:
        faults.add(
            "`b_embedded` equals `b`, so the error estimate vanishes identically. Remove it."
        )
