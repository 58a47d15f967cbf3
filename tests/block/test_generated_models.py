"""Whole models as stand-alone modules: plain layers, blocks in containers, both modes."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from example_units import Normed, Tanh, randomized
from executors import generated_module
from torch import nn
from torch.testing import assert_close

import odegraph as og


class Model(nn.Module):
    """An encoder, two blocks of different units in different containers, a decoder."""

    def __init__(self) -> None:
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3), nn.Tanh())
        self.first = og.OdeBlock(
            Tanh(3), scheme="rk4-classic", basis=og.PiecewiseLinear(1), steps=2
        )
        self.stages = nn.ModuleList(
            [
                og.OdeBlock(Normed(3), scheme="euler", basis=og.PiecewiseConstant(2), steps=2),
                og.OdeBlock(Tanh(3), scheme="heun-2", basis=og.PiecewiseConstant(1), steps=1),
            ]
        )
        self.decoder = nn.Linear(3, 2)

    def forward(self, x):
        x = self.first(self.encoder(x))
        for stage in self.stages:
            x = stage(x)
        return self.decoder(torch.relu(x))


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("change", [lambda model: model, og.bake], ids=["blocks", "baked"])
def test_generated_models_give_the_same_numbers(tmp_path, training, change):
    model = change(randomized(Model())).train(training)
    module = generated_module(model, tmp_path, name="Model")
    for seed in range(2):
        x = torch.randn(5, 2, generator=torch.Generator().manual_seed(seed))
        assert_close(module(x), model(x), rtol=1e-15, atol=0)
    assert_close(dict(module.state_dict()), dict(model.state_dict()), rtol=1e-15, atol=0)
    assert sorted(module.state_dict()) == sorted(model.state_dict())


def test_generated_models_are_stable_text(tmp_path):
    path = og.emit_python(Model(), tmp_path / "model.py")
    text = path.read_bytes()
    assert og.emit_python(Model(), tmp_path / "again.py").read_bytes() == text
    ruff = Path(sys.executable).with_name("ruff")
    for width in ("88", "100"):
        check = [ruff, "format", "--check", "--isolated", "--line-length", width, path]
        subprocess.run(check, check=True, capture_output=True)
    subprocess.run([ruff, "check", "--isolated", "--select", "F,E4,E7,E9,B,UP", path], check=True)


def test_generated_models_train_like_the_original(tmp_path):
    model = randomized(Model())
    module = generated_module(model, tmp_path, name="Model")
    x = torch.randn(6, 2, generator=torch.Generator().manual_seed(0))
    losses = []
    for one in (model, module):
        optimizer = torch.optim.SGD(one.parameters(), lr=0.05)
        for _ in range(5):
            optimizer.zero_grad()
            loss = (one(x) - x).square().mean()
            loss.backward()
            optimizer.step()
        losses.append(loss.item())
    assert losses[1] == pytest.approx(losses[0], rel=1e-12)
