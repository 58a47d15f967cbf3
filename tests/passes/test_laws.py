"""Laws of every pass, over random tableaus: values stay, graphs do not grow, twice is once."""

from fractions import Fraction

import networkx as nx
import pytest
import sympy
from graph_values import value
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from random_tableaus import explicit_tableaus
from torch.testing import assert_close

import odegraph as og
from odegraph.ir import (
    Combine,
    Evaluate,
    Output,
    StepGraph,
    Theta,
    build_step_graph,
    check,
    manifestation,
    to_text,
)
from odegraph.passes import (
    DEFAULT_PASSES,
    drop_dead,
    run_passes,
    share_stages,
    simplify,
    tabulate_theta,
)

PASSES = [simplify, share_stages, drop_dead]
BASES = [og.PiecewiseConstant(1), og.PiecewiseConstant(2), og.PiecewiseLinear(2), og.Legendre(1)]
QUICK = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
GRIDS = st.sampled_from([[0, 1], [0, "1/2", 1], [0, "1/2", "3/4", 1]])


@st.composite
def graphs(draw) -> StepGraph:
    form = manifestation(
        draw(explicit_tableaus()),
        basis=draw(st.sampled_from(BASES)),
        grid=draw(GRIDS),
        span="1/4",
    )
    if draw(st.booleans()):
        return build_step_graph(form)
    return draw(st.sampled_from(PASSES))(build_step_graph(form))


pytestmark = pytest.mark.filterwarnings("ignore:theta.t. jumps:odegraph.ir.OrderLossWarning")


@QUICK
@given(graph=graphs(), one=st.sampled_from(PASSES))
def test_a_pass_keeps_values_and_does_nothing_a_second_time(graph, one):
    text = to_text(graph)
    once = check(one(graph))
    assert to_text(graph) == text  # the argument is as it was
    assert_close(value(once), value(graph), rtol=1e-12, atol=1e-12)
    assert to_text(check(one(once))) == to_text(once)
    assert len(once.graph) <= len(graph.graph)
    assert once.graph.number_of_edges() <= graph.graph.number_of_edges()


@QUICK
@given(graph=graphs())
def test_the_pipeline_ends_in_a_fixed_point(graph):
    result = run_passes(graph, DEFAULT_PASSES)
    assert_close(value(result), value(graph), rtol=1e-12, atol=1e-12)
    for one in PASSES:
        assert to_text(one(result)) == to_text(result)


@QUICK
@given(graph=graphs())
def test_tabulated_graphs_read_what_the_table_says(graph):
    tabulated, table = tabulate_theta(graph)
    assert len(set(table.rows)) == len(table.rows)
    for name in graph.of_type(Theta):
        before, after = graph.node(name), tabulated.node(name)
        assert isinstance(before, Theta)
        assert isinstance(after, Theta)
        ((index, one),) = after.row
        assert one == 1
        assert table.rows[index] == before.row


@QUICK
@given(scheme=explicit_tableaus(), grid=GRIDS)
def test_simplified_sums_have_no_zero_and_no_lone_term(scheme, grid):
    form = manifestation(scheme, basis=og.PiecewiseConstant(1), grid=grid)
    graph = run_passes(build_step_graph(form), DEFAULT_PASSES)
    for name in graph.of_type(Combine):
        weights = [edge.exact for _, edge in graph.inputs(name)]
        assert all(weight != 0 for weight in weights)
        assert weights != [1]
    seen = [
        (type(node), tuple(graph.inputs(name)))
        for name, node in graph.nodes()
        if isinstance(node, Combine | Evaluate)
    ]
    assert len(seen) == len(set(seen))
    (output,) = graph.of_type(Output)
    assert set(graph.graph) - {"x0"} <= nx.ancestors(graph.graph, output) | {output}


def test_terms_that_meet_add_up_and_may_cancel():
    # Stage 2 repeats stage 1, so k1 and k2 are one value: its weights 1/2 and -1/2 cancel.
    spec = {"title": "", "A": [[], ["0"], ["1", "0"]], "b": ["1/2", "-1/2", "1"]}
    scheme = og.verify(og.scheme.SchemeSpec.from_dict(spec, name="repeats"))
    form = manifestation(scheme, basis=og.PiecewiseConstant(1), steps=1)
    graph = run_passes(build_step_graph(form), DEFAULT_PASSES)
    assert to_text(graph).splitlines() == [
        "x0 = input",
        "step0.theta1 = theta(0): (1) [0]",
        "step0.k1 = R(x0, step0.theta1)",
        "step0.x3 = (1) x0 + (1) step0.k1",
        "step0.k3 = R(step0.x3, step0.theta1)",
        "x1 = (1) x0 + (1) step0.k3",
        "output1 = output 1: x1",
    ]


