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
def example(request, monkeypatch) -> Any:
    for package in ("lightning", "sklearn"):
        if importlib.util.find_spec(package) is None:
            pytest.skip(f"{package} is not installed (pip install odegraph[dev])")
    if importlib.util.find_spec("torchvision") is not None:
        request.getfixturevalue("torchvision")  # which Lightning imports where it is there
    monkeypatch.syspath_prepend(str(EXAMPLES))
    sys.modules.pop("train_images", None)
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


def test_a_stopped_run_goes_on_with_resume(example, tmp_path):
    short = [*SMALL, "--epochs", "2", "--output", str(tmp_path)]
    assert example.main(short) == 0
    before = (tmp_path / "last.ckpt").stat().st_mtime_ns
    assert example.main([*short[:-3], "2", *short[-2:], "--resume"]) == 0
    assert (tmp_path / "last.ckpt").stat().st_mtime_ns >= before


def test_what_is_no_data_is_one_message(example, tmp_path, capsys):
    assert example.main(["--data", str(tmp_path / "nothing"), "--output", str(tmp_path)]) == 1
    assert "error: There is no image folder" in capsys.readouterr().out
