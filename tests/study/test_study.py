"""Studies on a small travelling wave: records, resuming, scores, files."""

import csv
import importlib.util
import io
import json
import math

import numpy as np
import pytest
import torch
from rich.console import Console
from torch.testing import assert_close
from typer.testing import CliRunner

import odegraph as og
from odegraph.cli import train_dynamics
from odegraph.cli.app import app
from odegraph.data.dmd import dmd_forecast
from odegraph.data.snapshots import make_snapshots
from odegraph.models import LyapunovAutoencoder, load_dynamics
from odegraph.study import KINDS, Problem, Recipe, make_problem, run_study
from odegraph.study import run as running
from odegraph.study.evaluation import horizon_of, relative_errors, score_baselines, score_model
from odegraph.study.problem import Coordinates, coordinates_of
from odegraph.study.records import read_run
from odegraph.study.training import noisy, train

QUICK = Recipe(epochs=3, seeds=1, noise=(0.0, 0.2), horizon=6)
SOME = ("gray-box", "stable")


def wave(times: int = 36) -> np.ndarray:
    """Frames [times, 4, 6] of a wave with the period of 12 frames."""
    time, row, column = np.ogrid[:times, :4, :6]
    return np.sin(2 * np.pi * (time / 12 - column / 6)) + 0.3 * np.cos(np.pi * time / 6 + row)


@pytest.fixture
def problem() -> Problem:
    return make_problem(make_snapshots(wave()), name="wave", title="A wave", period=12)


@pytest.fixture
def small(problem: Problem) -> Problem:
    snapshots = make_snapshots(wave().astype(np.float32))
    return make_problem(snapshots, name="wave", title="A wave", period=12)


def test_training_values_have_mean_zero_and_root_mean_square_one(problem):
    assert len(problem.train) == 24
    assert len(problem.test) == 12
    assert_close(problem.train.values.mean(dim=0), torch.zeros(24), rtol=0, atol=1e-12)
    assert_close(problem.train.values.square().mean(), torch.tensor(1.0))
    physical = problem.test.physical()
    assert_close(physical, torch.tensor(wave()[24:].reshape(12, 24)))


def test_coordinates_are_an_isometry_on_the_training_frames(problem):
    frames = noisy(problem.train.values, level=0.1, seed=0)
    coordinates = coordinates_of(frames)
    found = coordinates.of(frames)
    assert coordinates.modes == 24
    assert_close(found.square().mean(), torch.tensor(1.0))
    assert_close(coordinates.values(found), frames)
    assert_close(coordinates.basis.mT @ coordinates.basis, torch.eye(24))


def test_baselines_are_what_they_say(problem):
    scores = score_baselines(problem, problem.train.values, horizon=6)
    assert scores["climatology"].errors[-1] < 1e-9  # the wave is periodic
    # Half a period later a wave is its own negative: the error of persistence is 2.
    assert math.isclose(scores["persistence"].errors[5], 2.0, rel_tol=0.05)
    difference = problem.test.physical()[1:] - problem.test.physical()[:-1]
    assert math.isclose(
        scores["persistence"].one_step, difference.square().mean().sqrt().item(), rel_tol=0.05
    )


def test_dmd_is_exact_on_a_linear_system():
    pytest.importorskip("pydmd", reason="needs the extra `dmd`")
    omega = torch.linalg.qr(torch.randn(3, 3))[0] * 0.98
    lift = torch.randn(3, 7)
    states = [torch.ones(3)]
    for _ in range(11):
        states.append(omega @ states[-1])
    frames = torch.stack(states) @ lift
    forecast = dmd_forecast(frames[:8], frames[8:10], steps=2, rank=3)
    assert_close(forecast[2], frames[10:12], rtol=1e-6, atol=1e-8)
    with pytest.raises(og.DataError, match=r"rank is `8`; `8` training snapshots have 1 to 7"):
        dmd_forecast(frames[:8], frames[8:], steps=1, rank=8)


