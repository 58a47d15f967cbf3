import json
import math
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
import torch
from torch import nn
from torch.testing import assert_close
from typer.testing import CliRunner

import odegraph as og
from odegraph.block import read_description
from odegraph.cli.app import app
from odegraph.models import (
    AgnosticPredictor,
    Conservative,
    LatentMap,
    LyapunovAutoencoder,
    StableLatent,
    load_dynamics,
)


def rotation(angle: float, radius: float = 1.0) -> torch.Tensor:
    c, s = radius * math.cos(angle), radius * math.sin(angle)
    return torch.tensor([[c, -s], [s, c]])


def test_a_diagonal_map_by_hand():
    report = og.stability_report(torch.diag(torch.tensor([0.5, 0.9, 1.1])))
    assert_close(report.eigenvalues.real, torch.tensor([1.1, 0.9, 0.5]))
    assert report.lyapunov is not None
    assert_close(report.lyapunov, torch.tensor([-1 / 0.21, 1 / 0.75, 1 / 0.19]))
    assert report.outside == 1
    assert not report.is_stable
    assert "1 of 3 eigenvalues lie outside" in report.verdict
    assert "ten times in 24 steps" in report.verdict
    assert "P has 1 negative eigenvalues" in report.verdict
    assert math.isclose(report.growth[10], 1.1**10)


def test_a_damped_rotation_by_hand():
    report = og.stability_report(rotation(2 * math.pi / 30, 0.99))
    assert report.is_stable
    assert math.isclose(report.table[0]["period"], 30)
    assert "to 1% in 458 steps" in report.verdict
    assert "No state ever grows" in report.verdict
    assert "P is positive definite" in report.verdict


def test_on_the_circle_there_is_no_lyapunov_matrix():
    report = og.stability_report(rotation(0.2))
    assert report.is_stable
    assert report.lyapunov is None
    assert "some motion is kept for ever" in report.verdict
    assert "no solution" in report.facts()["negative eigenvalues of P"]


def test_transient_growth_is_told():
    report = og.stability_report(torch.tensor([[0.9, 5.0], [0.0, 0.8]]))
    assert report.is_stable
    assert report.transients.attained > 5
    assert "some state grows" in report.verdict


@pytest.mark.parametrize("scheme", ["implicit-midpoint", "radau-iia-2"])
def test_a_scheme_maps_the_spectrum_of_the_generator(scheme):
    model = StableLatent(5, scheme, 0.7)
    report = og.stability_report(LyapunovAutoencoder(8, 5, dynamics=model))
    assert report.generator is not None
    growth = torch.tensor(sorted(report.generator.growth, reverse=True))
    assert_close(growth, report.eigenvalues.abs())
    assert report.generator.abscissa <= 1e-12
    assert f"`{scheme}` is A-stable" in report.verdict
    assert report.facts()["largest growth |Ωᵏ|"].startswith("1 after 0")


