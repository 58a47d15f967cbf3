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
    pseudo_inverse,
    state_update,
)
from odegraph.basis.exact_matrix import from_rows, solve


def rows_at(basis, depths):
    return [basis.row(t, side="right") for t in depths]


def test_one_evaluation_an_element_replaces_the_state():
    basis = PiecewiseConstant(3)
    update = state_update(basis, rows_at(basis, [Fraction(k, 3) for k in range(3)]))
    assert update.gain.to_sympy() == sympy.eye(3)
    assert not any(update.keep.rows)


def test_an_element_visited_twice_takes_the_mean_and_one_never_visited_stays():
    basis = PiecewiseConstant(2)
    update = state_update(basis, rows_at(basis, [Fraction(0), Fraction(1, 4)]))
    assert update.gain.to_sympy() == sympy.Matrix([[Fraction(1, 2), Fraction(1, 2)], [0, 0]])
    assert update.keep.to_sympy() == sympy.diag(0, 1)


def test_the_order_of_evaluations_does_not_matter():
    basis = PiecewiseLinear(3)
    depths = [Fraction(k, 8) for k in range(8)]
    forward = state_update(basis, rows_at(basis, depths))
    backward = state_update(basis, rows_at(basis, depths[::-1]))
    assert forward.keep == backward.keep
    assert forward.gain.to_sympy() == backward.gain.to_sympy()[:, ::-1]


def test_gauss_nodes_are_updated_exactly():
    basis = PiecewiseLinear(2)
    nodes = [
        (3 + sign * sympy.sqrt(3)) / 12 + half for half in (0, sympy.S.Half) for sign in (1, -1)
    ]
    rows = rows_at(basis, nodes)
    update = state_update(basis, rows)
    values = np.array([[float(dict(row).get(k, 0)) for k in range(3)] for row in rows])
    gain = np.array(update.gain.to_sympy(), dtype=float)
    np.testing.assert_allclose(gain, np.linalg.pinv(values), atol=1e-14)
    assert not any(update.keep.rows)


def test_a_cosine_state_is_refused():
    basis = Cosine(4)
    with pytest.raises(ProjectionError, match="cosine basis have no exact pseudo-inverse"):
        state_update(basis, rows_at(basis, [Fraction(1, 7), Fraction(2, 7)]))


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