def test_dmd_says_what_to_install(monkeypatch):
    from odegraph.data import netcdf

    monkeypatch.setattr(netcdf, "find_spec", lambda _: None)
    with pytest.raises(og.DataError, match=r"needs `pydmd`: pip install odegraph\[dmd\]"):
        dmd_forecast(torch.randn(5, 2), torch.randn(1, 2), steps=1)


def test_relative_errors_are_medians_over_the_starts(problem):
    truth = problem.test.values
    forecast = torch.stack([truth[k : k + 4] * (1 + 0.1 * k) for k in range(4)])
    assert_close(relative_errors(forecast, problem), (0.1, 0.2, 0.3), rtol=1e-9, atol=0.0)


def test_the_horizon_leaves_starts(problem):
    assert horizon_of(problem, 40) == 8
    assert horizon_of(problem, 3) == 3


def test_a_perfect_model_has_no_error(problem):
    class Exact(LyapunovAutoencoder):
        """Two coordinates that turn by a twelfth."""

        def __init__(self) -> None:
            super().__init__(2, 2, ())
            identity = {"layer1.weight": torch.eye(2), "layer1.bias": torch.zeros(2)}
            self.encoder.load_state_dict(identity)
            self.decoder.load_state_dict(identity)

    coordinates = coordinates_of(problem.train.values)
    plane = Coordinates(coordinates.basis[:, :2], coordinates.size)
    model = Exact()
    now, later = plane.of(problem.train.values)[:-1], plane.of(problem.train.values)[1:]
    fitted = {"dynamics.weight": torch.linalg.lstsq(now, later).solution.mT}
    model.load_state_dict(fitted, strict=False)
    scores = score_model(model, plane, problem, horizon=6)
    assert max(scores.errors) < 1e-6
    assert max(scores.restarted) < 1e-6
    assert math.isclose(scores.radius, 1, rel_tol=1e-6)
    assert scores.is_bounded


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_seed_gives_the_same_model(kind):
    torch.set_default_dtype(torch.float32)
    frames = torch.randn(12, 5)
    recipe = Recipe(epochs=2)
    one, other = (
        train(kind, frames, recipe=recipe, seed=3, advance=lambda _: None) for _ in range(2)
    )
    assert one[1] == other[1]
    for key, value in one[0].state_dict().items():
        assert torch.equal(value, other[0].state_dict()[key])


def test_a_study_writes_its_files_and_resumes(small, tmp_path, monkeypatch):
    torch.set_default_dtype(torch.float32)
    told = []
    study = run_study(
        small,
        tmp_path,
        recipe=QUICK,
        kinds=SOME,
        progress=lambda name, done: told.append((name, done)),
    )
    assert told[-1] == ("stable", 1.0)
    done = [part for _, part in told]
    assert done == sorted(done)
    names = {path.name for path in study.written}
    assert {"runs.csv", "horizon.csv", "horizon.svg", "spectra.svg", "table.md", "report.html"} <= (
        names
    )
    assert {"fields-noise0.png", "fields-noise0.2.png"} <= names
    rows = list(csv.DictReader((tmp_path / "runs.csv").read_text().splitlines()))
    baselines = 2 + 2 * (importlib.util.find_spec("pydmd") is not None)
    assert len(rows) == 2 * (len(SOME) + baselines)
    stable = [row for row in rows if row["kind"].startswith("stable")]
    assert all(float(row["spectral_radius"]) <= 1 + 1e-6 for row in stable)
    assert all(float(row["growth_10000"]) < 10 for row in stable)
    model = load_dynamics(tmp_path / "runs" / "stable-noise0-seed0.safetensors")
    assert isinstance(model, LyapunovAutoencoder)

    def refuse(*_args, **_kwargs):
        raise AssertionError("trained again")

    monkeypatch.setattr(running, "train", refuse)
    again = run_study(small, tmp_path, recipe=QUICK, kinds=SOME, progress=lambda *_: None)
    first, second = ([r.scores.errors for r in s.runs] for s in (study, again))
    assert first == second
    with pytest.raises(AssertionError, match="trained again"):
        run_study(small, tmp_path, recipe=Recipe(epochs=4), kinds=SOME, progress=lambda *_: None)


