"""Step graphs as they are built: the formulas of the scheme, with theta seen from inside steps."""

from fractions import Fraction
from pathlib import Path

import networkx as nx
import pytest
import sympy
from catalogue_names import names_of_kind

import odegraph as og
from odegraph.ir import (
    Combine,
    Edge,
    Evaluate,
    Input,
    Output,
    StepGraph,
    Theta,
    build_step_graph,
    check,
    manifestation,
    parts_of,
    step_graph,
    to_text,
)
from odegraph.passes import DEFAULT_PASSES, run_passes, track_statistics

GOLDEN = Path(__file__).parent.parent / "golden"
EXPLICIT = [name for name in names_of_kind("runge-kutta") if og.load_scheme(name).is_explicit]
IMPLICIT = [name for name in names_of_kind("runge-kutta") if name not in EXPLICIT]


def built(scheme: str = "rk4-classic", **options) -> StepGraph:
    chosen = {"basis": og.PiecewiseConstant(1), "steps": 1} | options
    return build_step_graph(manifestation(scheme, **chosen))


@pytest.mark.parametrize("name", EXPLICIT)
def test_every_edge_carries_the_exact_coefficient_times_h(name):
    scheme = og.load_scheme(name)
    graph = built(name, steps=None, grid=[0, "1/3", 1], span="5/2")
    for step, h in enumerate([Fraction(5, 6), Fraction(5, 3)]):
        rates = [f"step{step}.k{i + 1}" for i in range(scheme.stages)]
        rows = {f"step{step}.x{i + 1}": scheme.A[i, :i] for i in range(scheme.stages)}
        rows[f"x{step + 1}"] = scheme.b.T
        for target, row in rows.items():
            first, *terms = graph.inputs(target)
            assert first == (f"x{step}", Edge("term", sympy.Integer(1)))
            found = {source: edge.weight for source, edge in terms}
            exact_h = sympy.Rational(h.numerator, h.denominator)
            assert found == {k: sympy.expand(exact_h * w) for k, w in zip(rates, row, strict=False)}


@pytest.mark.parametrize("elements", [3, 7, 22, 23, 49, 100])
def test_euler_reads_each_element_once_and_in_turn(elements):
    graph = built("euler", basis=og.PiecewiseConstant(elements), steps=elements)
    rows = [node.row for _, node in graph.nodes() if isinstance(node, Theta)]
    assert rows == [((k, 1),) for k in range(elements)]


