"""General linear methods: order against runs in plain floats, stability against eigenvalues."""

import math
from collections.abc import Callable, Mapping
from fractions import Fraction
from itertools import cycle, islice
from typing import Any

import numpy as np
import pytest
import sympy
from catalogue_names import names_of_kind
from hypothesis import given, settings
from hypothesis import strategies as st

from odegraph._errors import SchemeError
from odegraph.scheme import GeneralLinearScheme, SchemeSpec, load_scheme, verify
from odegraph.scheme.null_space import minimal_polynomial, null_space
from odegraph.scheme.root_condition import root_condition

RK4 = {"A": [[], ["1/2"], ["0", "1/2"], ["0", "0", "1"]], "b": ["1/6", "1/3", "1/3", "1/6"]}
METHODS: Mapping[str, tuple[dict[str, Any], int, int]] = {
    # Heun's method, whose predictor ends at the last rate but one (PEC mode)
    "pec-heun": (
        {
            "A": [[], ["1"]],
            "U": [["0", "1"], ["1", "0"]],
            "B": [["1/2", "1/2"], ["1", "0"]],
            "V": [["1", "0"], ["1", "0"]],
        },
        2,
        2,
    ),
    # the same with the second value of reversible Heun, which turns
    "turning-heun": (
        {
            "A": [[], ["1"]],
            "U": [["0", "1"], ["1", "0"]],
            "B": [["1/2", "1/2"], ["1", "0"]],
            "V": [["1", "0"], ["2", "-1"]],
        },
        2,
        1,
    ),
    # the two-step midpoint rule that begins with x_-1 = x_0
    "leapfrog": (
        {"A": [[]], "U": [["1", "0"]], "B": [["2"], ["0"]], "V": [["0", "1"], ["1", "0"]]},
        1,
        0,
    ),
    # all values are the one of a Runge-Kutta method, and their average is
    "averaged-rk4": (
        {
            "A": RK4["A"],
            "U": [["1/2", "1/2"]] * 4,
            "B": [RK4["b"], RK4["b"]],
            "V": [["1", "0"], ["0", "1"]],
        },
        4,
        4,
    ),
    "turning-rk4": (
        {
            "A": RK4["A"],
            "U": [["1", "0"]] * 4,
            "B": [RK4["b"], RK4["b"]],
            "V": [["0", "1"], ["1", "0"]],
        },
        4,
        4,
    ),
}


def proven(**data: Any) -> GeneralLinearScheme:
    scheme = verify(SchemeSpec.from_dict({"kind": "general-linear", **data}))
    assert isinstance(scheme, GeneralLinearScheme)
    return scheme


def schemes() -> dict[str, GeneralLinearScheme]:
    found = {name: proven(**data) for name, (data, *_) in METHODS.items()}
    for name in names_of_kind("general-linear"):
        scheme = load_scheme(name)
        assert isinstance(scheme, GeneralLinearScheme)
        found[name] = scheme
    return found


def error(scheme: GeneralLinearScheme, lengths: list[float]) -> float:
    """Of q' = q^2 cos t with time for a component, over 0 <= t <= 3/2; q = 1 / (3/2 - sin t)."""
    A, U, B, V = (np.array(M.tolist(), float) for M in (scheme.A, scheme.U, scheme.B, scheme.V))

    def rate(x: np.ndarray) -> np.ndarray:
        return np.array([x[0] ** 2 * np.cos(x[1]), 1.0])

    y = np.array([[1 / 1.5, 0.0]] * scheme.values)
    for h in lengths:
        k = np.zeros((scheme.stages, 2))
        for i in range(scheme.stages):
            k[i] = rate(h * A[i] @ k + U[i] @ y)
        y = h * B @ k + V @ y
    return abs(y[0, 0] - 1 / (1.5 - math.sin(1.5)))


def equal(steps: int) -> list[float]:
    return [1.5 / steps] * steps


def alternating(steps: int) -> list[float]:
    """Lengths h, 2 h, h, 2 h, ..."""
    return list(islice(cycle([1 / steps, 2 / steps]), steps))


def measured(scheme: GeneralLinearScheme, grid: Callable[[int], list[float]]) -> float:
    steps = 40 if scheme.order > 2 else 400
    return math.log2(error(scheme, grid(steps)) / error(scheme, grid(2 * steps)))


@pytest.mark.parametrize("name", schemes())
def test_the_proven_order_is_measured_on_equal_steps(name: str):
    scheme = schemes()[name]
    assert measured(scheme, equal) == pytest.approx(scheme.order, abs=0.25)


@pytest.mark.parametrize(
    "name", ["reversible-heun", "pec-heun", "turning-heun", "averaged-rk4", "turning-rk4"]
)
def test_the_order_on_uneven_grids_is_measured_on_alternating_steps(name: str):
    scheme = schemes()[name]
    assert measured(scheme, alternating) == pytest.approx(scheme.uneven_order, abs=0.25)


@pytest.mark.parametrize("name", METHODS)
def test_both_orders_are_those_of_the_theory(name: str):
    _, order, uneven = METHODS[name]
    assert (schemes()[name].order, schemes()[name].uneven_order) == (order, uneven)


