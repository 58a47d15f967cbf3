"""Families of methods that are generated, not read: `gauss(3)`, `radau-iia(2)`, `rkl1(8)`.

The coefficients are computed exactly; `verify` proves every member like a file.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import final

from odegraph._errors import SchemeError
from odegraph._exact import shorten
from odegraph.scheme import collocation as by
from odegraph.scheme import quadrature_nodes as nodes
from odegraph.scheme.runge_kutta_chebyshev import (
    runge_kutta_chebyshev_1,
    runge_kutta_chebyshev_2,
    runge_kutta_legendre_2,
)
from odegraph.scheme.spec import SchemeSpec
from odegraph.scheme.stabilised import extrapolated_euler, runge_kutta_legendre
from odegraph.scheme.tableau import Matrix, Tableau, Vector
from odegraph.scheme.tableau_writer import tableau_spec

MEMBER = re.compile(r"(?P<family>[a-z0-9-]+)\((?P<member>\d{1,3})\)")


@final
@dataclass(frozen=True)
class Family:
    """Members `smallest` to `largest` of a family; `parameter` names what the number counts."""

    title: str
    source: str
    parameter: str
    smallest: int
    largest: int
    build: Callable[[int], Tableau]


def _collocation(node_rule: Callable[[int], Vector]):
    """Collocation methods: the collocation polynomial is their dense output."""

    def build(stages: int) -> Tableau:
        c = node_rule(stages)
        weights = by.quadrature_weights(c)
        return Tableau(by.collocation(c), weights, c, b_dense=by.collocation_polynomial(c))

    return build


def _from(node_rule: Callable[[int], Vector], rule: Callable[[Vector], Matrix]):
    def build(stages: int) -> Tableau:
        c = node_rule(stages)
        return Tableau(rule(c), by.quadrature_weights(c), c)

    return build


def _lobatto_iiid(c: Vector) -> Matrix:
    A, B = by.collocation(c), by.transposed_collocation(c)
    C, D = by.with_first_column(c), by.with_zero_last_column(c)
    return by.combination([(2, A), (2, B), (-1, C), (-2, D)])


_EHLE = "Ehle, thesis, University of Waterloo (1969)"
FAMILIES: Mapping[str, Family] = MappingProxyType(
    {
        "gauss": Family(
            "Gauss", "Kuntzmann (1961); Butcher, Mathematics of Computation 18 (1964)",
            "stages", 1, 5, _collocation(nodes.gauss_nodes),
        ),
        "radau-ia": Family(
            "Radau IA", _EHLE,
            "stages", 1, 4, _from(nodes.radau_left_nodes, by.transposed_collocation),
        ),
        "radau-iia": Family(
            "Radau IIA", _EHLE,
            "stages", 1, 4, _collocation(nodes.radau_right_nodes),
        ),
        "lobatto-iiia": Family(
            "Lobatto IIIA", _EHLE,
            "stages", 2, 6, _collocation(nodes.lobatto_nodes),
        ),
        "lobatto-iiib": Family(
            "Lobatto IIIB", _EHLE,
            "stages", 2, 6, _from(nodes.lobatto_nodes, by.transposed_collocation),
        ),
        "lobatto-iiic": Family(
            "Lobatto IIIC", "Chipman, BIT 11 (1971)",
            "stages", 2, 6, _from(nodes.lobatto_nodes, by.with_first_column),
        ),
        "lobatto-iiic-star": Family(
            "Butcher's Lobatto III (IIIC*)", "Butcher, Mathematics of Computation 18 (1964)",
            "stages", 2, 6, _from(nodes.lobatto_nodes, by.with_zero_last_column),
        ),
        "lobatto-iiid": Family(
            "Lobatto IIID", "Norsett and Wanner, Mathematics of Computation 36 (1981)",
            "stages", 2, 6, _from(nodes.lobatto_nodes, _lobatto_iiid),
        ),
        "rkl1": Family(
            "Runge-Kutta-Legendre, order 1",
            "Meyer, Balsara and Aslam, Journal of Computational Physics 257 (2014)",
            "stages", 1, 64, runge_kutta_legendre,
        ),
        "rkl2": Family(
            "Runge-Kutta-Legendre, order 2",
            "Meyer, Balsara and Aslam, Journal of Computational Physics 257 (2014)",
            "stages", 2, 64, runge_kutta_legendre_2,
        ),
        "rkc1": Family(
            "Runge-Kutta-Chebyshev, order 1, damping 1/20",
            "Van der Houwen and Sommeijer, ZAMM 60 (1980); Verwer, APNUM 22 (1996)",
            "stages", 1, 64, runge_kutta_chebyshev_1,
        ),
        "rkc2": Family(
            "Runge-Kutta-Chebyshev, order 2, damping 2/13",
            "Sommeijer, Shampine and Verwer, Journal of Computational and Applied Mathematics 88 "
            "(1997)",
            "stages", 2, 64, runge_kutta_chebyshev_2,
        ),
        "extrapolated-euler": Family(
            "Extrapolated Euler", "Hairer, Norsett and Wanner, Solving ODEs I, II.9",
            "order", 1, 10, extrapolated_euler,
        ),
    }
)  # fmt: skip


def member_spec(family_name: str, member: int) -> SchemeSpec:
    """The spec of a member of a family.

    Raises:
        SchemeError: a member outside the range that is computed exactly.
    """
    family = FAMILIES[family_name]
    if not family.smallest <= member <= family.largest:
        raise SchemeError(
            f"`{family_name}({member})` is not available: {family.parameter} must be "
            f"{family.smallest} to {family.largest}. Beyond, exact coefficients are out of reach."
        )
    return tableau_spec(
        family.build(member),
        name=f"{family_name}({member})",
        title=f"{family.title}, {family.parameter} {member}",
        source=family.source,
    )


def parse_member(name: str, parameters: Mapping[str, object]) -> tuple[str, int] | None:
    """(family, number) of `gauss(3)`, or of `gauss` with `stages=3`; None for other names.

    Raises:
        SchemeError: a family without its number, or with anything else.
    """
    match = MEMBER.fullmatch(name)
    if match and match["family"] in FAMILIES and not parameters:
        return match["family"], int(match["member"])
    if name not in FAMILIES:
        return None
    parameter = FAMILIES[name].parameter
    value = parameters.get(parameter)
    if set(parameters) != {parameter} or not isinstance(value, int) or isinstance(value, bool):
        raise SchemeError(
            f"`{shorten(name)}` is a family of schemes: say which one, as in `{name}(3)` or "
            f'`load_scheme("{name}", {parameter}=3)`.'
        )
    return name, value