@pytest.mark.parametrize("name", ["rk4-classic", "heun-2", "dormand-prince", "fehlberg-7-8"])
def test_no_stage_reads_beyond_a_jump_at_the_end_of_its_step(name):
    graph = built(name, basis=og.PiecewiseConstant(4), steps=8)
    for theta in graph.of_type(Theta):
        node = graph.node(theta)
        assert isinstance(node, Theta)
        assert node.row == ((node.step // 2, 1),), node


def test_irrational_depths_stay_exact():
    graph = built("cooper-verner-8", basis=og.PiecewiseLinear(1))
    nodes = [node for _, node in graph.nodes() if isinstance(node, Theta)]
    assert any(sympy.sympify(node.depth).has(sympy.sqrt(21)) for node in nodes)
    for node in nodes:
        weights = dict(node.row)
        assert sympy.expand(weights.get(1, 0) - node.depth) == 0
        assert sympy.expand(sum(weights.values()) - 1) == 0


def test_every_node_of_a_step_stands_in_its_region():
    graph = built("rk4-38", steps=3)
    for name, node in graph.nodes():
        if isinstance(node, Theta | Evaluate):
            assert name.startswith(f"step{node.step}.")
        assert isinstance(node, Input | Output) == (node.step is None)


def test_graphs_are_frozen_and_rebuilt_from_their_parts():
    graph = built()
    with pytest.raises(nx.NetworkXError, match="Frozen graph"):
        graph.graph.add_node("extra")
    with pytest.raises(AttributeError):
        graph.node("step0.k1").stage = 3
    assert to_text(step_graph(graph.manifestation, parts_of(graph))) == to_text(graph)


def test_steps_across_jumps_are_announced_where_order_is_at_stake():
    with pytest.warns(
        og.OrderLossWarning, match=r"at depth 1/3, 2/3: .*`heun-3` falls from order 3"
    ):
        built("heun-3", basis=og.PiecewiseConstant(3), steps=1)
    with pytest.warns(og.OrderLossWarning, match=r"at depth 1/9, 2/9, 1/3, 4/9 and 4 more"):
        built("heun-3", basis=og.PiecewiseConstant(9), steps=1)
    built("euler", basis=og.PiecewiseConstant(3), steps=1)
    built("heun-3", basis=og.PiecewiseLinear(3), steps=1)


# --- check: the faults of a pass


def faulty(change) -> StepGraph:
    graph = built()
    return step_graph(graph.manifestation, change(list(parts_of(graph))))


def without(name):
    return lambda parts: [part for part in parts if part[0] != name]


def with_inputs(name, inputs):
    return lambda parts: [(n, node, inputs if n == name else i) for n, node, i in parts]


def theta_handed_out(parts):
    theta = next(part for part in parts if isinstance(part[1], Theta))
    return [theta, ("output1", Output(None, 1), [(theta[0], Edge("state"))])]


FAULTS = [
    (lambda parts: parts[::-1], "comes before what it uses|is used before"),
    (without("output1"), "the graph has no output"),
    (lambda parts: theta_handed_out(parts), "the graph has no input"),
    (with_inputs("step0.k1", [("x0", Edge("state"))]), "step0.k1: 0 of theta"),
    (with_inputs("x1", []), "x1: 0 of term"),
    (with_inputs("x1", [("x0", Edge("term"))]), "x1: weight None"),
    (with_inputs("x1", [("x0", Edge("state"))]), "x1 has an edge of role state"),
    (with_inputs("x1", [("x0", Edge("term", 0.5))]), "x1: weight 0.5"),
]


@pytest.mark.parametrize(("change", "message"), FAULTS)
def test_check_finds_what_a_broken_pass_leaves(change, message):
    with pytest.raises(AssertionError, match=message):
        check(faulty(change))


def test_a_weight_is_asked_of_edges_that_have_one_only():
    with pytest.raises(AssertionError, match="an edge of role state has no plain weight"):
        _ = Edge("state").exact


# --- golden texts


def compiled(scheme: str, **options) -> StepGraph:
    return run_passes(built(scheme, **options), DEFAULT_PASSES)


GOLDEN_GRAPHS = {
    "rk4_classic": lambda: compiled("rk4-classic", basis=og.PiecewiseConstant(2), steps=2),
    "dormand_prince_hats": lambda: compiled("dormand-prince", basis=og.PiecewiseLinear(1), steps=2),
    "gill_4": lambda: compiled("gill-4", span="1/2"),
    "midpoint_statistics": lambda: track_statistics(
        compiled(
            "midpoint",
            basis=og.PiecewiseLinear(1),
            state_basis=og.PiecewiseConstant(2),
            steps=None,
            grid=[0, "1/2", 1],
        )
    ),
}


@pytest.mark.parametrize("name", GOLDEN_GRAPHS)
def test_the_text_of_a_graph_is_what_it_was(name):
    expected = (GOLDEN / f"{name}.txt").read_text(encoding="utf-8")
    assert to_text(GOLDEN_GRAPHS[name]()) + "\n" == expected


def test_texts_of_passes_and_of_combines_keep_the_order_of_terms():
    graph = built("heun-3")
    (name,) = (n for n, node in graph.nodes() if isinstance(node, Combine) and n == "x1")
    assert [source for source, _ in graph.inputs(name)] == [
        "x0",
        "step0.k1",
        "step0.k2",
        "step0.k3",
    ]