def test_facts_of_reversible_heun():
    scheme = schemes()["reversible-heun"]
    assert (scheme.order, scheme.uneven_order, scheme.values, scheme.stages) == (2, 2, 2, 2)
    assert scheme.is_fsal
    assert not scheme.is_strongly_stable
    z, zeta = sympy.symbols("z zeta")
    # leapfrog's: stable on [-i, i] alone (Kidger, Foster, Li and Lyons, section 3)
    assert sympy.expand(scheme.stability_polynomial(zeta, z) - (zeta**2 - 2 * z * zeta - 1)) == 0
    assert scheme.facts()["minimal polynomial of V"] == "(zeta - 1)*(zeta + 1)"
    assert scheme.notes == ("Not all differences between the external values are damped.",)
    assert "on other grids order 1 is proven" in proven(**METHODS["turning-heun"][0]).notes[0]
    assert proven(**METHODS["pec-heun"][0]).notes == ()


def test_a_step_taken_back_is_a_step_with_minus_h():
    h, k = sympy.symbols("h k")
    scheme = schemes()["reversible-heun"]
    # on x' = lambda x the inverse of M(z) is M(-z)
    product = scheme.stability_matrix(h * k) * scheme.stability_matrix(-h * k)
    assert product.expand() == sympy.eye(2)


@pytest.mark.parametrize("name", schemes())
def test_the_stability_matrix_grows_as_a_run_does(name: str):
    scheme = schemes()[name]
    z = Fraction(-2, 7)
    A, U, B, V = (
        [[Fraction(int(x.p), int(x.q)) for x in row] for row in M.tolist()]
        for M in (scheme.A, scheme.U, scheme.B, scheme.V)
    )

    def dot(x, y) -> Fraction:
        return sum((a * b for a, b in zip(x, y, strict=False)), Fraction(0))

    values = [Fraction(1)] * scheme.values
    for _ in range(3):
        stages: list[Fraction] = []
        for a, u in zip(A, U, strict=True):
            stages.append(z * dot(a, stages) + dot(u, values))
        values = [z * dot(b, stages) + dot(v, values) for b, v in zip(B, V, strict=True)]
    power = scheme.stability_matrix(sympy.Rational(-2, 7)) ** 3 * sympy.ones(scheme.values, 1)
    assert [sympy.Rational(x.numerator, x.denominator) for x in values] == list(power)


@given(st.lists(st.lists(st.integers(-2, 2), min_size=3, max_size=3), min_size=3, max_size=3))
@settings(max_examples=150)
def test_powers_are_bounded_where_the_minimal_polynomial_says_so(rows: list[list[int]]):
    matrix = tuple(tuple(Fraction(x, 2) for x in row) for row in rows)
    p = minimal_polynomial(matrix)
    floats = np.array(rows) / 2
    values = np.linalg.eigvals(floats)
    of_p = np.polynomial.polynomial.polyval(values, [float(x) for x in p])
    assert np.abs(of_p).max() < 1e-4
    radius = np.abs(values).max()
    if abs(radius - 1) > 1e-3:
        assert root_condition(p, len(p) - 1).holds == (radius < 1)


@pytest.mark.parametrize(
    ("matrix", "degree", "holds"),
    [
        ([[1, 0], [0, 1]], 1, True),
        ([[1, 1], [0, 1]], 2, False),
        ([[0, 1], [-1, 0]], 2, True),
        ([[1, 0, 0], [0, -1, 1], [0, 0, -1]], 3, False),
        ([[1, 0, 0], [0, 0, 1], [0, 0, 0]], 3, True),
    ],
)
def test_jordan_blocks_on_the_circle_count(matrix, degree, holds):
    p = minimal_polynomial(tuple(tuple(Fraction(x) for x in row) for row in matrix))
    assert len(p) - 1 == degree
    assert root_condition(p, degree).holds == holds


@given(st.lists(st.lists(st.integers(-3, 3), min_size=4, max_size=4), min_size=1, max_size=4))
def test_the_null_space_is_all_of_it(rows: list[list[int]]):
    exact = [[Fraction(x) for x in row] for row in rows]
    basis = null_space(exact)
    assert len(basis) == 4 - np.linalg.matrix_rank(np.array(rows))
    assert all(sum(a * b for a, b in zip(x, r, strict=True)) == 0 for x in basis for r in exact)


def test_irrational_coefficients_are_exact():
    root = "sqrt(2) - 1"
    scheme = proven(
        A=[[], ["1"]],
        U=[["0", "1"], [root, "2 - sqrt(2)"]],
        B=[["1/2", "1/2"], ["1", "0"]],
        V=[["1", "0"], [root, "2 - sqrt(2)"]],
    )
    assert (scheme.order, scheme.is_strongly_stable, scheme.uneven_order) == (2, True, 2)
    assert measured(scheme, alternating) == pytest.approx(2, abs=0.25)


def test_what_a_step_conserves_must_move():
    with pytest.raises(SchemeError, match=r"it is not consistent: .* sum b_i = 1, but it is 1/2"):
        proven(A=[[]], U=[["1"]], B=[["1/2"]], V=[["1"]])


def test_the_text_shows_all_four_matrices():
    assert schemes()["reversible-heun"].text().splitlines() == [
        "c | A | U, then B | V",
        "0 | 0    0   | 0  1",
        "1 | 1    0   | 2  -1",
        "--+-----------+-------",
        "  | 1/2  1/2 | 1  0",
        "  | 1    0   | 2  -1",
    ]
