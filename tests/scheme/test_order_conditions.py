"""Order proofs against independent ones: nested sums, one measured step, and algebra."""

import itertools
import math
from fractions import Fraction
from pathlib import Path

import pytest
import sympy
from catalogue_names import names_of_kind
from hypothesis import given, settings
from hypothesis import strategies as st
from mpmath import mp, mpf

from odegraph._errors import SchemeError
from odegraph.scheme import RungeKuttaScheme, SchemeSpec, load_scheme, scheme_names, verify
from odegraph.scheme.file import read_scheme_file
from odegraph.scheme.folder import scheme_files
from odegraph.scheme.order_conditions import StageVectors, equation, prove_order
from odegraph.scheme.rooted_trees import rooted_trees, timed_trees


def load(name: str | Path, **parameters: object) -> RungeKuttaScheme:
    scheme = load_scheme(name, **parameters)
    assert isinstance(scheme, RungeKuttaScheme)
    return scheme


def proven(data: dict) -> RungeKuttaScheme:
    scheme = verify(SchemeSpec.from_dict(data))
    assert isinstance(scheme, RungeKuttaScheme)
    return scheme


def nested_sum(A, b, tree) -> Fraction:
    """sum_i b_i phi_i(tree), literally as the sum over all stage indices."""
    total = Fraction(0)
    for indices in itertools.product(range(len(b)), repeat=tree.order):
        labels = iter(indices)
        root = next(labels)
        total += b[root] * product_below(A, tree, root, labels)
    return total


def product_below(A, tree, index, labels):
    value = Fraction(1)
    for child in tree.children:
        below = next(labels)
        value *= A[index][below] * product_below(A, child, below, labels)
    return value


def order_by_nested_sums(A, b, limit: int) -> int:
    for order in range(1, limit + 1):
        for tree in rooted_trees(order):
            if nested_sum(A, b, tree) != Fraction(1, tree.density):
                return order - 1
    return limit


RATIONALS = st.fractions(min_value=-2, max_value=2, max_denominator=6)


@st.composite
def explicit_tableaus(draw):
    """Random explicit methods, half of them of order 2 or 3 by construction."""
    family = draw(st.sampled_from(["any", "order 2", "order 3"]))
    c2 = draw(RATIONALS.filter(lambda x: x not in (0, Fraction(2, 3))))
    if family == "any":
        s = draw(st.integers(1, 3))
        A = [[draw(RATIONALS) for _ in range(i)] for i in range(s)]
        b = [draw(RATIONALS) for _ in range(s - 1)]
        return A, [*b, 1 - sum(b)]
    if family == "order 2":
        return [[], [c2]], [1 - 1 / (2 * c2), 1 / (2 * c2)]
    c3 = draw(RATIONALS.filter(lambda x: x not in (0, c2, Fraction(2, 3))))
    b2 = (3 * c3 - 2) / (6 * c2 * (c3 - c2))
    b3 = (2 - 3 * c2) / (6 * c3 * (c3 - c2))
    a32 = c3 * (c3 - c2) / (c2 * (2 - 3 * c2))
    return [[], [c2], [c3 - a32, a32]], [1 - b2 - b3, b2, b3]


@settings(deadline=None, max_examples=150)
@given(tableau=explicit_tableaus(), claimed=st.integers(1, 4))
def test_verify_accepts_exactly_what_satisfies_the_conditions(tableau, claimed):
    rows, b = tableau
    A = [[*row, *[Fraction(0)] * (len(rows) - len(row))] for row in rows]
    order = order_by_nested_sums(A, b, limit=4)
    data = {"A": [[str(a) for a in row] for row in rows], "b": [str(x) for x in b]}
    spec = SchemeSpec.from_dict({**data, "claims": {"order": claimed}}, name="random")
    if claimed == order:
        assert verify(spec).order == order
    else:
        with pytest.raises(SchemeError, match=f"claims order = {claimed}, but {order} is proven"):
            verify(spec)


def one_step_error(scheme, h, t0):
    """Error of one step on x' = x^2 cos t, whose solutions are 1 / (C - sin t)."""
    A, b, c = (number_lists(scheme)[key] for key in "Abc")
    stages = [mpf(0)] * len(b)
    x0 = 1 / (3 - mp.sin(t0))
    for _ in range(1 if scheme.is_explicit else 25):
        for i, row in enumerate(A):
            x = x0 + h * mp.fsum(a * k for a, k in zip(row, stages, strict=True))
            stages[i] = x * x * mp.cos(t0 + c[i] * h)
    x1 = x0 + h * mp.fsum(w * k for w, k in zip(b, stages, strict=True))
    return abs(x1 - 1 / (3 - mp.sin(t0 + h)))


