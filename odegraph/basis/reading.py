"""Bases as data: the tables of model files and checkpoints, read back."""

import difflib
from collections.abc import Mapping

from odegraph._errors import ProjectionError
from odegraph._exact import shorten
from odegraph.basis.basis import Basis
from odegraph.basis.piecewise import PiecewiseConstant, PiecewiseLinear

BASES: tuple[type[Basis], ...] = (PiecewiseConstant, PiecewiseLinear)


def basis_from_dict(table: Mapping[str, object]) -> Basis:
    """The basis that a table such as `{"kind": "piecewise-constant", "elements": 8}` describes."""
    if not isinstance(table, Mapping):
        raise ProjectionError(
            f"A basis is described by a table, not by `{shorten(table)}`: write "
            'basis = { kind = "piecewise-constant", elements = 8 }.'
        )
    found = _basis_class(table.get("kind"))
    arguments = {key: value for key, value in table.items() if key != "kind"}
    for key in arguments:
        if key not in found.keys:
            raise ProjectionError(
                f"A `{found.kind}` basis has no key `{shorten(key)}`. "
                f"{_nearest(key, found.keys, what='Its keys')}"
            )
    return found(**arguments)


def _basis_class(kind: object) -> type[Basis]:
    kinds = {basis.kind: basis for basis in BASES}
    if isinstance(kind, str) and kind in kinds:
        return kinds[kind]
    problem = "A basis needs a `kind`" if kind is None else f"There is no basis `{shorten(kind)}`"
    raise ProjectionError(f"{problem}. {_nearest(kind, tuple(kinds), what='Known kinds')}")


def _nearest(given: object, known: tuple[str, ...], *, what: str) -> str:
    near = difflib.get_close_matches(str(given), known, n=1)
    return f"Did you mean `{near[0]}`?" if near else f"{what}: {', '.join(sorted(known))}."
