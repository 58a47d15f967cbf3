"""From the arrays of a file of kind `additive-runge-kutta` to checked tableaus of its two parts."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, final

from odegraph._exact import shorten
from odegraph.scheme import properties
from odegraph.scheme.exact_reader import read_arrays
from odegraph.scheme.faults import Faults
from odegraph.scheme.number_field import Number, to_sympy
from odegraph.scheme.spec import SchemeSpec
from odegraph.scheme.tableau import Tableau
from odegraph.scheme.tableau_reader import read_square, read_tolerance


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
    tolerance = read_tolerance(spec, faults)
    if not spec.row_sums:
        faults.add(
            "`row_sums = false` is for kind `runge-kutta`; the times of both parts of an additive "
            "scheme are the row sums of their matrices. Remove the line."
        )
    arrays = read_arrays(spec, faults)
    if faults.found:
        return None
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
    for key in keys:
        if A is not None and key in arrays and len(arrays[key]) != len(A):
            faults.add(f"`{key}` has {len(arrays[key])} entries, but `A_{name}` has {len(A)} rows.")
    if A is None or len(faults.found) > before:
        return None
    row_sums = tuple(sum(row, Fraction(0)) for row in A)
    c = arrays.get(f"c_{name}", row_sums)
    tableau = Tableau(A, arrays[keys[0]], c, arrays.get(keys[2]), tolerance)
    _check_part(tableau, name, faults)
    return tableau


def _check_part(tableau: Tableau, name: str, faults: Faults) -> None:
    for i, (c, row_sum) in enumerate(zip(tableau.c, tableau.row_sums, strict=True), start=1):
        if not tableau.vanishes(c - row_sum):
            faults.add(
                f"c_{name}[{i}] is {_show(c)}, but row {i} of `A_{name}` sums to {_show(row_sum)}. "
                f"Correct one of them, or leave `c_{name}` out."
            )
    weights = {f"b_{name}": tableau.b}
    if tableau.b_embedded is not None:
        weights[f"b_{name}_embedded"] = tableau.b_embedded
    for key, values in weights.items():
        if not tableau.vanishes((total := sum(values, Fraction(0))) - 1):
            faults.add(
                f"the weights `{key}` sum to {_show(total)}; a consistent scheme has sum 1 in "
                "each part."
            )


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


def _show(value: Number) -> str:
    return shorten(to_sympy(value), 80)
