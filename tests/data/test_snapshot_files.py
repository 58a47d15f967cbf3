from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.io import savemat

from odegraph._errors import DataError
from odegraph.data.snapshot_files import read_snapshots

FIELD = np.random.default_rng(0).normal(size=(6, 3, 4))


def write(path: Path, **arrays: np.ndarray) -> Path:
    match path.suffix:
        case ".npy":
            np.save(path, next(iter(arrays.values())))
        case ".npz":
            np.savez(path, allow_pickle=True, **arrays)  # pyright: ignore[reportArgumentType]
        case ".mat":
            savemat(path, arrays)
    return path


@pytest.mark.parametrize("name", ["a.npy", "a.npz", "a.mat"])
def test_every_format_gives_the_same_snapshots(tmp_path: Path, name: str):
    snapshots = read_snapshots(write(tmp_path / name, field=FIELD))
    assert torch.equal(snapshots.frames(), torch.from_numpy(FIELD))


@pytest.mark.parametrize("name", ["a.npz", "a.mat"])
def test_the_only_field_among_scalars_and_vectors_is_found(tmp_path: Path, name: str):
    path = write(tmp_path / name, t=np.arange(6.0), field=FIELD, reynolds=np.array(100.0))
    assert read_snapshots(path).features == 12


@pytest.mark.parametrize("name", ["a.npz", "a.mat"])
def test_of_two_fields_one_must_be_named(tmp_path: Path, name: str):
    path = write(tmp_path / name, u=FIELD, v=2 * FIELD)
    with pytest.raises(DataError, match=r"holds `u` \(6, 3, 4\), `v` \(6, 3, 4\); say which"):
        read_snapshots(path)
    assert torch.equal(read_snapshots(path, variable="v").frames(), torch.from_numpy(2 * FIELD))
    with pytest.raises(DataError, match=r"no variable `w`; it holds `u` \(6, 3, 4\)"):
        read_snapshots(path, variable="w")


def test_time_may_be_the_last_axis(tmp_path: Path):
    path = write(tmp_path / "a.mat", VORTALL=FIELD.reshape(6, 12).T)
    snapshots = read_snapshots(path, time_axis=-1)
    assert torch.equal(snapshots.values, torch.from_numpy(FIELD.reshape(6, 12)))
    with pytest.raises(DataError, match=r"shape `\(12, 6\)`, which has no axis `2`"):
        read_snapshots(path, time_axis=2)


def test_a_mask_leaves_pixels_out(tmp_path: Path):
    array = FIELD.copy()
    array[:, 0, 0] = np.nan
    path = write(tmp_path / "a.npy", field=array)
    with pytest.raises(DataError, match=r"a\.npy` has `6` values that are NaN"):
        read_snapshots(path)
    assert read_snapshots(path, mask=np.isfinite(array[0])).features == 11


@pytest.mark.parametrize("name", ["a.npy", "a.npz"])
def test_pickled_objects_are_not_loaded(tmp_path: Path, name: str):
    path = write(tmp_path / name, field=np.array([[1, "a"]] * 3, dtype=object))
    with pytest.raises(DataError, match="holds Python objects or mixed types, which are not read"):
        read_snapshots(path)


def test_a_matlab_cell_array_is_of_mixed_types(tmp_path: Path):
    path = write(tmp_path / "a.mat", field=np.array([[1.0, "a"]] * 3, dtype=object))
    with pytest.raises(DataError, match=r"type `object`.*mixed types"):
        read_snapshots(path)


@pytest.mark.parametrize("name", ["a.npy", "a.npz", "a.mat"])
@pytest.mark.parametrize("content", [b"", b"no snapshots in here" * 20])
def test_a_broken_file_is_refused_by_name(tmp_path: Path, name: str, content: bytes):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(DataError, match=f"{name}` cannot be read: "):
        read_snapshots(path)


def test_a_new_matlab_file_says_how_to_save_it(tmp_path: Path):
    path = tmp_path / "a.mat"
    header = b"MATLAB 7.3 MAT-file".ljust(124) + b"\x00\x02IM"
    path.write_bytes(header.ljust(512, b"\x00"))
    with pytest.raises(DataError, match=r"MATLAB 7\.3 file; save it again .*'-v7'"):
        read_snapshots(path)


def test_what_is_not_there_or_not_known_is_refused(tmp_path: Path):
    with pytest.raises(DataError, match=r"no file `.*missing\.npy`"):
        read_snapshots(tmp_path / "missing.npy")
    (tmp_path / "a.csv").touch()
    with pytest.raises(DataError, match=r"`a\.csv`; known are \.mat, \.npy, \.npz"):
        read_snapshots(tmp_path / "a.csv")


def test_an_empty_archive_is_refused(tmp_path: Path):
    with pytest.raises(DataError, match="holds nothing; say which"):
        read_snapshots(write(tmp_path / "a.npz"))


def test_text_is_not_offered_to_be_unpickled(tmp_path: Path):
    path = tmp_path / "words.npy"
    path.write_text("hello", encoding="utf-8")
    with pytest.raises(DataError, match=r"words.npy` cannot be read: it is not a NumPy file\.$"):
        read_snapshots(path)