def number_lists(scheme):
    def number(x):
        return mpf(str(x.evalf(120)))

    return {
        "A": [[number(x) for x in row] for row in scheme.A.tolist()],
        "b": [number(x) for x in scheme.b],
        "c": [number(x) for x in scheme.c],
    }


@pytest.mark.parametrize("name", names_of_kind("runge-kutta"))
def test_proven_order_is_the_measured_one(name):
    # One step in 110 digits on a nonlinear problem with time in it: the error is C h^(p+1).
    # Coefficients known to n digits only show their order at an h whose error has fewer digits.
    scheme = load(name)
    is_rough = scheme.tableau.tolerance > 1e-20
    steps = 10**6 if scheme.is_exact else 2 ** (20 // scheme.order) if is_rough else 500
    with mp.workdps(110):
        h, t0 = mpf(1) / steps, mpf(3) / 10
        ratio = one_step_error(scheme, h, t0) / one_step_error(scheme, h / 2, t0)
        assert abs(mp.log(ratio, 2) - (scheme.order + 1)) < (0.4 if is_rough else 0.01)


@pytest.mark.parametrize("name", ["rk4-38", "dormand-prince", "gauss-2", "kvaerno-3", "gill-4"])
def test_plain_and_timed_trees_agree_where_c_is_the_row_sums(name):
    tableau = load(name).tableau
    vectors = StageVectors(tableau.A, tableau.c)
    for weights in filter(None, (tableau.b, tableau.b_embedded)):
        plain = prove_order(vectors, weights)
        assert prove_order(vectors, weights, trees=timed_trees).order == plain.order


def test_wrong_stage_times_keep_the_autonomous_order_only():
    # Both Gauss nodes equal: found in a well-known package.
    data = load("gauss-2").spec.to_dict() | {"c": ["1/2 - sqrt(3)/6"] * 2, "row_sums": False}
    scheme = proven(data | {"claims": {}})
    assert (scheme.autonomous_order, scheme.order) == (4, 1)
    assert str(scheme.failed_condition) == (
        "tree [t]: sum b_i c_i = 1/2, but it is 1/2 - sqrt(3)/6"
    )


def test_equations_are_written_with_the_letters_of_the_books():
    texts = [equation(tree, row_sums=True) for tree in rooted_trees(4)]
    assert texts == [
        "sum b_i c_i^3", "sum b_i c_i a_ij c_j", "sum b_i a_ij c_j^2", "sum b_i a_ij a_jk c_k",
    ]  # fmt: skip
    assert equation(rooted_trees(3)[0], row_sums=False) == "sum b_i a_ij a_ik"


@pytest.mark.parametrize("name", names_of_kind("runge-kutta"))
def test_linear_order_is_the_agreement_of_R_with_exp(name):
    scheme = load(name)
    z = sympy.Symbol("z")
    terms = scheme.linear_order + 2
    series = rational_series(scheme.stability.P, scheme.stability.Q, terms)
    exponential = [Fraction(1, math.factorial(k)) for k in range(terms)]
    tolerance = scheme.tableau.tolerance
    defects = [abs(x - y) > tolerance for x, y in zip(series, exponential, strict=True)]
    assert defects == [False] * (terms - 1) + [True]
    assert scheme.stability_function(z).subs(z, 0) == 1


def rational_series(P, Q, terms: int) -> list:
    """Taylor coefficients of P / Q by long division."""
    series = []
    for k in range(terms):
        known = sum((Q[j] * series[k - j] for j in range(1, min(k, len(Q) - 1) + 1)), Fraction(0))
        series.append((P[k] if k < len(P) else Fraction(0)) - known)
    return series


@pytest.mark.parametrize("name", names_of_kind("runge-kutta"))
def test_orders_bound_each_other(name):
    scheme = load(name)
    assert 1 <= scheme.order <= scheme.autonomous_order <= scheme.linear_order <= 2 * scheme.stages
    assert scheme.stage_order <= scheme.order
    assert scheme.embedded_order is None or scheme.embedded_order >= 1
    if scheme.is_explicit:
        assert scheme.order <= scheme.stages


def test_every_file_of_the_catalogue_is_proven_without_its_record():
    for name in scheme_names():
        assert verify(read_scheme_file(scheme_files()[name])).name == name
