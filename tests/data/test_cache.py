import logging
from pathlib import Path

import numpy as np
import pytest

from odegraph.data.cache import Arrays, cache_directory, cached_arrays


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ODEGRAPH_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


class Counter:
    calls = 0

    def __call__(self) -> Arrays:
        self.calls += 1
        return {"field": np.arange(6.0).reshape(2, 3), "rate": np.array(0.5)}


def test_the_second_call_reads_what_the_first_computed(folder: Path):
    compute = Counter()
    first = cached_arrays("wave", {"size": 3, "seed": 0}, compute=compute)
    second = cached_arrays("wave", {"seed": 0, "size": 3}, compute=compute)
    assert compute.calls == 1
    assert first.keys() == second.keys()
    assert all(np.array_equal(first[name], second[name]) for name in first)
    assert len(list(folder.iterdir())) == 1


def test_other_parameters_are_another_file(folder: Path):
    compute = Counter()
    cached_arrays("wave", {"seed": 0}, compute=compute)
    cached_arrays("wave", {"seed": 1}, compute=compute)
    assert compute.calls == 2
    assert len(list(folder.iterdir())) == 2


@pytest.mark.parametrize("content", [b"", b"not an archive", b"PK\x03\x04 cut"])
def test_a_broken_file_is_computed_again(
    folder: Path, caplog: pytest.LogCaptureFixture, content: bytes
):
    compute = Counter()
    cached_arrays("wave", {"seed": 0}, compute=compute)
    (path,) = folder.iterdir()
    path.write_bytes(content)
    with caplog.at_level(logging.WARNING):
        cached_arrays("wave", {"seed": 0}, compute=compute)
    assert compute.calls == 2
    assert "computing it again" in caplog.text
    cached_arrays("wave", {"seed": 0}, compute=compute)
    assert compute.calls == 2


def test_a_file_with_other_parameters_is_computed_again(
    folder: Path, caplog: pytest.LogCaptureFixture
):
    compute = Counter()
    cached_arrays("wave", {"seed": 0}, compute=compute)
    (path,) = folder.iterdir()
    np.savez(path, parameters=np.array("{}"), field=np.zeros(1))
    assert cached_arrays("wave", {"seed": 0}, compute=compute)["field"].size == 6
    assert "holds other parameters" in caplog.text


def test_a_folder_that_cannot_be_written_costs_a_warning(
    folder: Path, caplog: pytest.LogCaptureFixture
):
    folder.write_text("a file where the folder should be")
    arrays = cached_arrays("wave", {"seed": 0}, compute=Counter())
    assert arrays["field"].size == 6
    assert "Cannot keep" in caplog.text


def test_the_folder_follows_the_environment(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("ODEGRAPH_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere")
    assert cache_directory() == Path("/somewhere/odegraph")
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", "/home/ada")
    assert cache_directory() == Path("/home/ada/.cache/odegraph")
