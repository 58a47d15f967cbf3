"""`odegraph manifest`: the same weights in another discrete form."""

import json
from pathlib import Path

import pytest
import torch

import odegraph as og
from odegraph.cli import main
from odegraph.models import read_model

NET = """
title = "one block"
input = ["batch", 3]
[[layer]]
name = "block"
unit = "odegraph.models.units:TanhUnit"
arguments = { features = 3, hidden = 4 }
scheme = "euler"
basis = { kind = "piecewise-constant", elements = 8 }
start = "independent"
steps = 8
"""


def run(capsys, *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as stop:
        main([*arguments])
    captured = capsys.readouterr()
    code = stop.value.code
    return code if isinstance(code, int) else 0, captured.out, captured.err


@pytest.fixture
def net(tmp_path) -> Path:
    path = tmp_path / "net.toml"
    path.write_text(NET, encoding="utf-8")
    return path


def test_compare_shows_both_ways(capsys, net):
    code, out, err = run(capsys, "manifest", str(net), "--steps", "4", "--compare", "--json")
    assert code == 0, err
    sampled, projected = json.loads(out)["manifestations"]
    assert (sampled["weights"], projected["weights"]) == ("sampled", "projected first")
    assert sampled["parameters"] == 2 * projected["parameters"]
    assert sampled["unit evaluations"] == projected["unit evaluations"] == 4
    assert sampled["drift"] > 0
    code, out, _ = run(capsys, "manifest", str(net), "--steps", "4", "--compare")
    assert code == 0
    assert "projected" in out


def test_the_new_model_is_written(capsys, net, tmp_path):
    torch.manual_seed(3)
    model = read_model(net).model
    weights = og.save(model, tmp_path / "old.safetensors")
    target = tmp_path / "new.safetensors"
    arguments = ("--weights", str(weights), "--scheme", "rk4-classic", "--output", str(target))
    code, _, err = run(capsys, "manifest", str(net), *arguments)
    assert code == 0, err
    new = og.load(target, model=model)
    x = torch.randn(2, 3)
    assert torch.equal(new(x), og.manifest(model, scheme="rk4-classic")(x))


def test_bad_arguments_are_one_message(capsys, net):
    code, _, err = run(capsys, "manifest", str(net), "--steps", "0")
    assert code == 1
    assert "steps" in err
    code, _, err = run(capsys, "manifest", str(net), "--batch", "0")
    assert code == 1
    assert "`--batch` is `0`" in err
