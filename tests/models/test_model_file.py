"""Model files: what they build, and the message for each way of getting them wrong."""

import os
from pathlib import Path

import pytest
import torch

import odegraph as og
from odegraph.models import LayeredModel, read_model

VALID = """
title = "Two blocks"
input = ["batch", 3, 8, 8]

[[layer]]
name = "stem"
module = "odegraph.models.units:ConvStem"
arguments = { in_channels = 3, out_channels = 4 }

[[layer]]
name = "block1"
unit = "odegraph.models.units:ConvReluNorm"
arguments = { channels = 4 }
scheme = "midpoint"
basis = { kind = "piecewise-constant", elements = 2 }
steps = 2
span = 2

[[layer]]
name = "pool"
module = "torch.nn:AdaptiveAvgPool2d"
arguments = { output_size = 1 }

[[layer]]
name = "flatten"
module = "torch.nn:Flatten"
"""


def model_file(folder: Path, text: str) -> Path:
    path = folder / "model.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_layers_run_in_their_order(tmp_path):
    read = read_model(model_file(tmp_path, VALID))
    model = read.model.eval()
    x = torch.randn(2, 3, 8, 8)
    by_hand = x
    for name in ("stem", "block1", "pool", "flatten"):
        by_hand = model.get_submodule(name)(by_hand)
    assert torch.equal(model(x), by_hand)
    assert read.title == "Two blocks"
    assert read.input_shape == (2, 3, 8, 8)


def test_a_scheme_may_take_the_place_of_all_others(tmp_path):
    read = read_model(model_file(tmp_path, VALID), scheme="rk4-38")
    block = read.model.get_submodule("block1")
    assert isinstance(block, og.OdeBlock)
    assert block.manifestation.scheme.name == "rk4-38"


def test_inputs_and_outputs_make_a_graph_of_layers():
    layers = {
        "a": torch.nn.Linear(3, 3),
        "b": torch.nn.Linear(3, 3),
        "join": torch.nn.Bilinear(3, 3, 2),
    }
    model = LayeredModel(layers, inputs={"b": ["input"], "join": ["a", "b"]}, outputs=["join", "b"])
    x = torch.randn(4, 3)
    joined, b = model(x)
    assert torch.equal(b, layers["b"](x))
    assert torch.equal(joined, layers["join"](layers["a"](x), layers["b"](x)))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("[[layer]]", "[[layers]]", r"no key `layers`\. Did you mean `layer`"),
        (
            'scheme = "midpoint"',
            'scheme = "midpiont"',
            r"layer `block1`: .*Did you mean `midpoint`",
        ),
        ('scheme = "midpoint"', 'sheme = "midpoint"', r"no key `sheme`\. Did you mean `scheme`"),
        ('scheme = "midpoint"', "", r"an ODE block needs the key `scheme`"),
        ("elements = 2", "element = 2", r"no key `element`\. Did you mean `elements`"),
        ("elements = 2", "elements = 0", r"layer `block1`"),
        ("steps = 2", "steps = 0", r"`steps` is `0`"),
        ("steps = 2", "", r"Give either `steps`"),
        ("span = 2", "span = -1", r"`span` is `-1`; it must be positive"),
        (":ConvStem", ":ConvSten", r"no module class `ConvSten`. Did you mean `ConvStem`"),
        ("odegraph.models.units:ConvStem", "os:system", r"`os` is not a package.*--allow"),
        ("torch.nn:Flatten", "torch.nn", r"write `package.module:Class`"),
        ("in_channels = 3", "in_chanels = 3", r"cannot be made with these arguments"),
        ("in_channels = 3", "in_channels = 4", r"layer `stem` .* does not take what it is given"),
        ("channels = 4 }\nscheme", "channels = 5 }\nscheme", r"layer `block1` .* \[2, 4, 8, 8\]"),
        ('name = "pool"', 'name = "stem"', r"the name `stem`, which is taken"),
        ('name = "pool"', 'name = "forward"', r"the name `forward`, which is taken"),
        ('name = "pool"', 'name = "a pool"', r"a name is a word"),
        ('["batch", 3, 8, 8]', "[3, 8, 8]", r"after the word batch"),
        ('name = "pool"', 'name = "pool"\ninputs = ["stam"]', r"names no earlier layer"),
        ('name = "pool"', 'name = "pool"\ninputs = "stem"', r"write a list of names"),
        ('name = "pool"', 'name = "pool"\nunit = "torch.nn:ReLU"', r"either `module` .* or `unit`"),
        ("title =", "title", r"is not valid TOML"),
    ],
)
def test_a_fault_is_named_with_its_way_out(tmp_path, old, new, message):
    assert old in VALID
    with pytest.raises(og.GraphError, match=f"(?s){message}"):
        read_model(model_file(tmp_path, VALID.replace(old, new, 1)))


def test_a_file_without_layers_says_so(tmp_path):
    with pytest.raises(og.GraphError, match="it has no layers"):
        read_model(model_file(tmp_path, 'title = "x"\ninput = ["batch", 2]\n'))


def test_a_file_that_is_not_one_is_refused(tmp_path):
    with pytest.raises(og.GraphError, match="is a directory"):
        read_model(tmp_path)
    with pytest.raises(og.GraphError, match="There is no model file"):
        read_model(tmp_path / "none.toml")
    (tmp_path / "binary.toml").write_bytes(os.urandom(64) + b"\xff")
    with pytest.raises(og.GraphError, match="is not text"):
        read_model(tmp_path / "binary.toml")
    (tmp_path / "large.toml").write_bytes(b"#" * 1_000_001)
    with pytest.raises(og.GraphError, match="at most 1000000 are read"):
        read_model(tmp_path / "large.toml")


def test_a_package_that_the_user_allows_is_imported(tmp_path):
    text = VALID.replace("torch.nn:Flatten", "torch.ao.nn.quantized:Dropout")
    with pytest.raises(og.GraphError, match=r"`torch.ao.nn.quantized` is not a package"):
        read_model(model_file(tmp_path, text))
    read = read_model(
        model_file(tmp_path, VALID.replace("torch.nn:Flatten", "torch.nn.modules.flatten:Flatten")),
        allow=("torch.nn.modules",),
    )
    assert type(read.model.flatten).__name__ == "Flatten"
