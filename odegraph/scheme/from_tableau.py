"""Schemes from coefficients at hand, proven like those from files."""

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import sympy

from odegraph.scheme.base import Scheme
from odegraph.scheme.spec import SchemeSpec
from odegraph.scheme.tableau_writer import arrays_spec
from odegraph.scheme.verify import verify

Exact = sympy.Expr | Fraction | int | str
Vector = Sequence[Exact] | sympy.MatrixBase
Matrix = Sequence[Sequence[Exact]] | sympy.MatrixBase


def scheme_from_tableau(
    A: Matrix,
    b: Vector,
    *,
    c: Vector | None = None,
    b_embedded: Vector | None = None,
    b_dense: Matrix | None = None,
    name: str = "tableau",
    title: str = "",
    source: str = "",
    row_sums: bool = True,
) -> Scheme:
    """The Runge-Kutta scheme with these exact coefficients; c defaults to the row sums of A.

    `b_dense` has one row a stage, the coefficients of theta, theta^2, ... of b_i(theta).
    Entries are integers, fractions, sympy numbers or text such as "1/2 - sqrt(3)/6".

    Raises:
        SchemeError: all faults of the tableau, as for a file.
    """
    # A matrix with one column holds rows here, not a vector.
    b_dense = b_dense.tolist() if isinstance(b_dense, sympy.MatrixBase) else b_dense
    arrays: dict[str, Any] = {"A": A, "b": b, "c": c, "b_embedded": b_embedded, "b_dense": b_dense}
    given = {key: value for key, value in arrays.items() if value is not None}
    spec = arrays_spec(given, name=name, title=title, source=source, row_sums=row_sums)
    return verify(SchemeSpec.from_dict(spec.to_dict()))
