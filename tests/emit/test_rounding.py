"""Rounding keeps the sum of the weights wherever floats allow it, and moves them hardly at all."""

from fractions import Fraction

import numpy as np
import pytest
import sympy
from catalogue_names import names_of_kind
from hypothesis import given, settings
from hypothesis import strategies as st

import odegraph as og
from odegraph.emit.rounding import MAX_MOVE, Precision, are_roundings, round_weights

EXPLICIT = [name for name in names_of_kind("runge-kutta") if og.load_scheme(name).is_explicit]


def added_up(weights, precision) -> float:
    total = precision.value(0)
    for weight in weights:
        total = total + precision.value(weight)
    return float(total)


@pytest.mark.parametrize("precision", list(Precision))
@pytest.mark.parametrize("name", EXPLICIT)
def test_the_weights_of_a_step_of_dyadic_length_add_up_to_it(name, precision):
    b = [weight for weight in og.load_scheme(name).b if weight != 0]
    for h in (Fraction(1), Fraction(4), Fraction(1, 1024)):
        exact = [weight * sympy.Rational(h.numerator, h.denominator) for weight in b]
        rounded = round_weights(exact, precision)
        # Weights that were published as decimals need not add up to 1.
        assert added_up(rounded, precision) == precision.value(float(sum(exact)))
        assert sum(b) != 1 or added_up(rounded, precision) == h
        assert are_roundings(rounded, [float(weight) for weight in exact], precision.value)


positive = st.lists(st.fractions(Fraction(1, 1000), 10, max_denominator=10_000), max_size=8)


@settings(deadline=None, max_examples=60)
@given(weights=positive, precision=st.sampled_from(list(Precision)))
def test_positive_weights_stay_near_and_keep_their_sum(weights, precision):
    rounded = round_weights(weights, precision)
    kind = precision.value
    unit = np.spacing(kind(max(map(float, weights), default=0)))
    for weight, found in zip(weights, rounded, strict=True):
        assert abs(kind(found) - kind(float(weight))) <= MAX_MOVE * unit
    target = kind(float(sum(weights)))
    assert abs(kind(added_up(rounded, precision)) - target) <= np.spacing(target)


def test_a_lone_weight_is_the_nearest_float():
    assert round_weights([Fraction(1, 3)], Precision.SINGLE) == (1 / 3,)
    assert round_weights([], Precision.SINGLE) == ()


def test_weights_that_need_no_change_keep_all_their_digits():
    assert round_weights([Fraction(1, 4), Fraction(3, 4)], Precision.SINGLE) == (0.25, 0.75)


def test_one_weight_moves_by_one_unit_in_the_last_place():
    sixth, third = Fraction(1, 6), Fraction(1, 3)
    rounded = round_weights([sixth, third, third, sixth], Precision.DOUBLE)
    moved = [r for r, w in zip(rounded, [1 / 6, 1 / 3, 1 / 3, 1 / 6], strict=True) if r != w]
    assert len(moved) == 1
    assert added_up(rounded, Precision.DOUBLE) == 1


def test_sums_that_no_floats_have_stay_nearest():
    # A difference of near numbers is a multiple of their unit, which is larger than the result's.
    rounded = round_weights([Fraction(-1, 2), Fraction(3, 5)], Precision.DOUBLE)
    assert rounded == (-0.5, 0.6)
    assert added_up(rounded, Precision.DOUBLE) != 0.1
