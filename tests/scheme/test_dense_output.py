"""Dense output: weights that are polynomials in theta, and their proven uniform order."""

from fractions import Fraction

import pytest
import sympy
from catalogue_names import names_of_kind

from odegraph._errors import SchemeError
from odegraph.scheme import RungeKuttaScheme, load_scheme, scheme_from_tableau

COLLOCATION = ["gauss(2)", "gauss(3)", "radau-iia(2)", "radau-iia(3)", "lobatto-iiia(3)", "gauss-2"]
THETA = sympy.Symbol("theta")


def load(name: str) -> RungeKuttaScheme:
    scheme = load_scheme(name)
    assert isinstance(scheme, RungeKuttaScheme)
    return scheme


DENSE = [name for name in names_of_kind("runge-kutta") if load(name).b_dense is not None]


def symbolic_weights(scheme: RungeKuttaScheme) -> sympy.Matrix:
    assert scheme.b_dense is not None
    return sympy.Matrix(scheme.b_dense * sympy.Matrix([THETA**k for k in _powers(scheme)]))


def _powers(scheme: RungeKuttaScheme) -> range:
    assert scheme.b_dense is not None
    return range(1, scheme.b_dense.shape[1] + 1)


def vanishes(expression: sympy.Expr) -> bool:
    return sympy.expand(expression) == 0


@pytest.mark.parametrize("name", DENSE)
def test_the_ends_of_the_step_are_its_states(name):
    scheme = load(name)
    assert scheme.dense_weights(0) == sympy.zeros(scheme.stages, 1)
    assert (scheme.dense_weights(1) - scheme.b).expand() == sympy.zeros(scheme.stages, 1)
    assert scheme.dense_order is not None
    assert 1 <= scheme.dense_order <= scheme.order


@pytest.mark.parametrize("name", [name for name in DENSE if load(name).stages <= 7])
def test_the_conditions_of_low_order_hold_as_polynomials(name):
    """Written out from the books, as polynomials in theta: another way than tree by tree."""
    scheme = load(name)
    b, c, A = symbolic_weights(scheme), scheme.c, scheme.A
    squares, ones = c.multiply_elementwise(c), sympy.ones(scheme.stages, 1)
    conditions = {
        1: [(ones, THETA)],
        2: [(c, THETA**2 / 2)],
        3: [(squares, THETA**3 / 3), (A * c, THETA**3 / 6)],
    }
    held = [all(vanishes((b.T * v)[0] - x) for v, x in conditions[k]) for k in (1, 2, 3)]
    proven = scheme.dense_order
    assert proven is not None
    assert held[: min(proven, 3)] == [True] * min(proven, 3)
    if proven < 3:
        assert not held[proven]


@pytest.mark.parametrize("name", COLLOCATION)
def test_the_collocation_polynomial_passes_through_the_stages(name):
    scheme = load(name)
    weights = symbolic_weights(scheme)
    for i in range(scheme.stages):
        row = weights.subs(THETA, scheme.c[i]).T - scheme.A.row(i)
        assert row.applyfunc(sympy.expand) == sympy.zeros(1, scheme.stages)
    assert scheme.dense_order == scheme.stage_order


def test_the_classic_method_has_the_weights_of_the_book():
    b = load("rk4-classic").dense_weights("1/3")
    t = Fraction(1, 3)
    inner = t**2 - 2 * t**3 / 3
    outer = t - 3 * t**2 / 2 + 2 * t**3 / 3, -(t**2) / 2 + 2 * t**3 / 3
    assert [Fraction(str(x)) for x in b] == [outer[0], inner, inner, outer[1]]


def test_a_wrong_time_vector_costs_the_order_of_dense_output_too():
    """Autonomous trees alone would say order 2."""
    scheme = scheme_from_tableau(
        [[], ["1/2"]],
        ["0", "1"],
        c=["0", "1/3"],
        b_dense=[["1", "-1"], ["0", "1"]],
        row_sums=False,
    )
    assert isinstance(scheme, RungeKuttaScheme)
    assert (scheme.autonomous_order, scheme.order, scheme.dense_order) == (2, 1, 1)


def test_a_stage_for_dense_output_alone_is_needed():
    scheme = scheme_from_tableau(
        [[], ["1"], ["1/2", "1/2"]],
        ["1/2", "1/2", "0"],
        b_dense=[["1", "-1/2"], ["0", "3/2", "-1"], ["0", "-1", "1"]],
    )
    assert isinstance(scheme, RungeKuttaScheme)
    assert scheme.dense_order == 2
    assert not scheme.analysis.is_reducible


def test_a_derived_scheme_has_none():
    adjoint = load("gauss-2").adjoint()
    assert adjoint.b_dense is None and adjoint.dense_order is None
    with pytest.raises(SchemeError, match="`gauss-2-adjoint` has no dense output"):
        adjoint.dense_weights("1/2")


@pytest.mark.parametrize("theta", ["3/2", -1])
def test_theta_outside_the_step(theta):
    with pytest.raises(SchemeError, match=f"`theta` is `{theta}`; it is the part of the step"):
        load("rk4-classic").dense_weights(theta)


def test_it_is_shown():
    facts = load("dormand-prince").facts()
    assert facts["dense output order"] == 4
    shown = str(facts["dense output weights"])
    assert shown.startswith("b1 = theta - 8048581381/2820520608 theta^2 + ")
    assert "; b2 = 0; " in shown
    assert load("cash-karp").facts()["dense output weights"] is None
    surds = str(load("gauss-2").facts()["dense output weights"])
    assert surds.startswith("b1 = (1/2 + sqrt(3)/2) theta - sqrt(3)/2 theta^2; ")
