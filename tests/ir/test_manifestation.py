"""Manifestations: what is accepted, what is refused, and that they travel as data."""

import copy
import json
from fractions import Fraction

import pytest
import sympy
from catalogue_names import names_of_kind
from hypothesis import given
from hypothesis import strategies as st

import odegraph as og
from odegraph.ir import manifestation, manifestation_from_dict, statistics_basis

ONE = og.PiecewiseConstant(1)


def form(**options):
    return manifestation("rk4-classic", **({"basis": ONE, "steps": 2} | options))


@given(steps=st.integers(1, 300))
def test_uniform_grids_are_exact(steps):
    made = form(steps=steps)
    assert made.steps == steps
    assert made.is_uniform
    assert made.grid == tuple(Fraction(n, steps) for n in range(steps + 1))
    assert made.intervals == tuple(
        (Fraction(n, steps), Fraction(n + 1, steps)) for n in range(steps)
    )


def test_depths_are_integers_fractions_or_text():
    made = form(steps=None, grid=[0, "1/3", Fraction(1, 2), sympy.Rational(2, 3), "1"])
    assert made.grid == (0, Fraction(1, 3), Fraction(1, 2), Fraction(2, 3), 1)
    assert not made.is_uniform


@pytest.mark.parametrize(
    ("span", "value"),
    [(8, 8), ("1/10", "1/10"), (0.1, "1/10"), (Fraction(2, 3), "2/3"), (1e-3, "1/1000")],
)
def test_spans_are_exact_also_where_they_are_written_as_decimals(span, value):
    assert form(span=span).span == Fraction(value)


def test_jumps_inside_steps_are_known():
    made = form(basis=og.PiecewiseConstant(3), steps=None, grid=[0, "1/3", "1/2", 1])
    assert made.straddled_jumps == (Fraction(2, 3),)
    assert form(basis=og.PiecewiseLinear(3)).straddled_jumps == ()
    assert form(basis=og.PiecewiseConstant(3), steps=6).straddled_jumps == ()


@pytest.mark.parametrize("name", names_of_kind("runge-kutta"))
def test_manifestations_travel_as_json(name):
    made = manifestation(
        name, basis=og.PiecewiseLinear(2), grid=[0, "1/7", 1], span="5/3", state_basis=ONE
    )
    read = manifestation_from_dict(json.loads(json.dumps(made.to_dict())))
    assert read == made
    assert read.scheme.A == made.scheme.A


def test_manifestations_are_values():
    assert form() == form()
    assert hash(form()) == hash(form())
    assert form() != form(span=2)
    assert copy.deepcopy(form()) == form()


def test_statistics_live_on_the_elements_of_the_basis():
    assert statistics_basis(og.PiecewiseConstant(3)) == og.PiecewiseConstant(3)
    assert statistics_basis(og.PiecewiseLinear(breakpoints=[0, "1/3", 1])) == og.PiecewiseConstant(
        breakpoints=[0, "1/3", 1]
    )


REFUSED = [
    ({"steps": None}, r"Give either `steps` .* or `grid`"),
    ({"grid": [0, 1]}, r"Give either `steps` .* or `grid`"),
    ({"steps": 0}, r"`steps` is `0`; a block takes between 1 and 100000"),
    ({"steps": -3}, r"`steps` is `-3`"),
    ({"steps": 100_001}, r"`steps` is `100001`"),
    ({"steps": 2.0}, r"`steps` is `2.0`, a float; it must be an integer"),
    ({"steps": True}, r"`steps` is `True`, a bool"),
    ({"steps": "4"}, r"`steps` is `4`, a str"),
    ({"grid": [0, 0.5, 1]}, r"A depth of `grid` is `0.5`, a float; it must be an exact rational"),
    ({"grid": [0, "sqrt(2)/2", 1]}, r"A depth of `grid` is `sqrt\(2\)/2`.*exact rational"),
    ({"grid": [0, "a", 1]}, r"the name `a` is not declared"),
    ({"grid": [0, "2/3", "1/3", 1]}, r"`grid` is \[0, 2/3, 1/3, 1\]; depths must rise, but 1/3"),
    ({"grid": [0, "1/2", "1/2", 1]}, r"depths must rise, but 1/2 follows 1/2"),
    ({"grid": ["1/4", 1]}, r"`grid` is \[1/4, 1\]; depth runs from 0 to 1"),
    ({"grid": [0, 2]}, r"`grid` is \[0, 2\]; depth runs from 0 to 1"),
    ({"grid": [0]}, r"depth runs from 0 to 1"),
    ({"grid": []}, r"`grid` is \[\]; depth runs from 0 to 1"),
    ({"grid": 3}, r"`grid` is `3`, a int; it must be a list of depths"),
    ({"grid": "0, 1"}, r"`grid` is `0, 1`, a str; it must be a list of depths"),
    ({"span": 0}, r"`span` is `0`; it must be positive"),
    ({"span": "-1/2"}, r"`span` is `-1/2`; it must be positive"),
    ({"span": float("nan")}, r"`span` is `nan`; .* a positive number such as 8"),
    ({"span": float("inf")}, r"`span` is `inf`; .* a positive number such as 8"),
    ({"span": "two"}, r"`span` is `two`; .* a positive number such as 8"),
    ({"span": None}, r"`span` is `None`"),
    ({"basis": 8}, r"`basis` is a int; give a basis such as `PiecewiseConstant\(8\)`"),
    ({"basis": og.PiecewiseConstant}, r"`basis` is a ABCMeta; give a basis"),
    ({"state_basis": "hats"}, r"`basis` is a str; give a basis"),
]


@pytest.mark.parametrize(("options", "message"), REFUSED, ids=lambda value: str(value)[:40])
def test_bad_manifestations_are_refused(options, message):
    if "grid" in options and options["grid"] != [0, 1]:
        options = {"steps": None} | options
    with pytest.raises(og.GraphError, match=message):
        form(**options)


def test_unknown_schemes_are_refused_with_the_nearest_name():
    with pytest.raises(og.SchemeError, match=r"no scheme `rk4-clasic`.*Did you mean `rk4-classic`"):
        manifestation("rk4-clasic", basis=ONE, steps=1)
    with pytest.raises(og.GraphError, match=r"`scheme` is a int; give a catalogue name"):
        manifestation(4, basis=ONE, steps=1)  # pyright: ignore[reportArgumentType]
