import itertools
import re
from fractions import Fraction

import pytest
from dot_reader import read_dot
from drawn_blocks import CASES, assert_readable, block
from example_units import Normed
from hypothesis import given, settings
from hypothesis import strategies as st

from odegraph._exact import parse_exact
from odegraph.basis import PiecewiseConstant, PiecewiseLinear
from odegraph.block import bake
from odegraph.draw import draw_step_graph, every_step, repeated_steps_left_out, to_dot
from odegraph.draw.graph_style import RAMP, depth_color
from odegraph.draw.labels import combination, number
from odegraph.draw.spelled_out import spelled_out
from odegraph.draw.step_graph import graph_scene
from odegraph.draw.step_texts import CONSTANTS
from odegraph.draw.view import LeftOut, step_forms
from odegraph.ir import EvaluateBatch
from odegraph.passes import discrete_adjoint

SOLVED = ("one solve a step", "one Jacobian a step", "phi functions")
ADJOINTS = {f"adjoint of {case}": case for case in CASES if case not in SOLVED}


@pytest.fixture(params=[*CASES, *ADJOINTS])
def graph(request: pytest.FixtureRequest):
    if request.param in ADJOINTS:
        return discrete_adjoint(CASES[ADJOINTS[request.param]]().step_graph).graph
    return CASES[request.param]().step_graph


def test_every_node_is_drawn_once(graph):
    drawn = [name for name, _ in read_dot(to_dot(graph, view=every_step)).nodes]
    assert sorted(drawn) == sorted(name for name, _ in spelled_out(graph).nodes())


def test_every_edge_is_drawn_once_with_its_exact_weight(graph):
    drawn = {}
    for source, target, attributes in read_dot(to_dot(graph, view=every_step)).edges:
        assert (source, target) not in drawn
        drawn[source, target] = attributes.get("tooltip")
    expected = {(a, b): edge.weight for a, b, edge in spelled_out(graph).graph.edges(data="edge")}
    assert drawn.keys() == expected.keys()
    for key, weight in expected.items():
        assert weight is None or parse_exact(drawn[key]) == weight


def test_weight_one_has_no_label_and_others_have_theirs(graph):
    for _, target, attributes in read_dot(to_dot(graph, view=every_step)).edges:
        if target.startswith("gradient"):
            continue  # theta(t) says the same weights
        exact = attributes.get("tooltip", "1")
        label = attributes.get("label", "1").replace("−", "-")
        assert label == exact


@pytest.mark.parametrize("case", CASES)
def test_equal_graphs_give_equal_text(case: str):
    assert to_dot(CASES[case]().step_graph) == to_dot(CASES[case]().step_graph)


def test_stages_in_a_batch_stand_in_one_frame():
    graph = CASES["stages in a batch"]().step_graph
    regions = {one.name: one for one in graph_scene(graph).regions}
    for name in graph.of_type(EvaluateBatch):
        assert set(regions[name].members) == set(graph.graph.succ[name])
        assert regions[name].inside == f"step{graph.node(name).step}"


def test_nothing_overlaps(graph):
    assert_readable(graph_scene(graph, view=every_step))
    assert_readable(graph_scene(graph))


def test_theta_says_its_depth_and_its_coefficients():
    graph = block("rk4-classic", PiecewiseLinear(1), steps=2).step_graph
    dot = read_dot(to_dot(graph))
    assert dot.label("step0.theta2") == "θ(1/4)\n= 3/4 θ⁰ + 1/4 θ¹"
    assert dot.label("step0.theta1") == "θ⁰\nat t = 0"
    assert dot.label("step0.k2") == "k₂ = R\nθ(1/4)"


def test_an_adjoint_graph_shows_gradients_and_where_they_end():
    graph = block("heun-2", PiecewiseLinear(1), steps=1).step_graph
    dot = read_dot(to_dot(discrete_adjoint(graph).graph))
    assert dot.titles[0].startswith("adjoint of heun-2, 1 step")
    assert dot.label("output1.cotangent") == "λ(1)"
    assert dot.label("output0") == "λ(0)"
    assert dot.label("step0.k2.pullback") == "ℓ₂ = R′ᵀ at y₂\nθ(1)"
    for index, reader in enumerate(["step0.k1.pullback", "step0.k2.pullback"]):
        name = f"gradient{index}"
        assert dot.label(name) == f"gradient\nof {'θ⁰' if index == 0 else 'θ¹'}"
        assert [source for source, target, _ in dot.edges if target == name] == [reader]


def test_a_shared_coefficient_says_who_reads_it():
    dot = read_dot(to_dot(block("midpoint", PiecewiseConstant(1), steps=1).step_graph))
    assert dot.label("step0.theta1") == "θ⁰\nat t = 0, 1/2"
    dot = read_dot(to_dot(block("midpoint", PiecewiseConstant(1), steps=16).step_graph))
    assert dot.label("step0.theta1") == "θ⁰\nat t = 0 to 31/32, 32 depths"


def test_steps_are_titled_regions():
    graph = block("euler", PiecewiseConstant(2), grid=[0, "1/8", 1], span=4).step_graph
    titles = read_dot(to_dot(graph, title="a title")).titles
    assert titles == [
        "a title",
        "step 1: depth 0 to 1/8, h = 1/2",
        "step 2: depth 1/8 to 1, h = 7/2",
    ]


def test_baked_constants_have_numbers():
    baked = bake(block("rk4-classic", PiecewiseLinear(1), steps=1))
    dot = read_dot(to_dot(baked.step_graph, notation=CONSTANTS))
    assert dot.label("step0.theta2") == "constant 1\nθ at t = 1/2"


