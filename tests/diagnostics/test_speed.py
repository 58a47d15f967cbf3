"""Executions are measured once and remembered; what is chosen computes the same."""

import json

import pytest
import torch
from example_units import Tanh, randomized
from torch import nn
from torch.testing import assert_close

import odegraph as og
from odegraph.cli import main
from odegraph.diagnostics import speed

MODEL = """
title = "One block"
input = ["batch", 2]

[[layer]]
name = "block"
unit = "odegraph.models.units:TanhUnit"
arguments = { features = 2, hidden = 3 }
scheme = "euler"
basis = { kind = "piecewise-constant", elements = 1 }
steps = 1
"""


@pytest.fixture
def only_eager(monkeypatch, tmp_path):
    """A cache folder of its own, and no machine code to wait for."""
    monkeypatch.setenv("ODEGRAPH_CACHE", str(tmp_path))
    kept = {name: speed.EXECUTIONS[name] for name in ("eager", "channels-last", "baked")}
    monkeypatch.setattr(speed, "EXECUTIONS", kept)
    return tmp_path


def block() -> og.OdeBlock:
    return randomized(og.OdeBlock(Tanh(), scheme="heun-2", basis=og.PiecewiseLinear(1), steps=2))


def test_a_second_call_remembers(only_eager):
    x = torch.randn(3, 2)
    first = og.tune_speed(block(), x)
    assert set(first.forward) == {"eager", "baked"} and set(first.training) == {"eager"}
    again = og.tune_speed(block(), x)
    assert not first.remembered and again.remembered
    assert again.forward == first.forward
    assert not og.tune_speed(block(), torch.randn(4, 2)).remembered


def test_the_command_prints_each_execution(only_eager, tmp_path, capsys):
    path = tmp_path / "model.toml"
    path.write_text(MODEL, encoding="utf-8")
    with pytest.raises(SystemExit, match="0"):
        main(["tune-speed", str(path), "--batch", "3", "--json"])
    printed = json.loads(capsys.readouterr().out)
    assert set(printed["forward"]) == {"eager", "baked"}
    with pytest.raises(SystemExit, match="0"):
        main(["tune-speed", str(path), "--batch", "3"])
    assert "remembered" in capsys.readouterr().out


def test_a_spoilt_record_is_measured_again(only_eager):
    x = torch.randn(3, 2)
    og.tune_speed(block(), x)
    (record,) = only_eager.iterdir()
    record.write_text("{", encoding="utf-8")
    assert not og.tune_speed(block(), x).remembered


@pytest.mark.parametrize("name", ["eager", "baked"])
def test_the_fastest_computes_the_same(only_eager, name):
    report = speed.SpeedReport({"eager": 1.0, "baked": 2.0, name: 0.5}, {"eager": 1.0}, False)
    model, x = block().eval(), torch.randn(3, 2)
    assert_close(report.fastest(model)(x), model(x), rtol=1e-12, atol=1e-12)
    assert_close(report.fastest_in_training(model)(x), model(x))


def test_a_model_without_blocks_is_refused():
    with pytest.raises(og.GraphError, match="has no `OdeBlock`"):
        og.tune_speed(nn.Linear(2, 2), torch.randn(3, 2))


def test_convolutions_are_measured_in_channels_last_too(only_eager):
    unit = nn.Conv2d(2, 2, 3, padding=1)
    model = og.OdeBlock(unit, scheme="euler", basis=og.PiecewiseConstant(1), steps=2)
    report = og.tune_speed(model, torch.randn(1, 2, 4, 4))
    assert set(report.forward) == {"eager", "channels-last", "baked"}
    assert set(report.training) == {"eager", "channels-last"}
