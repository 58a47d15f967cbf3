import itertools
from pathlib import Path
from xml.etree import ElementTree

import pytest
import sympy
from dot_reader import Dot, read_dot
from drawn_blocks import assert_readable, block
from torch import nn

import odegraph as og
from odegraph._errors import EmitError
from odegraph._exact import exact_text
from odegraph.basis import PiecewiseConstant, PiecewiseLinear
from odegraph.block import bake
from odegraph.draw import draw
from odegraph.draw.draw import scene_of
from odegraph.draw.model_graph import MAX_LAYERS, layers_of, model_to_dot
from odegraph.draw.scene_dot import scene_to_dot
from odegraph.scheme import RungeKuttaScheme, load_scheme, scheme_names

SVG = "{http://www.w3.org/2000/svg}"


def model() -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(3, 2),
        nn.Tanh(),
        nn.Sequential(block("midpoint", PiecewiseConstant(8), steps=8), nn.Linear(2, 2)),
        block("rk4-classic", PiecewiseLinear(1), steps=1),
        nn.Linear(2, 1),
    )


def tableau_of(dot: Dot, stages: int) -> tuple[list[list[str]], list[str]]:
    """A and b as exact text, read back from the wires of a picture."""
    weight = {(a, b): e["tooltip"] for a, b, e in dot.edges if "tooltip" in e}
    state_of = {b: a for a, b, _ in dot.edges if b.startswith("k") and not a.startswith("theta")}
    rates = [f"k{i + 1}" for i in range(stages)]
    A = [[weight.get((rate, state_of[user]), "0") for rate in rates] for user in rates]
    return A, [weight.get((rate, "x1"), "0") for rate in rates]


TABLEAUS = [n for n in scheme_names() if isinstance(load_scheme(n), RungeKuttaScheme)]


@pytest.mark.parametrize("name", TABLEAUS)
def test_a_scheme_is_drawn_as_its_tableau(name: str):
    scheme = load_scheme(name)
    assert isinstance(scheme, RungeKuttaScheme)
    scene = scene_of(scheme)
    A, b = tableau_of(read_dot(scene_to_dot(scene)), scheme.stages)
    assert [exact_text(value) for value in sympy.flatten(scheme.A)] == [*itertools.chain(*A)]
    assert [exact_text(value) for value in sympy.flatten(scheme.b)] == b
    assert_readable(scene)


def test_what_makes_a_scheme_implicit_is_said():
    titles = read_dot(scene_to_dot(scene_of(load_scheme("gauss-2")))).titles
    assert titles == [
        "Gauss, 2 stages (gauss-2)",
        "one step, h = 1; implicit: k₁ depends on k₁, k₂; k₂ depends on k₁, k₂",
    ]
    titles = read_dot(scene_to_dot(scene_of(load_scheme("lobatto-iiic-4")))).titles
    assert titles[1].endswith("implicit: 4 of 4 rates depend on themselves or later ones")


def test_a_multistep_scheme_is_drawn_with_its_start():
    scene = scene_of(load_scheme("adams-bashforth-3"))
    dot = read_dot(scene_to_dot(scene))
    assert dot.titles[0].endswith("(adams-bashforth-3), started with heun-3")
    assert [title.split(":")[0] for title in dot.titles[1:]] == ["step 1", "step 2", "step 3"]
    weights = {(a, b): e.get("tooltip") for a, b, e in dot.edges}
    last = [weights[rate, "x3"] for rate in ("step0.k1", "step1.k1", "step2.k1")]
    assert last == ["5/36", "-4/9", "23/36"]
    assert dot.label("step1.k2") == "k₂ = R\nθ(4/9)"
    assert_readable(scene)


@pytest.mark.parametrize("name", sorted({*scheme_names()} - {*TABLEAUS}))
def test_a_step_of_every_other_kind_is_drawn(name: str):
    assert_readable(scene_of(load_scheme(name)))


def test_the_parts_of_a_split_unit_have_their_letters():
    dot = read_dot(scene_to_dot(scene_of(load_scheme("ars-222"))))
    assert dot.titles[1].endswith("implicit: g₂ depends on f₁, g₂; g₃ depends on f₁, f₂, g₂, g₃")
    assert dot.label("step0.f1") == "f₁ = f\nθ(0)"
    assert dot.label("step0.g3") == "g₃ = g\nθ(1)"


def test_products_with_matrices_say_which_matrix():
    dot = read_dot(scene_to_dot(scene_of(load_scheme("ros3p"))))
    assert dot.label("step0.J") == "J = dR/dx\nθ(0)"
    assert dot.label("step0.theta0") == "θ⁰\nat t = 0, 1"
    assert dot.label("step0.v1") == "(1 − (1/2 + √3/6) J)⁻¹ ·"
    dot = read_dot(scene_to_dot(scene_of(load_scheme("etd-4-rk"))))
    assert dot.label("step0.F1") == "φ₀, φ₁ of 1/2 J"
    assert dot.label("step0.F2") == "φ₀ … φ₃ of J"
    assert dot.label("step0.v3") == "φ₁(1/2 J) ·"
    assert ("step0.F1", "step0.v3") in {(source, target) for source, target, _ in dot.edges}


