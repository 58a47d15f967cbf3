"""Dynamics models as graphs: model file, shared layers, weight-only parts, losses, pictures."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import nn
from torch.testing import assert_close

import odegraph as og
from odegraph.draw.layer_graph import wired_scene
from odegraph.models import (
    LayeredModel,
    LyapunovAutoencoder,
    StableLatent,
    autoencoder_loss,
    read_model,
)
from odegraph.models.dynamics_layers import LyapunovEquation, LyapunovPrior, MeanSquaredError

EXAMPLE = Path(__file__).parents[2] / "examples" / "lyapunov_autoencoder.toml"


def imported(path: Path) -> nn.Module:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.Model()


@pytest.fixture
def model() -> LayeredModel:
    torch.manual_seed(0)
    return read_model(EXAMPLE).model


def as_class(model: LayeredModel) -> LyapunovAutoencoder:
    """The same weights in the Python class."""
    twin = LyapunovAutoencoder(800)
    state = model.state_dict()
    twin.load_state_dict({key.replace("omega.", "dynamics."): v for key, v in state.items()})
    return twin


def test_the_file_is_the_class_with_its_loss(model):
    window = torch.randn(2, 3, 800)
    y1, y2, *terms = model(window)
    twin = as_class(model)
    assert_close((y1, y2), twin(window[:, 0]))
    expected = autoencoder_loss(twin, window, kappa=3.0)
    assert_close(sum(terms), expected.total)


def test_the_prior_of_the_graph_is_that_of_the_library():
    omega = torch.diag(torch.tensor([0.5, 1.1, 1.3])) + 0.1 * torch.randn(3, 3)
    P = LyapunovEquation(3)(omega)
    assert_close(P, og.lyapunov_solve(omega))
    assert_close(LyapunovPrior(kappa=2.0)(P), 2 * og.lyapunov_prior(omega))


def test_the_generated_module_stands_alone_and_trains(model, tmp_path):
    path = og.emit_python(model, tmp_path / "generated.py")
    assert "odegraph" not in path.read_text().split('"""', 2)[2]
    generated = imported(path)
    generated.load_state_dict(model.state_dict())
    window = torch.randn(2, 3, 800)
    assert_close(generated(window), model(window), rtol=1e-12, atol=1e-12)
    optimizer = torch.optim.Adam(generated.parameters(), lr=1e-2)
    losses = []
    for _ in range(5):
        optimizer.zero_grad()
        loss = torch.stack(generated(window)[2:]).sum()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0]


@pytest.mark.parametrize("scheme", ["implicit-midpoint", "gauss-2"])
def test_stable_dynamics_are_generated_too(scheme, tmp_path):
    model = LyapunovAutoencoder(6, 3, (4,), taps=(1, 3), dynamics=StableLatent(3, scheme, 0.5))
    generated = imported(og.emit_python(model, tmp_path / "generated.py"))
    generated.load_state_dict(model.state_dict())
    y = torch.randn(4, 6)
    assert_close(generated(y), model(y), rtol=1e-12, atol=1e-12)


def test_generated_text_is_stable_under_the_formatter(model, tmp_path):
    path = og.emit_python(model, tmp_path / "generated.py")
    check = [sys.executable, "-m", "ruff", "format", "--check", "--line-length", "88", str(path)]
    assert subprocess.run(check, capture_output=True, check=False).returncode == 0


def test_the_picture_shows_shared_layers_losses_and_the_part_of_weights_alone(model):
    scene = wired_scene(model)
    looks = {box.name: box.look for box in scene.boxes}
    assert looks["decoder"].fill == looks["y1"].fill == looks["y2"].fill != looks["now"].fill
    (region,) = scene.regions
    assert set(region.members) == {"omega.weight", "P", "prior"}
    assert region.title == "reads weights alone"
    read = {wire.source for wire in scene.wires}
    assert {"loss1", "loss2", "reconstruction", "prior"}.isdisjoint(read)
    assert {(w.source, w.target) for w in scene.wires} >= {("omega", "z2"), ("later2", "loss2")}
    places = {box.name: box.at for box in scene.boxes}
    assert all(places[w.source].x < places[w.target].x for w in scene.wires)


def test_boxes_do_not_overlap(model):
    boxes = wired_scene(model).boxes
    for one in boxes:
        for other in boxes:
            apart = (
                one.right.x <= other.left.x
                or other.right.x <= one.left.x
                or one.bottom.y >= other.top.y
                or other.bottom.y >= one.top.y
            )
            assert one is other or apart


def test_an_autoencoder_is_drawn(tmp_path):
    model = LyapunovAutoencoder(6, 3, (4,), taps=(1, 3), dynamics=StableLatent(3))
    text = og.draw(model, tmp_path / "model.dot").read_text()
    for name in ("encoder", "z1", "z2", "z3", "y1", "y3"):
        assert f'"{name}' in text or f"{name}\\n" in text
    assert "y2" not in text


TINY = """
input = ["batch", 4]
[[layer]]
name = "a"
module = "torch.nn:Linear"
arguments = { in_features = 4, out_features = 4 }
[[layer]]
name = "b"
"""


@pytest.mark.parametrize(
    ("rest", "message"),
    [
        ('use = "c"', r"`c` in `use` of layer `b` names no earlier layer"),
        ("use = 3", r"layer `b`: `use` is `3`; write the name of an earlier layer"),
        ('use = "a"\nmodule = "torch.nn:ReLU"', r"no key `module`"),
        ("inputs = ['a']", r"give either `module`.*`use`"),
        ('use = "a"\ninputs = ["a.wight"]', r"`a\.wight` in layer `b` names no earlier layer"),
    ],
)
def test_messages_about_shared_layers(rest, message, tmp_path):
    path = tmp_path / "model.toml"
    path.write_text(TINY + rest, encoding="utf-8")
    with pytest.raises(og.GraphError, match=message):
        read_model(path)


def test_a_layer_that_is_used_twice_has_one_set_of_weights(tmp_path):
    path = tmp_path / "model.toml"
    path.write_text(TINY + 'use = "a"', encoding="utf-8")
    model = read_model(path).model
    assert len(list(model.parameters())) == 2
    x = torch.randn(3, 4)
    layer = model.get_submodule("a")
    assert torch.equal(model(x), layer(layer(x)))


def test_weights_of_the_terms_are_positive():
    with pytest.raises(og.GraphError, match=r"weight is `0`; the weight of a term is positive"):
        MeanSquaredError(weight=0)
    with pytest.raises(og.GraphError, match=r"gamma is `-1`; weight and width"):
        LyapunovPrior(gamma=-1)
    with pytest.raises(og.GraphError, match=r"size is `65`; the equation is written out"):
        LyapunovEquation(65)
