from fractions import Fraction

import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

from odegraph._errors import ProjectionError
from odegraph.basis import (
    Cosine,
    ExactMatrix,
    Legendre,
    PiecewiseConstant,
    PiecewiseLinear,
    identity,
    pseudo_inverse,
)
from odegraph.basis.exact_matrix import from_rows, solve


def collocation(basis, depths):
    return from_rows((dict(basis.row(t, side="right")) for t in depths), columns=basis.size)


def test_an_element_visited_twice_takes_the_mean_and_one_never_visited_nothing():
    inverse = pseudo_inverse(collocation(PiecewiseConstant(2), [Fraction(0), Fraction(1, 4)]))
    assert inverse.to_sympy() == sympy.Matrix([[Fraction(1, 2), Fraction(1, 2)], [0, 0]])


def test_gauss_nodes_have_an_exact_pseudo_inverse():
    halves = (sympy.S.Zero, sympy.S.Half)
    nodes = [(3 + sign * sympy.sqrt(3)) / 12 + half for half in halves for sign in (1, -1)]
    values = collocation(PiecewiseLinear(2), nodes)
    inverse = pseudo_inverse(values)
    reference = np.linalg.pinv(np.array(values.to_floats()))
    np.testing.assert_allclose(np.array(inverse.to_floats()), reference, atol=1e-14)
    assert not any((identity(3) - inverse @ values).rows)


def test_values_of_cosines_are_refused():
    values = collocation(Cosine(4), [Fraction(1, 7), Fraction(2, 7)])
    with pytest.raises(ProjectionError, match="cosine basis have no exact pseudo-inverse"):
        pseudo_inverse(values)


@given(st.integers(1, 5), st.integers(1, 5), st.data())
@settings(max_examples=60, deadline=None)
def test_the_pseudo_inverse_is_penroses(rows, columns, data):
    entries = st.lists(st.integers(-2, 2), min_size=columns, max_size=columns)
    numbers = data.draw(st.lists(entries, min_size=rows, max_size=rows))
    matrix = from_rows(
        ({j: Fraction(v) for j, v in enumerate(row)} for row in numbers), columns=columns
    )
    inverse = pseudo_inverse(matrix)
    M, X = matrix.to_sympy(), inverse.to_sympy()
    assert inverse.shape == (columns, rows)
    assert M * X * M == M
    assert X * M * X == X
    assert (M * X).T == M * X
    assert (X * M).T == X * M


def test_a_singular_system_is_refused():
    singular = from_rows([{0: Fraction(1)}, {0: Fraction(2)}], columns=2)
    with pytest.raises(ProjectionError, match="no unique solution"):
        solve(singular, singular)


def test_matrices_multiply_and_transpose_like_sympys():
    first = ExactMatrix(({0: Fraction(1), 2: Fraction(-2)}, {}), 3)
    second = from_rows([{1: Fraction(3)}, {0: Fraction(1)}, {1: Fraction(1, 2)}], columns=2)
    assert (first @ second).to_sympy() == first.to_sympy() * second.to_sympy()
    assert first.transposed().to_sympy() == first.to_sympy().T
    assert first[0, 2] == -2
    assert first[1, 1] == 0
    assert Legendre(1).row(Fraction(1, 2), side="left") == ((0, 1),)
