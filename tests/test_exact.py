"""Exact numbers: what is read, what is refused, and that floats and source come out right."""

import math
import random
from fractions import Fraction

import pytest
import sympy
from hypothesis import given
from hypothesis import strategies as st

from odegraph import OdegraphError
from odegraph._exact import (
    MAX_NESTING,
    MAX_TEXT,
    NO_SYMBOLS,
    _Parser,
    as_fraction,
    exact_text,
    parse_exact,
    shorten,
    to_exact,
    to_float,
    to_rational,
    to_source,
)

GAMMA = sympy.Symbol("gamma")

READ = {
    "0": 0,
    "-0": 0,
    "7": 7,
    " 1/3 ": sympy.Rational(1, 3),
    "-1/3": sympy.Rational(-1, 3),
    "+ 2": 2,
    "--2": 2,
    "1 - 2 - 3": -4,
    "2/3/4": sympy.Rational(1, 6),
    "2 * -3": -6,
    "1/2*4": 2,
    "-2**2": -4,
    "(-2)**2": 4,
    "2**-1": sympy.Rational(1, 2),
    "2**3**2": 512,
    "8**(1/3)": 2,
    "4**(3/2)": 8,
    "sqrt(2)": sympy.sqrt(2),
    "sqrt(4/9)": sympy.Rational(2, 3),
    "1/2 - sqrt(3)/6": sympy.Rational(1, 2) - sympy.sqrt(3) / 6,
    "(1 + sqrt(5))/2": (1 + sympy.sqrt(5)) / 2,
    "sqrt(2)**2": 2,
    "((((1))))": 1,
    "1_0".replace("_", ""): 10,
}


@pytest.mark.parametrize(("text", "value"), READ.items())
def test_reads(text, value):
    assert sympy.expand(parse_exact(text) - value) == 0


def test_reads_declared_names_and_decimals_only_where_they_are_allowed():
    assert parse_exact("1 - 2*gamma", symbols={"gamma": GAMMA}) == 1 - 2 * GAMMA
    assert parse_exact("sqrt", symbols={"sqrt": sympy.Integer(3)}) == 3
    assert parse_exact("0.25", decimal=True) == sympy.Rational(1, 4)
    assert parse_exact("-1.5e-3 + .5", decimal=True) == sympy.Rational(997, 2000)
    assert parse_exact(12) == 12


REFUSED = {
    "": "it ends too early",
    " ": "it ends too early",
    "1 2": "`2` is unexpected",
    "1 +": "it ends too early",
    "*1": r"`\*` is unexpected",
    "(1": "a parenthesis is not closed",
    "1)": r"`\)` is unexpected",
    "()": r"`\)` is unexpected",
    "1//2": "`/` is unexpected",
    "1/0": "it divides by zero",
    "1/(1 - 1)": "it divides by zero",
    "1/(sqrt(4) - 2)": "it divides by zero",
    "0**0": "zero has no such power",
    "0**-1": "zero has no such power",
    "sqrt(-1)": "a root of a negative number is not real",
    "(-8)**(1/3)": "a root of a negative number is not real",
    "2**sqrt(2)": r"exponent `sqrt\(2\)` is not a rational",
    "2**65": "an exponent is larger than 64",
    "9**9**9**9": "an exponent is larger than 64",
    "((10**64)**64)**64": "a power is too large",
    "0.5": r"holds the float `0.5`.*\"1/4\".*decimal = true",
    "1e3": "holds the float `1e3`",
    "x": r"the name `x` is not declared \(known: sqrt\)",
    "pi": "the name `pi` is not declared",
    "sqrt": "the name `sqrt` is not declared",
    "sqrt 2": "the name `sqrt` is not declared",
    "sqrt(2": "a parenthesis is not closed",
    "exp(1)": "the name `exp` is not declared",
    "__import__('os').system('x')": "`'os'.*` is not understood",
    "1;2": "`;2` is not understood",
    "1\n+\\x": r"is not understood",
    "١": "is not understood",
    "½": "is not understood",
    "1 if 1 else 2": "`if` is unexpected",
    "[1]": r"`\[1\]` is not understood",
    "lambda: 1": "is not understood",
    "2^3": r"`\^3` is not understood",
    "inf": "the name `inf` is not declared",
    "nan": "the name `nan` is not declared",
}


@pytest.mark.parametrize(("text", "message"), REFUSED.items())
def test_refuses(text, message):
    with pytest.raises(OdegraphError, match=message):
        parse_exact(text)


def test_refuses_what_is_too_long_or_too_deep_at_once():
    with pytest.raises(OdegraphError, match=rf"has 1000000 characters; at most {MAX_TEXT}"):
        parse_exact("1" * 1_000_000)
    with pytest.raises(OdegraphError, match="more than 1000 digits"):
        parse_exact("1" * 2000)
    with pytest.raises(OdegraphError, match="more than 1000 digits"):
        parse_exact("1." + "1" * 2000, decimal=True)
    deep = MAX_NESTING + 1
    for text in ("(" * deep + "1" + ")" * deep, "sqrt(" * deep + "1" + ")" * deep):
        with pytest.raises(OdegraphError, match=f"nests deeper than {MAX_NESTING} levels"):
            parse_exact(text)
    with pytest.raises(OdegraphError, match="nests deeper"):
        parse_exact("**".join(["1"] * 200))
    with pytest.raises(OdegraphError) as caught:
        parse_exact("(" * 5000)
    assert len(str(caught.value)) < 300


