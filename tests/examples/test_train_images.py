"""The training example: it trains, resumes, refines, and measures on test images once."""

import importlib.util
import json
import logging
import sys
from pathlib import Path
from typing import Any

import pytest

# Lightning warns of missing workers, and imports what is deprecated in Python.
pytestmark = pytest.mark.filterwarnings("ignore")

EXAMPLES = Path(__file__).parents[2] / "examples"
SMALL = ["--quiet", "--elements", "1", "--channels", "2", "4", "--limit", "128"]


@pytest.fixture
def example(monkeypatch) -> Any:
    for package in ("lightning", "sklearn"):
        if importlib.util.find_spec(package) is None:
            pytest.skip(f"{package} is not installed (pip install odegraph[dev])")
    monkeypatch.syspath_prepend(str(EXAMPLES))
    for name in ("train_images", "image_manifestations"):
        sys.modules.pop(name, None)
    import train_images  # pyright: ignore[reportMissingImports]

    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    return train_images


@pytest.fixture(autouse=True)
def float32(float64_by_default):
    import torch

    torch.set_default_dtype(torch.float32)


def test_it_trains_refines_and_writes_what_was_run(example, tmp_path, capsys):
    arguments = [*SMALL, "--epochs", "2", "--refine", "1", "--output", str(tmp_path)]
    assert example.main(arguments) == 0
    result = json.loads((tmp_path / "result.json").read_text(encoding="utf-8"))
    assert result["training images"] == 128
    assert result["epochs"] == 2
    assert 0 <= result["test accuracy"] <= 1
    assert (tmp_path / "model.safetensors").exists()
    assert "test accuracy" in capsys.readouterr().out


def test_a_run_that_was_killed_resumes_as_if_it_never_was(example, tmp_path, monkeypatch):
    import safetensors.torch
    import torch

    arguments = [*SMALL, "--epochs", "3", "--refine", "1", "--output"]
    assert example.main([*arguments, str(tmp_path / "whole")]) == 0
    step = example.Classifier.training_step

    def killed(self: Any, batch: Any, number: int) -> Any:
        if self.current_epoch == 2:
            raise RuntimeError("killed")
        return step(self, batch, number)

    monkeypatch.setattr(example.Classifier, "training_step", killed)
    with pytest.raises(RuntimeError, match="killed"):
        example.main([*arguments, str(tmp_path / "killed")])
    monkeypatch.setattr(example.Classifier, "training_step", step)
    assert example.main([*arguments, str(tmp_path / "killed"), "--resume"]) == 0
    whole, resumed = (
        safetensors.torch.load_file(tmp_path / name / "model.safetensors")
        for name in ("whole", "killed")
    )
    assert all(torch.equal(value, resumed[key]) for key, value in whole.items())


def test_what_is_no_data_is_one_message(example, tmp_path, capsys):
    with pytest.raises(SystemExit, match="1"):
        example.main(["--data", str(tmp_path / "nothing"), "--output", str(tmp_path)])
    assert capsys.readouterr().err.startswith("error: There is no image folder")


@pytest.mark.parametrize("refine", [[], ["--refine", "1"]])
def test_networks_are_measured_in_other_forms(example, tmp_path, refine, capsys):
    import image_manifestations as manifestations  # pyright: ignore[reportMissingImports]

    arguments = ["--elements", "2", "--epochs", "2", "--seeds", "0", "--channels", "2", "4"]
    arguments += ["--sweep", "1", "2", "4", "--sweep-schemes", "euler", "rk4-classic", *refine]
    limit = ["--limit", "128", "64"] if refine else []
    arguments += [*limit, "--output", str(tmp_path), "--name", "few", "--resume"]
    assert manifestations.main(arguments) == 0
    ways = 1 + bool(refine)
    counts = {"training": 2, "convergence": 2 * 6, "manifestations": 2 * 4}
    for table, count in counts.items():
        rows = (tmp_path / "results" / f"few_{table}.csv").read_text(encoding="utf-8").splitlines()
        assert len(rows) == 1 + ways * count
    assert (tmp_path / "pictures" / "few-convergence.svg").exists()
    said = capsys.readouterr().out
    trained = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("result.json")}
    assert len(trained) == 2 * ways
    assert manifestations.main(arguments) == 0
    assert {path: path.stat().st_mtime_ns for path in trained} == trained, "trained again"
    assert capsys.readouterr().out == said
