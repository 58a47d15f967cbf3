from fractions import Fraction

import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

from odegraph._errors import ProjectionError
from odegraph.basis import PiecewiseConstant, PiecewiseLinear, projection, projection_matrix


@pytest.mark.parametrize("elements", [3, 7, 22, 23, 49, 100])
def test_euler_stage_times_hit_every_element_once(elements):
    basis = PiecewiseConstant(elements)
    for k in range(elements):
        assert basis.row(Fraction(k, elements), side="right") == ((k, 1),)
        assert basis.row(Fraction(k + 1, elements), side="left") == ((k, 1),)


@given(
    st.sets(st.fractions(0, 1, max_denominator=50), max_size=6),
    st.fractions(0, 1, max_denominator=60),
)
@settings(max_examples=60, deadline=None)
def test_the_element_found_is_the_one_on_that_side(interior, t):
    mesh = PiecewiseConstant(breakpoints=sorted(interior | {Fraction(0), Fraction(1)}))
    points = mesh.breakpoints
    ((right, _),) = mesh.row(t, side="right")
    ((left, _),) = mesh.row(t, side="left")
    assert points[right] <= t < points[right + 1] or (t == 1 and right == mesh.size - 1)
    assert points[left] < t <= points[left + 1] or (t == 0 and left == 0)


def test_an_algebraic_depth_that_is_a_breakpoint_in_disguise_is_recognised():
    half = sympy.sqrt(3 + 2 * sympy.sqrt(2)) - sympy.sqrt(2) - sympy.Rational(1, 2)
    assert not half.is_Rational
    assert PiecewiseConstant(2).row(half, side="left") == ((0, 1),)
    assert PiecewiseConstant(2).row(half, side="right") == ((1, 1),)


def test_the_ends_take_the_end_elements():
    basis = PiecewiseConstant(3)
    assert basis.row(Fraction(0), side="left") == ((0, 1),)
    assert basis.row(Fraction(1), side="right") == ((2, 1),)


def test_a_gauss_node_evaluates_exactly():
    node = (3 - sympy.sqrt(3)) / 6
    assert PiecewiseLinear(1).evaluate(node) == (1 - node.expand(), node.expand())


def test_row_within_looks_from_inside_the_step():
    basis = PiecewiseLinear(2)
    half, quarter = Fraction(1, 2), Fraction(1, 4)
    assert PiecewiseConstant(2).row_within(half, interval=(Fraction(0), half)) == ((0, 1),)
    assert PiecewiseConstant(2).row_within(half, interval=(half, Fraction(1))) == ((1, 1),)
    assert PiecewiseConstant(2).row_within(half, interval=(quarter, Fraction(1))) == ((1, 1),)
    # Beyond the interval the element's own polynomial goes on: 1 - 2t and 2t at t = 3/2 and -1/2.
    assert basis.row_within(Fraction(1), interval=(Fraction(0), half)) == ((0, -1), (1, 2))
    assert basis.row_within(Fraction(0), interval=(half, Fraction(1))) == ((1, 2), (2, -1))


def test_bases_are_values():
    uniform = PiecewiseConstant(elements=4)
    listed = PiecewiseConstant(breakpoints=[0, "1/4", Fraction(1, 2), sympy.Rational(3, 4), 1])
    assert uniform == listed
    assert hash(uniform) == hash(listed)
    assert uniform != PiecewiseLinear(4)
    assert uniform != PiecewiseConstant(breakpoints=[0, "1/8", "1/2", "3/4", 1])
    assert repr(listed) == "PiecewiseConstant(elements=4)"
    assert eval(repr(PiecewiseLinear(breakpoints=[0, "1/3", 1]))) == PiecewiseLinear(
        breakpoints=[0, Fraction(1, 3), 1]
    )


@pytest.mark.parametrize("elements", [0, -1, True, 2.0, "3", 10**9, [2]])
def test_a_number_of_elements_that_is_none_is_refused(elements):
    with pytest.raises(ProjectionError, match=r"`elements` is `.*must be a whole number from 1"):
        PiecewiseConstant(elements)


@pytest.mark.parametrize(
    ("breakpoints", "message"),
    [
        ([0, 0.5, 1], r"`0.5`, a float; it must be an exact rational"),
        ([0, "0.5", 1], r"`0.5` .*Write a fraction"),
        ([0, "1/0", 1], r"divides by zero"),
        ([0, "sqrt(2)/2", 1], r"`sqrt\(2\)/2`.*exact rational"),
        ([0, "3/4", "1/2", 1], r"not sorted: `1/2` follows `3/4`"),
        ([0, "1/2", "1/2", 1], r"not sorted"),
        (["1/4", 1], r"do not span \[0, 1\]"),
        ([0, 2], r"do not span \[0, 1\]"),
        ([], r"do not span \[0, 1\]"),
        ("1/2", r"must be a list of exact depths"),
        (4, r"must be a list of exact depths"),
    ],
)
def test_bad_breakpoints_are_refused(breakpoints, message):
    with pytest.raises(ProjectionError, match=message):
        PiecewiseLinear(breakpoints=breakpoints)


def test_elements_and_breakpoints_exclude_each_other():
    with pytest.raises(ProjectionError, match=r"exactly one of them"):
        PiecewiseConstant(2, breakpoints=[0, 1])
    with pytest.raises(ProjectionError, match=r"exactly one of them"):
        PiecewiseConstant()


@pytest.mark.parametrize("t", [Fraction(-1, 9), Fraction(10, 9), 2, sympy.sqrt(2)])
def test_a_depth_outside_is_refused(t):
    with pytest.raises(ProjectionError, match=r"lies outside \[0, 1\]"):
        PiecewiseLinear(3).evaluate(t)


@pytest.mark.parametrize("t", [0.5, sympy.Float(0.5), sympy.I / 2, sympy.Symbol("t"), "1/2", True])
def test_a_depth_that_is_not_exact_is_refused(t):
    with pytest.raises(ProjectionError, match=r"not an exact real number"):
        PiecewiseConstant(3).evaluate(t)


def test_a_side_and_an_interval_are_checked():
    with pytest.raises(ProjectionError, match=r"`side` is `middle`"):
        PiecewiseConstant(3).row(Fraction(1, 2), side="middle")  # pyright: ignore[reportArgumentType]
    with pytest.raises(ProjectionError, match=r"not a step in depth"):
        PiecewiseConstant(3).row_within(Fraction(1, 2), interval=(Fraction(1), Fraction(0)))


def test_the_projections_of_the_talk():
    def map_to(source, target, values):
        return list(projection_matrix(source, target) * sympy.Matrix(values))

    two, three = PiecewiseConstant(2), PiecewiseConstant(3)
    assert map_to(PiecewiseConstant(4), two, [1, 3, 2, 6]) == [2, 4]
    assert map_to(two, three, map_to(three, two, [3, 6, 9])) == [4, 6, 8]


def test_refining_and_projecting_back_changes_nothing():
    for basis in (PiecewiseConstant(3), PiecewiseLinear(3)):
        fine = basis.refined(2)
        round_trip = projection(fine, basis) @ projection(basis, fine)
        assert round_trip.to_sympy() == sympy.eye(basis.size)