def test_long_sums_and_chains_of_signs_are_read_without_recursion():
    assert parse_exact("+".join(["1"] * 4000)) == 4000
    assert parse_exact("-" * 5000 + "1") == 1


@pytest.mark.parametrize("value", [1.0, True, None, [1], b"1"])
def test_refuses_what_is_not_text(value):
    with pytest.raises(OdegraphError, match=f"is a {type(value).__name__}; write exact numbers"):
        parse_exact(value)


@given(st.fractions())
def test_text_of_rationals_reads_back(value):
    assert parse_exact(exact_text(value)) == sympy.Rational(value.numerator, value.denominator)


@pytest.mark.parametrize("text", [text for text in READ if "sqrt" in text])
def test_text_of_algebraic_numbers_reads_back(text):
    value = parse_exact(text)
    assert parse_exact(exact_text(value)) == value


LETTERS = "0123456789+-*/() sqrt.e,_'\"[]{}^%\n\\\0"


def test_no_text_does_anything_but_give_a_number_or_an_error():
    generator = random.Random(0)
    for _ in range(3000):
        text = "".join(generator.choices(LETTERS, k=generator.randrange(12)))
        try:
            assert isinstance(parse_exact(text), sympy.Expr)
        except OdegraphError as error:
            assert "number" in str(error)


def test_as_fraction_takes_what_is_exact_and_rational():
    quarter = Fraction(1, 4)
    for value in (quarter, "1/4", " 0 + 1/4", sympy.Rational(1, 4)):
        assert as_fraction(value, name="x") == quarter
    assert as_fraction(3, name="x") == 3
    assert as_fraction("sqrt(4)", name="x") == 2


@pytest.mark.parametrize("value", [0.25, True, None, "sqrt(2)", sympy.sqrt(2), math.pi])
def test_as_fraction_refuses_the_rest(value):
    with pytest.raises(OdegraphError, match=r"A depth is `.*`, a .*; it must be an exact rational"):
        as_fraction(value, name="A depth")


def test_conversions_keep_the_value():
    third = sympy.Rational(1, 3)
    assert to_exact(Fraction(1, 3)) == to_exact(third) == third
    assert to_exact(2) == 2
    assert to_rational(third) == to_rational(Fraction(1, 3)) == Fraction(1, 3)
    assert to_rational(5) == 5
    assert to_rational(sympy.sqrt(2)) is None


@given(st.fractions())
def test_floats_of_rationals_are_the_nearest(value):
    found = Fraction(to_float(to_exact(value)))
    for other in (math.nextafter(float(found), math.inf), math.nextafter(float(found), -math.inf)):
        assert abs(found - value) <= abs(Fraction(other) - value)


def test_floats_of_algebraic_numbers_are_the_nearest():
    assert to_float(sympy.sqrt(2)) == math.sqrt(2)
    assert to_float(sympy.sqrt(2) - sympy.Rational(141421356, 10**8)) == pytest.approx(
        2.373095e-9, rel=1e-6
    )
    assert to_float(sympy.sqrt(3 + 2 * sympy.sqrt(2)) - 1 - sympy.sqrt(2)) == 0
    with pytest.raises(OdegraphError, match="`gamma` is not a real number"):
        to_float(GAMMA)
    with pytest.raises(OdegraphError, match="is not a real number"):
        to_float(sympy.sqrt(-2))


SOURCES = [
    (1 / 6, None, "1 / 6"),
    (-1 / 2, None, "-1 / 2"),
    (2.0, None, "2"),
    (-3.0, None, "-3"),
    (0.0, None, "0"),
    (0.1, None, "1 / 10"),
    (math.sqrt(2), None, "1.4142135623730951"),
    (19372 / 6561, Fraction(19372, 6561), "19372 / 6561"),
    (19372 / 6561, None, "2.9525986892242035"),
    (math.nextafter(1 / 3, 1), Fraction(1, 3), "0.33333333333333337"),
    (1e300, None, "1e+300"),
    (2.0**60, Fraction(2**60), "1.152921504606847e+18"),
    (1 / 3, sympy.sqrt(2), "0.3333333333333333"),
    (1e-13, Fraction(1, 10**13), "1e-13"),
]


@pytest.mark.parametrize(("value", "exact", "source"), SOURCES)
def test_source_reads_as_by_hand_and_evaluates_to_the_float(value, exact, source):
    assert to_source(value, exact) == source
    numerator, _, denominator = source.partition(" / ")
    assert float(numerator) / float(denominator or 1) == value


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_source_always_evaluates_to_the_float(value):
    numerator, _, denominator = to_source(value).partition(" / ")
    assert float(numerator) / float(denominator or 1) == value


def test_user_input_is_shortened_to_one_line():
    assert shorten("a\nb") == "a b"
    assert shorten("x" * 500) == "x" * 57 + "..."
    assert shorten(3.5) == "3.5"


RATIONALS = st.tuples(st.integers(-99, 99), st.integers(1, 99)).map(lambda x: f"{x[0]}/{x[1]}")


@given(x=RATIONALS, y=RATIONALS, radicand=st.integers(0, 50), surd_first=st.booleans())
def test_plain_surds_are_read_as_the_grammar_reads_them(x, y, radicand, surd_first):
    numerator, denominator = y.split("/")
    surd = f"{numerator}*sqrt({radicand})/{denominator}"
    text = f"{surd} + {x}" if surd_first else f"{x} + {surd}"
    quick, slow = parse_exact(text), _Parser(text, NO_SYMBOLS, decimal=False).parse()
    assert (quick, str(quick), quick.args) == (slow, str(slow), slow.args)