def test_a_block_is_linearised_along_its_rollout():
    class Damped(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.rate = nn.Parameter(torch.tensor([[-0.1, 1.0], [-1.0, -0.1]]))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x @ self.rate.mT

    block = og.OdeBlock(
        Damped(), scheme="euler", basis=og.PiecewiseConstant(1), steps=1, span="1/2"
    )
    report = og.stability_report(block, state=torch.tensor([1.0, 0.0]), steps=10)
    assert report.linearised
    expected = torch.eye(2) + 0.5 * block.theta.rate.detach()[0]
    assert_close(report.omega, expected)
    assert_close(report.growth[10], torch.linalg.matrix_norm(expected, 2).item() ** 10)
    assert report.generator is not None
    assert_close(report.generator.rates.real, torch.tensor([-0.1, -0.1]))
    assert report.generator.step == 0.5
    assert "`euler` is not A-stable" in report.verdict


def test_a_black_box_needs_a_state():
    model = AgnosticPredictor(6, 2, (3,))
    with pytest.raises(og.GraphError, match=r"`AgnosticPredictor` is not linear.*give a state"):
        og.stability_report(model)
    report = og.stability_report(model, state=torch.randn(6), steps=5)
    assert len(report.growth) == 6
    assert report.eigenvalues.shape == (6,)


@pytest.mark.parametrize(
    "model",
    [
        LatentMap(3),
        StableLatent(3, "gauss-2", 0.3),
        StableLatent(3, generator=Conservative(3)),
        LyapunovAutoencoder(6, 3, (4,), (1, 3), dynamics=StableLatent(3, "radau-iia-2")),
        LyapunovAutoencoder(6, 3),
        AgnosticPredictor(6, 3, (4,), (1, 2)),
    ],
    ids=lambda model: f"{type(model).__name__}-{len(list(model.parameters()))}",
)
def test_checkpoints_say_how_their_model_is_built(model, tmp_path):
    path = og.save(model, tmp_path / "model.safetensors")
    loaded = load_dynamics(path)
    assert read_description(path) == read_description(og.save(loaded, tmp_path / "b.safetensors"))
    for key, value in model.state_dict().items():
        assert torch.equal(loaded.state_dict()[key], value)


def test_checkpoints_that_do_not(tmp_path):
    path = og.save(nn.Linear(2, 2), tmp_path / "linear.safetensors")
    with pytest.raises(og.DataError, match="does not say how its model is built"):
        og.stability_report(path)
    with pytest.raises(og.GraphError, match=r"a model without blocks; give a model"):
        og.load(path)
    assert isinstance(og.load(path, model=nn.Linear(2, 2)), nn.Linear)
    with pytest.raises(og.GraphError, match=r"do not fit what was given"):
        og.load(path, model=nn.Linear(3, 3))
    broken = {"format": "1", "blocks": {}, "model": {"class": "os.system"}}
    metadata = {"odegraph": json.dumps(broken)}
    safetensors.torch.save_file({}, tmp_path / "broken.safetensors", metadata)
    with pytest.raises(og.DataError, match=r"is broken: there is no class `os\.system`; known"):
        load_dynamics(tmp_path / "broken.safetensors")


def test_the_picture_has_a_panel_for_each_part(tmp_path):
    report = og.stability_report(StableLatent(3))
    path = report.plot(tmp_path / "spectrum.svg")
    assert path.read_bytes() == report.plot(tmp_path / "again.svg").read_bytes()
    assert report.plot(tmp_path / "spectrum.png").stat().st_size > 10_000


def test_show_stability_writes_one_page(tmp_path):
    model = LyapunovAutoencoder(6, 3, dynamics=StableLatent(3))
    path = og.save(model, tmp_path / "model.safetensors")
    result = CliRunner().invoke(app, ["show-stability", str(path)])
    assert result.exit_code == 0
    assert "`implicit-midpoint` is A-stable" in result.output
    page = (tmp_path / "model.html").read_text()
    assert "Stability of LyapunovAutoencoder" in page
    assert "<svg" in page
    result = CliRunner().invoke(app, ["show-stability", str(path), "--json"])
    assert json.loads(result.output)["stable"] is True


def test_show_stability_at_a_state(tmp_path):
    path = og.save(AgnosticPredictor(6, 2).float(), tmp_path / "model.safetensors")
    np.save(tmp_path / "states.npy", np.random.default_rng(0).normal(size=(5, 6)))
    arguments = ["show-stability", str(path), "--state", str(tmp_path / "states.npy")]
    result = CliRunner().invoke(app, [*arguments, "--steps", "5"])
    assert result.exit_code == 0, result.output
    assert (tmp_path / "model.html").exists()


def test_show_stability_of_nothing(tmp_path):
    result = CliRunner().invoke(app, ["show-stability", str(tmp_path / "none.safetensors")])
    assert isinstance(result.exception, og.DataError)
    assert "There is no checkpoint" in str(result.exception)


def test_show_stability_of_a_model_file(tmp_path):
    example = Path(__file__).parents[2] / "examples" / "lyapunov_autoencoder.toml"
    compiled = ["compile", str(example), "-o", str(tmp_path), "--checkpoint"]
    assert CliRunner().invoke(app, compiled).exit_code == 0
    path = tmp_path / "lyapunov_autoencoder.safetensors"
    arguments = ["show-stability", str(path), "--model", str(example), "--json"]
    result = CliRunner().invoke(app, arguments)
    report = json.loads(result.output)
    assert report["model"] == "LatentMap"
    assert len(report["eigenvalues"]) == 15