def test_many_linearised_steps_are_left_out():
    graph = block("ros2", PiecewiseConstant(1), steps=9).step_graph
    dot = read_dot(scene_to_dot(scene_of(graph)))
    assert "… 6 more steps" in dot.label("steps2to7")
    assert_readable(scene_of(graph))


def test_stages_at_the_same_depth_share_theta():
    dot = read_dot(scene_to_dot(scene_of(load_scheme("rk4-classic"))))
    readers = [target for source, target, _ in dot.edges if source == "theta2"]
    assert dot.label("theta2") == "θ(1/2)" and readers == ["k2", "k3"]


@pytest.mark.parametrize("suffix", ["svg", "png", "dot"])
@pytest.mark.parametrize(
    "what",
    [load_scheme("gauss-2"), block("rk4-classic", PiecewiseLinear(2), steps=2), model()],
    ids=["scheme", "block", "model"],
)
def test_the_suffix_decides_the_format(tmp_path: Path, what, suffix: str):
    path = draw(what, tmp_path / f"picture.{suffix}")
    content = path.read_bytes()
    assert content.startswith({"svg": b"<?xml", "png": b"\x89PNG", "dot": b"digraph"}[suffix])
    if suffix == "svg":
        texts = [element.text for element in ElementTree.fromstring(content).iter(f"{SVG}text")]
        assert "k₁ = R" in texts


def test_a_model_is_a_chain_of_layers_and_opened_containers():
    assert [layer.name for layer in layers_of(model())] == ["0", "1", "2.0", "2.1", "3", "4"]
    dot = read_dot(model_to_dot(model()))
    chain = [(a, b) for a, b, _ in dot.edges if a.split("/")[0] != b.split("/")[0]]
    assert chain == [
        ("0", "1"),
        ("1", "2.0/x0"),
        ("2.0/output8", "2.1"),
        ("2.1", "3/x0"),
        ("3/output1", "4"),
    ]
    assert any(title.startswith("2.0: midpoint, 8 steps") for title in dot.titles)
    assert_readable(scene_of(model()))


def test_long_models_go_on_in_the_next_line():
    layers = nn.Sequential(*[nn.Linear(2, 2) for _ in range(20)])
    scene = scene_of(layers)
    assert_readable(scene)
    assert scene.upper.x - scene.lower.x < 1000


def test_a_baked_model_shows_constants():
    dot = read_dot(model_to_dot(bake(model())))
    assert dot.label("3/step0.theta2") == "constant 1\nθ at t = 1/2"
    assert "reading constant 2 … constant 6" in dot.label("2.0/steps2to6")
    assert any(title.endswith("R = Tanh, folded for inference") for title in dot.titles)


def test_names_are_quoted():
    odd = nn.ModuleDict({'a "quoted" name': nn.Identity()})
    assert r'"a \"quoted\" name" [' in model_to_dot(odd)


def test_what_cannot_be_drawn_is_told_what_can(tmp_path: Path):
    message = r"A `int` cannot be drawn; give a scheme .* an `OdeBlock`, .*, or a model"
    with pytest.raises(EmitError, match=message):
        draw(3, tmp_path / "a.svg")  # pyright: ignore[reportArgumentType]


def test_a_model_without_layers_is_refused():
    with pytest.raises(EmitError, match=r"model `Tanh` has no layers; .* Draw one of its blocks"):
        scene_of(nn.Tanh())
    many = nn.Sequential(*[nn.Identity() for _ in range(MAX_LAYERS + 1)])
    with pytest.raises(EmitError, match=rf"`Sequential` has {MAX_LAYERS + 1} layers"):
        scene_of(many)


def test_the_suffix_is_checked_first(tmp_path: Path):
    with pytest.raises(EmitError, match=r"has `\.jpg`; the suffix decides the format. Use one of"):
        draw(load_scheme("euler"), tmp_path / "a.jpg")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["symplectic-euler", "strang", "nystrom-4"])
def test_schemes_of_two_halves_are_drawn_as_they_are_compiled(tmp_path: Path, name: str):
    path = draw(load_scheme(name), tmp_path / "scheme.svg")
    text = path.read_text(encoding="utf-8")
    assert load_scheme(name).title.split(":")[0] in text


def test_collapsed_steps_are_drawn_one_box_a_value(tmp_path):
    collapsed = og.OdeBlock(
        nn.Linear(2, 2, bias=False),
        scheme="rk4-classic",
        basis=og.PiecewiseConstant(1),
        steps=4,
        execution=og.Execution(passes=(og.passes.collapse_linear, *og.DEFAULT_PASSES)),
    )
    text = og.draw(collapsed.step_graph, tmp_path / "graph.dot").read_text()
    assert "^4 with M of" in text
    with pytest.raises(og.EmitError, match=r"no stages to draw.*one box a value"):
        og.draw(collapsed, tmp_path / "block.dot")
