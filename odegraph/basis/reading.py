"""Bases as data: the tables of model files and checkpoints, read back."""

import difflib
from collections.abc import Mapping

from odegraph._errors import ProjectionError
from odegraph._exact import shorten
from odegraph.basis.basis import Basis
from odegraph.basis.cosine import Cosine
from odegraph.basis.discontinuous import DiscontinuousLinear, DiscontinuousPolynomial
from odegraph.basis.global_polynomial import Chebyshev, Legendre
from odegraph.basis.piecewise import PiecewiseConstant, PiecewiseLinear
from odegraph.basis.spline import BSpline
from odegraph.basis.wavelet import Haar, LegendreMultiwavelet

BASES: tuple[type[Basis], ...] = (
    PiecewiseConstant,
    PiecewiseLinear,
    DiscontinuousLinear,
    DiscontinuousPolynomial,
    Legendre,
    Chebyshev,
    Cosine,
    BSpline,
    Haar,
    LegendreMultiwavelet,
)


def basis_from_dict(table: Mapping[str, object]) -> Basis:
    """The basis that a table such as `{"kind": "piecewise-constant", "elements": 8}` describes."""
    if not isinstance(table, Mapping):
        raise ProjectionError(
            f"A basis is described by a table, not by `{shorten(table)}`: write "
            'basis = { kind = "piecewise-constant", elements = 8 }.'
        )
    found = _basis_class(table.get("kind"))
    for key in table:
        if key not in ("kind", *found.keys):
            raise ProjectionError(
                f"A `{found.kind}` basis has no key `{shorten(key)}`. "
                f"{_nearest(key, found.keys, what='Its keys')}"
            )
    # A key that is not there is `None`, which the constructor refuses where it needs a value.
    return found(**{key: table.get(key) for key in found.keys})


def _basis_class(kind: object) -> type[Basis]:
    kinds = {basis.kind: basis for basis in BASES}
    if isinstance(kind, str) and kind in kinds:
        return kinds[kind]
    problem = f"There is no basis `{shorten(kind)}`" if kind else "A basis needs a `kind`"
    raise ProjectionError(f"{problem}. {_nearest(kind or '', tuple(kinds), what='Known kinds')}")


def _nearest(given: object, known: tuple[str, ...], *, what: str) -> str:
    near = difflib.get_close_matches(str(given), known, n=1)
    return f"Did you mean `{near[0]}`?" if near else f"{what}: {', '.join(sorted(known))}."
