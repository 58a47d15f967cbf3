"""From the arrays of a file of kind `rosenbrock` to its checked coefficients."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any, final

from odegraph.scheme.checks import (
    check_estimate,
    check_lengths,
    check_sums,
    read_coefficients,
    refuse_free_nodes,
)
from odegraph.scheme.faults import Faults
from odegraph.scheme.spec import SchemeSpec
from odegraph.scheme.tableau import Matrix, Tableau, Vector, row_sums
from odegraph.scheme.tableau_reader import read_square


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
        return row_sums(self.alpha)

    @cached_property
    def time_weights(self) -> Vector:
        """gamma_i = sum_j gamma_ij, the weights of h df/dt."""
        return row_sums(self.Gamma)

    @cached_property
    def linear(self) -> Tableau:
        """The diagonally implicit method that is the same on x' = L x: A = beta."""
        return Tableau(self.beta, self.b, row_sums(self.beta), self.b_embedded, self.tolerance)


def read_rosenbrock(spec: SchemeSpec, faults: Faults) -> RosenbrockTableau | None:
    """The coefficients; None where their faults leave none."""
    rule = "the times of a Rosenbrock scheme are the row sums of `alpha`"
    refuse_free_nodes(spec, faults, rule=rule)
    read = read_coefficients(spec, faults)
    if read is None:
        return None
    arrays, tolerance = read
    alpha = read_square(arrays["alpha"], faults, key="alpha")
    Gamma = read_square(arrays["Gamma"], faults, key="Gamma")
    if alpha is None or Gamma is None:
        return None
    _check_shapes(arrays, alpha, Gamma, faults)
    if faults.found:
        return None
    tableau = RosenbrockTableau(alpha, Gamma, arrays["b"], arrays.get("b_embedded"), tolerance)
    b, embedded, vanishes = tableau.b, tableau.b_embedded, tableau.linear.vanishes
    check_sums(
        {"b": b, "b_embedded": embedded},
        rule="a consistent scheme has sum 1",
        vanishes=vanishes,
        faults=faults,
    )
    check_estimate(b, embedded, vanishes=vanishes, faults=faults)
    return tableau


def _check_shapes(arrays: Mapping[str, Any], alpha: Matrix, Gamma: Matrix, faults: Faults) -> None:
    if len(Gamma) != len(alpha):
        faults.add(f"`alpha` has {len(alpha)} rows and `Gamma` has {len(Gamma)}; give one a stage.")
    check_lengths(arrays, ("b", "b_embedded"), rows="alpha", faults=faults)
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
