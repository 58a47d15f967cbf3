"""Families with free parameters: the symbolic proof against members, and its exceptions."""

from fractions import Fraction
from typing import Any

import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

from odegraph._errors import SchemeError
from odegraph.scheme import SchemeSpec, load_scheme, prove_family, read_scheme_file
from odegraph.scheme.catalogue import scheme_files

FAMILIES = ["rk2-family", "rk3-family", "rk4-family", "sdirk2-family", "theta-method"]


def spec_of(name: str) -> SchemeSpec:
    return read_scheme_file(scheme_files()[name])


@pytest.mark.parametrize("name", FAMILIES)
def test_every_file_with_parameters_is_proven_symbolically(name):
    assert prove_family(spec_of(name)).order == load_scheme(name).order


def test_no_file_with_parameters_is_left_out():
    assert [name for name in sorted(scheme_files()) if spec_of(name).parameters] == FAMILIES


@pytest.mark.parametrize("name", FAMILIES)
@settings(deadline=None, max_examples=25)
@given(data=st.data())
def test_members_have_the_order_of_the_family_or_are_named(name, data):
    proof = prove_family(spec_of(name))
    rationals = st.fractions(min_value=-2, max_value=2, max_denominator=5)
    values = {parameter: data.draw(rationals) for parameter in proof.parameters}
    exact = {k: sympy.Rational(v.numerator, v.denominator) for k, v in values.items()}
    symbols: Any = {sympy.Symbol(k, real=True): v for k, v in exact.items()}
    if len(values) == 1:
        (value,) = exact.values()
        singular = value in proof.singular
        expected = dict(proof.higher_order).get(value, proof.order)
    else:
        singular = any(p.subs(symbols) == 0 for p in proof.singular)
        expected = proof.order
    if singular:
        with pytest.raises(SchemeError, match="divides by zero"):
            load_scheme(name, **values)
    else:
        assert load_scheme(name, **values).order >= expected
        assert len(values) > 1 or load_scheme(name, **values).order == expected


def test_exceptional_values_are_named():
    proof = prove_family(spec_of("sdirk2-family"))
    root = sympy.sqrt(3) / 6
    half = sympy.Rational(1, 2)
    assert proof.higher_order == ((half - root, 3), (half + root, 3))
    assert prove_family(spec_of("theta-method")).higher_order == ((half, 2),)
    assert prove_family(spec_of("rk2-family")).singular == (0,)
    assert load_scheme("sdirk2-family", gamma="1/2 + sqrt(3)/6").order == 3


def test_members_are_the_named_methods():
    for name, alpha in (("midpoint", "1/2"), ("ralston-2", "2/3"), ("heun-2", 1)):
        assert load_scheme("rk2-family", alpha=alpha).spec.values == {"alpha": str(alpha)}
        found, named = load_scheme("rk2-family", alpha=alpha), load_scheme(name)
        assert getattr(found, "A") == getattr(named, "A")  # noqa: B009
    for name, w in (("rk4-classic", Fraction(1, 3)), ("kutta-4-w1", 1)):
        found, named = load_scheme("rk4-family", w=w), load_scheme(name)
        assert found.order == named.order == 4


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"A": [[]], "b": ["1"]}, "`family` has no parameters; `verify` proves its order"),
        (
            {"A": [["sqrt(g)"]], "b": ["1"], "parameters": {"g": {}}},
            "rational in the parameters: .*not a real algebraic number",
        ),
        ({"A": [[], ["g"], ["g"]], "b": ["1", "g", "g"], "parameters": {"g": {}}}, "row 3 of `A`"),
        ({"A": [["1/(g-g)"]], "b": ["1"], "parameters": {"g": {}}}, "it divides by zero"),
    ],
)
def test_families_that_cannot_be_proven_symbolically(data, message):
    with pytest.raises(SchemeError, match=message):
        prove_family(SchemeSpec.from_dict(data, name="family"))