def test_statistics_are_drawn_with_what_they_learn_from():
    graph = block("midpoint", PiecewiseConstant(2), unit=Normed(2), steps=8).graphs.training
    dot = read_dot(to_dot(graph))
    assert dot.label("statistics1") == "new S¹"
    learned = [source for source, target, _ in dot.edges if target == "statistics1"]
    assert learned == [source for source, _ in graph.inputs("statistics1")]
    assert_readable(graph_scene(graph))


@settings(deadline=None, max_examples=25)
@given(
    steps=st.integers(1, 24),
    scheme=st.sampled_from(["euler", "midpoint", "rk4-classic", "bogacki-shampine"]),
    elements=st.sampled_from([1, 2, 3]),
)
def test_drawn_and_left_out_steps_are_all_steps(steps: int, scheme: str, elements: int):
    graph = block(scheme, PiecewiseLinear(elements), steps=steps).step_graph
    items = repeated_steps_left_out(graph)
    shown = {item.node.step for item in items}
    runs = [item.node for item in items if isinstance(item.node, LeftOut)]
    hidden = [step for run in runs for step in range(run.step, run.last + 1)]
    drawn = {step for step in shown if step is not None} - set(hidden)
    assert sorted([*drawn, *hidden]) == list(range(steps))
    forms = step_forms(graph)
    assert all(forms[step] == forms[step - 1] for step in hidden)
    assert_readable(graph_scene(graph))


def test_the_ellipsis_says_how_many_and_where():
    graph = block("rk4-classic", PiecewiseConstant(32), steps=32, span=32).step_graph
    dot = read_dot(to_dot(graph))
    assert dot.label("steps2to30") == (
        "… 29 more steps\nof the same form\ndepth 1/16 to 31/32\nh = 1\nreading θ² … θ³⁰"
    )
    assert dot.titles[1:] == [
        "step 1: depth 0 to 1/32, h = 1",
        "step 2: depth 1/32 to 1/16, h = 1",
        "step 32: depth 31/32 to 1, h = 1",
    ]


def test_the_state_and_a_recycled_rate_run_through_the_ellipsis():
    dot = read_dot(to_dot(block("bogacki-shampine", PiecewiseLinear(1), steps=9).step_graph))
    taken = [source for source, target, _ in dot.edges if target == "steps2to7"]
    assert taken == ["step1.x4", "step1.k4"]
    given_out = {target for source, target, _ in dot.edges if source == "steps2to7"}
    assert given_out == {"step8.x2", "step8.x3", "step8.x4"}


def test_steps_of_other_lengths_have_the_same_form():
    grid = [0, "1/16", "1/8", "1/4", "3/8", "1/2", "3/4", 1]
    dot = read_dot(to_dot(block("midpoint", PiecewiseLinear(1), grid=grid).step_graph))
    assert "h = 1/8 to 1/4" in dot.label("steps2to5")


def test_steps_of_another_form_are_drawn():
    # At the jump of theta(t) after step 8 its last rate is not the first of the next.
    graph = block("bogacki-shampine", PiecewiseConstant(2), steps=16).step_graph
    drawn = [title.split(":")[0] for title in read_dot(to_dot(graph)).titles[1:]]
    assert drawn == [f"step {n}" for n in (1, 2, 8, 9, 10, 16)]


def test_every_step_is_drawn_on_demand():
    graph = block("euler", PiecewiseConstant(1), steps=12).step_graph
    assert len(read_dot(to_dot(graph, view=every_step)).titles) == 13


def test_depth_has_colours_of_falling_luminance():
    def luminance(color: str) -> float:
        red, green, blue = (int(part, 16) for part in re.findall("..", color[1:]))
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    shades = [depth_color(depth / 20) for depth in range(21)]
    assert shades[0] == RAMP[0] and shades[-1] == RAMP[-1]
    assert all(luminance(a) > luminance(b) for a, b in itertools.pairwise(shades))
    assert depth_color(-1.0) == RAMP[0] and depth_color(2.0) == RAMP[-1]


@pytest.mark.parametrize("suffix", ["svg", "png", "dot"])
def test_the_same_picture_has_the_same_bytes(tmp_path, suffix: str):
    graph = CASES["rk4, hats"]().step_graph
    first = draw_step_graph(graph, tmp_path / f"a.{suffix}").read_bytes()
    assert draw_step_graph(graph, tmp_path / f"b.{suffix}").read_bytes() == first


def test_combinations_read_as_formulas():
    half = Fraction(1, 2)
    assert combination(((0, Fraction(1)), (1, -half))) == ["= θ⁰ − 1/2 θ¹"]
    assert combination(((0, -half), (12, Fraction(-1)), (2, half))) == [
        "= − 1/2 θ⁰ − θ¹²",
        "+ 1/2 θ²",
    ]
    root = parse_exact("1/2 - sqrt(3)/6")
    assert combination(((0, root), (1, root))) == ["= (1/2 − √3/6) θ⁰ + (1/2 − √3/6) θ¹"]
    assert combination(()) == ["= 0"]


def test_long_numbers_are_rounded_and_say_so():
    assert number(parse_exact("-123456789/1234567891")) == "≈ −0.1"
    assert number(parse_exact("sqrt(3)/6 + 1/2")) == "1/2 + √3/6"
    assert number(parse_exact("sqrt(2 + sqrt(2))/2")) == "√(√2 + 2)/2"
