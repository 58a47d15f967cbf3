"""Exact arithmetic: the laws of a field, and agreement with sympy."""

from fractions import Fraction

import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

from odegraph._errors import SchemeError
from odegraph.scheme.adjoin import adjoin, evaluate
from odegraph.scheme.number_field import AlgebraicNumber, enclosure, sign, to_sympy

X = sympy.Symbol("x")
GENERATORS = {
    "quadratic": [sympy.sqrt(21)],
    "biquadratic": [sympy.sqrt(2), sympy.sqrt(3)],
    "cubic": [sympy.CRootOf(6 * X**3 - 18 * X**2 + 9 * X - 1, 1)],
    "nested": [sympy.sqrt(15 + 2 * sympy.sqrt(30)), sympy.sqrt(30)],
}
SMALL = st.fractions(min_value=-9, max_value=9, max_denominator=7)


def numbers(name):
    generators = GENERATORS[name]
    values = adjoin(generators)

    def combine(weights):
        expression = weights[0] + sum(
            sympy.Rational(w.numerator, w.denominator) * g
            for w, g in zip(weights[1:], generators, strict=True)
        )
        expression = sympy.sympify(expression)
        return expression, evaluate(expression, values)

    return st.lists(SMALL, min_size=len(generators) + 1, max_size=len(generators) + 1).map(combine)


fields = pytest.mark.parametrize("name", GENERATORS)


@fields
@settings(deadline=None, max_examples=40)
@given(data=st.data())
def test_field_laws(name, data):
    (_, x), (_, y), (_, z) = (data.draw(numbers(name)) for _ in range(3))
    assert x + y == y + x
    assert (x + y) + z == x + (y + z)
    assert x * (y + z) == x * y + x * z
    assert x - x == 0
    if y:
        assert (x / y) * y == x
        assert 1 / (1 / y) == y
        assert y**-2 * y**2 == 1


@fields
@settings(deadline=None, max_examples=40)
@given(data=st.data())
def test_arithmetic_agrees_with_sympy(name, data):
    (e, x), (f, y) = (data.draw(numbers(name)) for _ in range(2))
    assert abs(float(to_sympy(x * y - x).evalf(30) - (e * f - e).evalf(30))) < 1e-20
    assert sign(x - y) == sympy.sign((e - f).evalf(50, chop=True))
    low, high = enclosure(x * y, bits=128)
    assert low <= high <= low + Fraction(1, 2**80)


@fields
@settings(deadline=None, max_examples=40)
@given(data=st.data())
def test_equal_numbers_have_equal_hashes_and_order_is_total(name, data):
    (_, x), (_, y) = (data.draw(numbers(name)) for _ in range(2))
    assert hash(x + y) == hash(y + x)
    assert [x < y, x == y, x > y].count(True) == 1
    assert (x <= y) == (not x > y)
    assert abs(x) >= 0


def test_rational_results_are_fractions():
    root = evaluate(sympy.sqrt(2), adjoin([sympy.sqrt(2)]))
    assert isinstance(root, AlgebraicNumber)
    assert root * root == Fraction(2)
    assert isinstance(root * root, Fraction)
    assert repr(root + Fraction(1, 2)) == "AlgebraicNumber(1/2 + sqrt(2))"


def test_close_numbers_are_told_apart():
    # |p - q sqrt(2)| is about 1 / (2.8 q) for convergents p / q.
    root = evaluate(sympy.sqrt(2), adjoin([sympy.sqrt(2)]))
    p, q = 1, 1
    for k in range(200):
        assert sign(p - q * root) == (-1 if k % 2 == 0 else 1)
        p, q = p + 2 * q, p + q


def test_numbers_print_in_the_surds_they_were_given_in():
    e = 1 + sympy.sqrt(2) / 3 - sympy.sqrt(3) + sympy.sqrt(6) / 7
    assert to_sympy(evaluate(e, adjoin([e]))) == e


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        (sympy.pi, "`pi` is not a real algebraic number"),
        (sympy.sqrt(1 - sympy.sqrt(2)), "is not a real"),
        (sympy.Integer(2) ** sympy.Rational(1, 17), "number field of degree 17; at most 16"),
    ],
)
def test_other_numbers_are_refused(expression, message):
    with pytest.raises(SchemeError, match=message):
        adjoin([expression])
