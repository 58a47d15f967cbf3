"""From exact numbers to the text of a scheme file."""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

import sympy

from odegraph._exact import exact_text
from odegraph.scheme.number_field import to_sympy
from odegraph.scheme.spec import SchemeSpec
from odegraph.scheme.tableau import Tableau

Exact = sympy.Expr | Fraction | int | str


def tableau_spec(
    tableau: Tableau, *, name: str, title: str, source: str, tolerance: str | None = None
) -> SchemeSpec:
    """The spec of a tableau that was computed, not read."""
    arrays = {"A": tableau.A, "b": tableau.b, "c": tableau.c}
    arrays |= {
        key: rows
        for key, rows in (("b_embedded", tableau.b_embedded), ("b_dense", tableau.b_dense))
        if rows is not None
    }
    return arrays_spec(
        {key: _to_sympy(value) for key, value in arrays.items()},
        name=name,
        title=title,
        source=source,
        tolerance=tolerance,
        row_sums=tableau.has_row_sum_nodes,
    )


def arrays_spec(
    arrays: Mapping[str, Any],
    *,
    name: str,
    title: str = "",
    source: str = "",
    kind: str = "runge-kutta",
    tolerance: str | None = None,
    row_sums: bool = True,
) -> SchemeSpec:
    """The spec of arrays of exact numbers; roots of polynomials become named numbers."""
    roots: dict[sympy.Expr, sympy.Symbol] = {}
    return SchemeSpec(
        name=name,
        kind=kind,
        title=title or name,
        source=source,
        coefficients={key: _to_text(value, roots) for key, value in arrays.items()},
        numbers={str(symbol): _root_table(root) for root, symbol in roots.items()},
        tolerance=tolerance,
        row_sums=row_sums,
    )


def _to_sympy(value: Any) -> Any:
    return tuple(_to_sympy(x) for x in value) if isinstance(value, tuple) else to_sympy(value)


def _to_text(value: Any, roots: dict[sympy.Expr, sympy.Symbol]) -> Any:
    match value:
        case str():
            return value
        case sympy.MatrixBase() if 1 in value.shape:
            return tuple(_to_text(x, roots) for x in value)
        case sympy.MatrixBase():
            return tuple(_to_text(tuple(row), roots) for row in value.tolist())
        case sympy.Expr():
            for root in value.atoms(sympy.CRootOf):
                roots.setdefault(root, sympy.Symbol(f"root_{len(roots)}"))
            named: Any = value.xreplace(roots)
            return exact_text(named)
        case Sequence():
            return tuple(_to_text(x, roots) for x in value)
    return str(value)


def _root_table(root: Any) -> dict[str, Any]:
    coefficients = tuple(str(x) for x in root.poly.all_coeffs())
    return {"polynomial": coefficients, "root": int(root.index)}
