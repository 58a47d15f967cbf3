"""The adjoint graph: its tableau, read back from its exact weights, is the one of the books."""

import pytest
import sympy
from catalogue_names import names_of_kind
from sympy import S

import odegraph as og
from odegraph._exact import to_exact
from odegraph.ir import (
    Combine,
    Evaluate,
    Pullback,
    SlotGradient,
    StepGraph,
    Theta,
    build_step_graph,
    manifestation,
)
from odegraph.ir.halves import Halves
from odegraph.passes import DEFAULT_PASSES, discrete_adjoint, run_passes
from odegraph.scheme import RungeKuttaScheme, load_scheme


def runge_kutta(name: str) -> RungeKuttaScheme:
    scheme = load_scheme(name)
    assert isinstance(scheme, RungeKuttaScheme)
    return scheme


EXPLICIT = [name for name in names_of_kind("runge-kutta") if runge_kutta(name).is_explicit]
WEIGHTED = [name for name in EXPLICIT if all(runge_kutta(name).tableau.b)]


def graph_of(scheme: str, *, steps: int = 1, basis: og.Basis | None = None) -> StepGraph:
    form = manifestation(scheme, basis=basis or og.PiecewiseConstant(1), steps=steps)
    return run_passes(build_step_graph(form), DEFAULT_PASSES)


def form_of(graph: StepGraph, name: str) -> dict[str, sympy.Expr]:
    """A gradient as a sum over the gradient of the output and the results of pullbacks."""
    if not isinstance(graph.node(name), Combine):
        return {name: S.One}
    total: dict[str, sympy.Expr] = {}
    for source, edge in graph.inputs(name):
        for one, weight in form_of(graph, source).items():
            total[one] = total.get(one, S.Zero) + edge.exact * weight
    return total


def tableau_of(graph: StepGraph, weights: sympy.MatrixBase) -> sympy.Matrix:
    """A of lambda' = -J^T lambda: L_i = l_0 - h sum_j a_ij J^T L_j, where v_i = h b_i L_i."""
    names = {node.stage: name for name, node in graph.nodes() if isinstance(node, Pullback)}
    start, end = graph.input("output0", "state"), "output1.cotangent"
    assert form_of(graph, start) == dict.fromkeys([end, *names.values()], S.One)
    A = sympy.zeros(len(weights))
    for i, name in names.items():
        b = weights[i - 1]
        v = form_of(graph, graph.input(name, "cotangent"))
        assert sympy.simplify(v[end] - b) == 0
        for j, other in names.items():
            A[i - 1, j - 1] = weights[j - 1] * (1 - v.get(other, S.Zero) / b)
    return A


@pytest.mark.parametrize("name", WEIGHTED)
def test_the_tableau_of_the_adjoint_graph_is_that_of_the_costate(name):
    scheme = runge_kutta(name)
    A, b = scheme.A, scheme.b
    found = tableau_of(discrete_adjoint(graph_of(name)).graph, b)
    by_hand = sympy.Matrix(len(b), len(b), lambda i, j: b[j] - b[j] * A[j, i] / b[i])
    assert sympy.simplify(found - by_hand) == sympy.zeros(len(b))
    assert sympy.simplify(found - scheme.costate().A) == sympy.zeros(len(b))


@pytest.mark.parametrize("name", EXPLICIT)
def test_there_is_one_pullback_for_each_evaluation_and_one_kept_state(name):
    graph = graph_of(name, steps=3)
    adjoint = discrete_adjoint(graph)
    pullbacks = adjoint.graph.of_type(Pullback)
    evaluations = [name.removesuffix(".pullback") for name in reversed(pullbacks)]
    assert evaluations == graph.of_type(Evaluate)
    assert adjoint.kept == tuple(graph.input(name, "state") for name in evaluations)


def gathered(graph: StepGraph, name: str) -> dict[str, sympy.Expr]:
    """The weights by which pullbacks of all steps enter the gradient of a coefficient."""
    total: dict[str, sympy.Expr] = {}
    for source, edge in graph.inputs(name):
        if isinstance(graph.node(source), Pullback):
            total[source] = edge.exact
        else:
            assert edge.exact == 1
            total |= gathered(graph, source)
    return total


@pytest.mark.parametrize(
    "basis", [og.PiecewiseLinear(3), og.Legendre(2), og.PiecewiseConstant(2)], ids=str
)
@pytest.mark.filterwarnings("ignore::odegraph.OrderLossWarning")
@pytest.mark.parametrize("scheme", ["rk4-classic", "dormand-prince", "adams-bashforth-2"])
def test_coefficients_gather_what_read_them_with_the_values_of_their_basis_function(scheme, basis):
    graph = graph_of(scheme, steps=4, basis=basis)
    adjoint = discrete_adjoint(graph).graph
    last = {node.index: name for name, node in adjoint.nodes() if isinstance(node, SlotGradient)}
    expected: dict[int, dict[str, sympy.Expr]] = {}
    for name in graph.of_type(Evaluate):
        theta = graph.node(graph.input(name, "theta"))
        assert isinstance(theta, Theta)
        for index, value in theta.row:
            expected.setdefault(index, {})[f"{name}.pullback"] = to_exact(value)
    assert {index: gathered(adjoint, name) for index, name in last.items()} == expected


def test_weights_of_halves_are_transposed():
    weight = Halves(qq=S(1), qp=S(2), pq=S(3), pp=S(4))
    assert weight.transposed.rows == tuple(zip(*weight.rows, strict=True))
    graph = discrete_adjoint(graph_of("nystrom-4")).graph
    assert any(graph.splits_state(name) for name in graph.of_type(Combine))


@pytest.mark.parametrize(
    ("name", "node"),
    [("gauss-2", "Solve"), ("rosenbrock-euler", "Jacobian"), ("imex-ssp2-222", "Solve")],
)
def test_stages_that_are_not_explicit_are_refused(name, node):
    with pytest.raises(og.GraphError, match=rf"`{name}` holds a `{node}`.*Use `Checkpoints\(\)`"):
        discrete_adjoint(graph_of(name))