def test_equal_irrational_sums_are_one_value():
    half = sympy.sqrt(2) / 2
    spec = {
        "title": "",
        "A": [[], [str(half)], [str(half), "0"]],
        "b": ["0", "1/2", "1/2"],
    }
    scheme = og.verify(og.scheme.SchemeSpec.from_dict(spec, name="irrational"))
    form = manifestation(scheme, basis=og.PiecewiseConstant(1), steps=1)
    graph = run_passes(build_step_graph(form), DEFAULT_PASSES)
    assert len(graph.of_type(Evaluate)) == 2
    ((_, one), (_, whole)) = graph.inputs("x1")
    assert (one.weight, whole.weight) == (1, 1)


STEPS = 5
COUNTS = [
    # scheme, basis, units in five steps
    ("dormand-prince", og.PiecewiseConstant(1), 6 * STEPS),
    ("dormand-prince", og.PiecewiseLinear(1), 6 * STEPS),
    ("dormand-prince", og.PiecewiseLinear(STEPS), 6 * STEPS),
    ("dormand-prince", og.Legendre(3), 6 * STEPS),
    ("dormand-prince", og.PiecewiseConstant(STEPS), 6 * STEPS),
    ("dormand-prince", og.DiscontinuousLinear(STEPS), 6 * STEPS),
    ("bogacki-shampine", og.PiecewiseConstant(1), 3 * STEPS),
    ("rk4-classic", og.PiecewiseConstant(1), 4 * STEPS),
    ("heun-2", og.PiecewiseLinear(2), 2 * STEPS),
    ("euler", og.PiecewiseConstant(1), STEPS),
    ("cash-karp", og.PiecewiseConstant(1), 6 * STEPS),
]


@pytest.mark.parametrize(("scheme", "basis", "units"), COUNTS, ids=str)
def test_how_many_units_a_block_evaluates(scheme, basis, units):
    """First same as last costs nothing: the last stage is either shared or needed by nobody."""
    form = manifestation(scheme, basis=basis, steps=STEPS)
    assert len(run_passes(build_step_graph(form), DEFAULT_PASSES).of_type(Evaluate)) == units


@pytest.mark.parametrize(
    ("basis", "units"),
    [
        (og.PiecewiseConstant(1), 6 * STEPS + 1),
        (og.PiecewiseLinear(2), 6 * STEPS + 1),
        (og.PiecewiseConstant(STEPS), 7 * STEPS),
    ],
    ids=str,
)
def test_sharing_alone_finds_first_same_as_last(basis, units):
    form = manifestation("dormand-prince", basis=basis, steps=STEPS)
    assert len(share_stages(build_step_graph(form)).of_type(Evaluate)) == units


@pytest.mark.parametrize(
    ("basis", "shared"),
    [
        (og.PiecewiseConstant(1), True),
        (og.PiecewiseLinear(3), True),
        (og.PiecewiseConstant(3), False),
    ],
    ids=str,
)
def test_rates_are_shared_across_a_step_but_not_across_a_jump(basis, shared):
    form = manifestation("dormand-prince", basis=basis, steps=3)
    graph = run_passes(build_step_graph(form), DEFAULT_PASSES)
    for step in (1, 2):
        first_evaluated = f"step{step}.k1" in graph.graph
        last_kept = f"step{step - 1}.k7" in graph.graph
        assert (first_evaluated, last_kept) == ((False, True) if shared else (True, False))


def test_sharing_saves_one_theta_for_each_distinct_depth():
    form = manifestation("rk4-classic", basis=og.PiecewiseLinear(2), steps=2)
    graph = run_passes(build_step_graph(form), DEFAULT_PASSES)
    depths = [node.depth for _, node in graph.nodes() if isinstance(node, Theta)]
    assert depths == [Fraction(n, 4) for n in range(5)]
