"""The examples of learned dynamics run, with a few epochs."""

import importlib.util
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
import torch

from odegraph.data import sea_surface, wake
from odegraph.data.snapshots import make_snapshots

EXAMPLES = Path(__file__).parents[2] / "examples"
QUICK = ("--epochs", "2", "--seeds", "1", "--kinds", "stable")


def example(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(autouse=True)
def float32() -> None:
    torch.set_default_dtype(torch.float32)


def test_wake(tmp_path, monkeypatch, capsys):
    time, row, column = np.ogrid[:24, :4, :8]
    street = np.sin(time / 3 - column + 0.1 * row).astype(np.float32)
    flow = SimpleNamespace(strouhal=0.17, snapshots=lambda: make_snapshots(street))
    monkeypatch.setattr(wake, "load", lambda **_: flow)
    assert example("wake").main(["--output", str(tmp_path), *QUICK]) == 0
    assert "Strouhal number 0.1700" in capsys.readouterr().out
    assert (tmp_path / "report.html").exists()


def test_sea_surface(tmp_path, capsys):
    pytest.importorskip("iris_sample_data", reason="needs the extra `ocean`")
    pytest.importorskip("h5netcdf", reason="needs the extra `ocean`")
    assert example("sea_surface").main(["--output", str(tmp_path), *QUICK]) == 0
    out = capsys.readouterr().out
    assert "0.721" in out  # persistence in kelvin
    assert "0.891" in out  # climatology
    assert (tmp_path / "fields-noise0.png").exists()


@pytest.mark.parametrize(("name", "diameter"), [("wake", 24), ("sea_surface", None)])
@pytest.mark.parametrize(("cuda", "device"), [(True, "cuda"), (False, "cpu")])
def test_the_longer_setting_is_one_flag(tmp_path, monkeypatch, name, diameter, cuda, device):
    module, asked = example(name), {}
    frames = make_snapshots(np.random.default_rng(0).normal(size=(24, 6)))
    field = SimpleNamespace(strouhal=0.17, snapshots=frames, units="K")
    flow = SimpleNamespace(strouhal=0.17, snapshots=lambda: frames)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
    monkeypatch.setattr(wake, "load", lambda **given: asked.update(given) or flow)
    monkeypatch.setattr(sea_surface, "load", lambda *_, **__: field)
    monkeypatch.setattr(module, "study_with_progress", lambda *_, **given: given["recipe"])
    monkeypatch.setattr(module, "print_study", asked.setdefault("recipe", []).append)
    assert module.main(["--output", str(tmp_path), "--long"]) == 0
    (recipe,) = asked["recipe"]
    assert (recipe.epochs, recipe.device) == (6000, device)
    assert asked.get("diameter") == diameter
    assert asked.get("device", device) == device


def test_a_region_of_the_sea(tmp_path, monkeypatch):
    module, asked = example("sea_surface"), {}
    frames = make_snapshots(np.random.default_rng(0).normal(size=(24, 6)))
    field = SimpleNamespace(snapshots=frames, units="K")
    monkeypatch.setattr(sea_surface, "load", lambda *_, **given: asked.update(given) or field)
    monkeypatch.setattr(module, "study_with_progress", lambda *_, **__: None)
    monkeypatch.setattr(module, "print_study", lambda _: None)
    edges = ("--region", "-98", "-80", "18", "31")
    assert module.main(["--output", str(tmp_path), *edges]) == 0
    assert asked["region"] == sea_surface.GULF_OF_MEXICO


def test_a_file_that_is_not_there_is_one_message(tmp_path, capsys):
    nowhere = tmp_path / "nowhere.nc"
    with pytest.raises(SystemExit, match="1"):
        example("sea_surface").main(["--files", str(nowhere), "--output", str(tmp_path)])
    err = capsys.readouterr().err
    assert err.startswith("error: ") and "nowhere.nc" in err