def test_a_broken_record_is_trained_again(tmp_path):
    (tmp_path / "a.json").write_text('{"mark": "x", "kind"', encoding="utf-8")
    assert read_run(tmp_path, "a", "x") is None
    assert read_run(tmp_path, "b", "x") is None


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ({"epochs": 0}, r"epochs is `0`; it must be positive"),
        ({"kappa": -1.0}, r"kappa is `-1\.0`; it must be positive"),
        ({"noise": (-0.1,)}, r"noise is `\(-0\.1,\)`"),
    ],
)
def test_faults_of_a_recipe(fault, message):
    with pytest.raises(og.OdegraphError, match=message):
        Recipe(**fault)


def test_a_problem_needs_frames_to_test_on():
    with pytest.raises(og.DataError, match=r"`4` snapshots leave `1` to test on"):
        make_problem(make_snapshots(wave(4)), name="short", title="short")


def test_train_dynamics_on_a_file_of_ones_own(tmp_path):
    torch.set_default_dtype(torch.float32)
    np.save(tmp_path / "my.npy", wave())
    arguments = ["train-dynamics", str(tmp_path / "my.npy"), "-o", str(tmp_path / "out")]
    quick = ["--epochs", "2", "--kind", "stable", "--json"]
    result = CliRunner().invoke(app, [*arguments, *quick])
    assert result.exit_code == 0, result.output
    rows = json.loads(result.stdout)["rows"]
    assert rows[0]["model"] == "stable by construction"
    assert (tmp_path / "out" / "report.html").exists()
    result = CliRunner().invoke(app, [*arguments, "--kind", "stabel"])
    assert "There is no kind `stabel`. Known kinds: agnostic" in str(result.exception)


def test_what_does_not_fit_is_refused_before_any_training(tmp_path, monkeypatch):
    def refuse(*_args, **_kwargs):
        raise AssertionError("trained")

    monkeypatch.setattr(running, "train", refuse)
    short = make_problem(make_snapshots(wave(9)), name="short", title="short")
    with pytest.raises(og.DataError, match="tap `8` reaches beyond the sequence of `6` frames"):
        run_study(short, tmp_path, recipe=QUICK, progress=lambda *_: None)
    yearly = make_problem(make_snapshots(wave(9)), name="short", title="short", period=7)
    with pytest.raises(og.DataError, match="period is `7`; it must be 1 to `6`"):
        run_study(yearly, tmp_path, recipe=QUICK, kinds=SOME, progress=lambda *_: None)


def test_tables_fit_into_80_characters(small, tmp_path, monkeypatch):
    torch.set_default_dtype(torch.float32)
    study = run_study(small, tmp_path, recipe=QUICK, kinds=SOME, progress=lambda *_: None)
    text = io.StringIO()
    monkeypatch.setattr(train_dynamics, "console", Console(file=text, width=80))
    train_dynamics.print_study(study)
    table = text.getvalue().partition("wrote")[0]
    for word in ("stable by", "construction", "climatology", "re-encoded", "radius", "bounded"):
        assert word in table
    assert "1 of 1" in table
    assert "…" not in table


def test_train_dynamics_leaves_out_pixels_that_say_nothing(tmp_path):
    torch.set_default_dtype(torch.float32)
    frames = wave()
    frames[:, 0, 0], frames[3, 1, 1] = 1.0, np.nan
    np.save(tmp_path / "my.npy", frames)
    arguments = ["train-dynamics", str(tmp_path / "my.npy"), "-o", str(tmp_path / "out")]
    quick = ["--epochs", "2", "--kind", "stable"]
    result = CliRunner().invoke(app, [*arguments, *quick])
    assert "NaN or infinite, the first at time `3`" in str(result.exception)
    assert "`--usable-pixels` on the command line" in str(result.exception)
    result = CliRunner().invoke(app, [*arguments, *quick, "--usable-pixels"])
    assert result.exit_code == 0, result.output
    assert "22 pixels" in (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
