"""From the arrays of a file of kind `additive-runge-kutta` to checked tableaus of its two parts."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, final

from odegraph.scheme import properties
from odegraph.scheme.checks import (
    check_estimate,
    check_lengths,
    check_sums,
    read_coefficients,
    refuse_free_nodes,
    row_differences,
)
from odegraph.scheme.faults import Faults
from odegraph.scheme.spec import SchemeSpec
from odegraph.scheme.tableau import Tableau, row_sums
from odegraph.scheme.tableau_reader import read_square


@final
@dataclass(frozen=True)
class AdditiveTableau:
    """The tableaus of the explicit and of the implicit part, with as many stages."""

    explicit: Tableau
    implicit: Tableau

    @property
    def parts(self) -> tuple[Tableau, Tableau]:
        """The explicit part, the implicit part."""
        return self.explicit, self.implicit


def read_additive_tableau(spec: SchemeSpec, faults: Faults) -> AdditiveTableau | None:
    """Both tableaus; None where their faults leave none."""
    rule = "the times of both parts of an additive scheme are the row sums of their matrices"
    refuse_free_nodes(spec, faults, rule=rule)
    read = read_coefficients(spec, faults)
    if read is None:
        return None
    arrays, tolerance = read
    parts = [_part(arrays, name, tolerance, faults) for name in ("explicit", "implicit")]
    if parts[0] is None or parts[1] is None:
        return None
    tableau = AdditiveTableau(parts[0], parts[1])
    _check_together(tableau, faults)
    return tableau


def _part(
    arrays: Mapping[str, Any], name: str, tolerance: Fraction, faults: Faults
) -> Tableau | None:
    before = len(faults.found)
    A = read_square(arrays[f"A_{name}"], faults, key=f"A_{name}")
    keys = (f"b_{name}", f"c_{name}", f"b_{name}_embedded")
    if A is not None:
        check_lengths(arrays, keys, rows=f"A_{name}", faults=faults)
    if A is None or len(faults.found) > before:
        return None
    c = arrays.get(f"c_{name}", row_sums(A))
    tableau = Tableau(A, arrays[keys[0]], c, arrays.get(keys[2]), tolerance)
    _check_part(tableau, name, faults)
    return tableau


def _check_part(tableau: Tableau, name: str, faults: Faults) -> None:
    vanishes = tableau.vanishes
    for i, c, total in row_differences(tableau.c, tableau.row_sums, vanishes=vanishes):
        faults.add(
            f"c_{name}[{i}] is {c}, but row {i} of `A_{name}` sums to {total}. Correct one of "
            f"them, or leave `c_{name}` out."
        )
    weights = {f"b_{name}": tableau.b, f"b_{name}_embedded": tableau.b_embedded}
    rule = "a consistent scheme has sum 1 in each part"
    check_sums(weights, rule=rule, vanishes=vanishes, faults=faults)


def _check_together(tableau: AdditiveTableau, faults: Faults) -> None:
    explicit, implicit = tableau.parts
    if explicit.stages != implicit.stages:
        faults.add(
            f"`A_explicit` has {explicit.stages} stages and `A_implicit` has {implicit.stages}; "
            "both parts share their stages. Fill the shorter one up with zeros."
        )
    if not properties.is_explicit(explicit):
        swapped = properties.is_explicit(implicit)
        faults.add(
            "`A_explicit` has an entry on or above its diagonal"
            + (", and `A_implicit` has none: the parts seem to be swapped." if swapped else ".")
        )
    if (explicit.b_embedded is None) != (implicit.b_embedded is None):
        faults.add("only one part has embedded weights; an error estimate needs those of both.")
    elif explicit.b_embedded is not None and implicit.b_embedded is not None:
        check_estimate(
            (*explicit.b, *implicit.b),
            (*explicit.b_embedded, *implicit.b_embedded),
            vanishes=explicit.vanishes,
            faults=faults,
            equal="the embedded weights equal the weights of both parts",
        )
