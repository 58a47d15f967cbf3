"""Generated families: the members that have a file, the orders of the books, and the errors."""

import pytest
import sympy

from odegraph._errors import SchemeError
from odegraph.scheme import RungeKuttaScheme, family_names, load_scheme
from odegraph.scheme.families import FAMILIES

Z = sympy.Symbol("z")


def load(name: str, **parameters: object) -> RungeKuttaScheme:
    scheme = load_scheme(name, **parameters)
    assert isinstance(scheme, RungeKuttaScheme)
    return scheme


@pytest.mark.parametrize(
    ("member", "file"),
    [
        ("gauss(1)", "implicit-midpoint"), ("gauss(2)", "gauss-2"), ("gauss(3)", "gauss-3"),
        ("radau-ia(2)", "radau-ia-2"), ("radau-ia(3)", "radau-ia-3"),
        ("radau-iia(1)", "backward-euler"), ("radau-iia(2)", "radau-iia-2"),
        ("radau-iia(3)", "radau-iia-3"), ("lobatto-iiia(2)", "crank-nicolson"),
        ("lobatto-iiia(3)", "lobatto-iiia-3"), ("lobatto-iiia(4)", "lobatto-iiia-4"),
        ("lobatto-iiib(2)", "lobatto-iiib-2"), ("lobatto-iiib(3)", "lobatto-iiib-3"),
        ("lobatto-iiic(2)", "lobatto-iiic-2"), ("lobatto-iiic(3)", "lobatto-iiic-3"),
        ("lobatto-iiic(4)", "lobatto-iiic-4"), ("lobatto-iiic-star(3)", "lobatto-iiic-star-3"),
        ("lobatto-iiic-star(4)", "lobatto-iiic-star-4"), ("lobatto-iiid(2)", "lobatto-iiid-2"),
        ("lobatto-iiid(3)", "lobatto-iiid-3"), ("rkl1(1)", "euler"),
        ("extrapolated-euler(1)", "euler"), ("extrapolated-euler(2)", "midpoint"),
    ],
)  # fmt: skip
def test_members_are_the_methods_in_the_files(member, file):
    generated, filed = load(member), load(file)
    assert (generated.A, generated.b, generated.c) == (filed.A, filed.b, filed.c)


ORDERS = {
    "gauss": lambda s: 2 * s,
    "radau-ia": lambda s: 2 * s - 1,
    "radau-iia": lambda s: 2 * s - 1,
    "lobatto-iiia": lambda s: 2 * s - 2,
    "lobatto-iiib": lambda s: 2 * s - 2,
    "lobatto-iiic": lambda s: 2 * s - 2,
    "lobatto-iiic-star": lambda s: 2 * s - 2,
    "lobatto-iiid": lambda s: 2 * s - 2,
    "rkl1": lambda _: 1,
    "rkl2": lambda _: 2,
    "rkc1": lambda _: 1,
    "rkc2": lambda _: 2,
    "extrapolated-euler": lambda k: k,
}


@pytest.mark.parametrize("name", family_names())
def test_members_have_the_order_of_the_books(name):
    family = FAMILIES[name]
    for member in range(family.smallest, min(family.largest, 5) + 1):
        scheme = load(name, **{family.parameter: member})
        assert scheme.order == ORDERS[name](member)
        assert scheme.name == f"{name}({member})"
        assert scheme is load(f"{name}({member})")


@pytest.mark.parametrize("stages", [2, 3, 4])
def test_stability_and_structure_as_in_the_books(stages):
    # Hairer and Wanner, table IV.5.13 and sections IV.5 and IV.12.
    gauss, radau = load("gauss", stages=stages), load("radau-iia", stages=stages)
    assert gauss.is_a_stable
    assert not gauss.is_l_stable
    assert gauss.is_symplectic
    assert gauss.is_symmetric
    assert radau.is_l_stable
    assert load("radau-ia", stages=stages).is_l_stable
    assert load("lobatto-iiic", stages=stages).is_l_stable
    assert load("lobatto-iiia", stages=stages).is_symmetric
    assert load("lobatto-iiib", stages=stages).is_symmetric
    assert not load("lobatto-iiic-star", stages=stages).is_a_stable


@pytest.mark.parametrize("stages", [2, 3, 4])
def test_the_adjoint_of_radau_ia_is_radau_iia(stages):
    # Both are transposes of each other, and the nodes are mirror images.
    ia, iia = load("radau-ia", stages=stages), load("radau-iia", stages=stages)
    assert ia.stability == iia.stability
    mirrored = [sympy.simplify(1 - x) for x in reversed(iia.c.flat())]
    assert all(abs((x - y).evalf(30)) < 1e-25 for x, y in zip(ia.c.flat(), mirrored, strict=True))


@pytest.mark.parametrize("stages", [2, 5, 9])
def test_rkl1_is_a_shifted_legendre_polynomial(stages):
    scheme = load("rkl1", stages=stages)
    expected = sympy.legendre(stages, 1 + 2 * Z / (stages**2 + stages))
    assert sympy.expand(expected - scheme.stability_function(Z)) == 0
    assert scheme.analysis.real_stability_interval == stages**2 + stages


@pytest.mark.parametrize(
    ("name", "parameters", "message"),
    [
        ("gauss", {}, r"`gauss` is a family of schemes: say which one, as in `gauss\(3\)`"),
        ("gauss", {"stages": "3"}, "is a family"),
        ("gauss", {"stages": True}, "is a family"),
        ("gauss", {"order": 4}, r"`load_scheme\(\"gauss\", stages=3\)`"),
        ("extrapolated-euler", {"stages": 4}, r"order=3\)"),
        ("gauss(9)", {}, r"`gauss\(9\)` is not available: stages must be 1 to 5"),
        ("lobatto-iiia(1)", {}, "stages must be 2 to 6"),
        ("gauss(0)", {}, "stages must be 1 to 5"),
        ("gaus(3)", {}, r"There is no scheme `gaus\(3\)`.*Did you mean `gauss"),
    ],
)
def test_other_members_are_refused(name, parameters, message):
    with pytest.raises(SchemeError, match=message):
        load(name, **parameters)
