"""Read snapshots from a file of the user's own: `.npy`, `.npz` or `.mat`."""

import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.io import loadmat
from scipy.io.matlab import MatReadError

from odegraph._errors import DataError
from odegraph.data.snapshots import Snapshots, make_snapshots, usable_pixels


def read_snapshots(
    path: str | Path,
    *,
    variable: str | None = None,
    time_axis: int = 0,
    mask: ArrayLike | None = None,
) -> Snapshots:
    """Read snapshots from `path`; `variable` names the array where the file holds several.

    `time_axis` says which axis is time: 0 as NumPy users write it, -1 as MATLAB users often do.
    Nothing in the file is executed: arrays of Python objects are refused.
    """
    frames = _read_frames(path, variable=variable, time_axis=time_axis)
    return make_snapshots(frames, mask=mask, name=f"`{path}`")


def read_usable_snapshots(
    path: str | Path, *, variable: str | None = None, time_axis: int = 0
) -> Snapshots:
    """Read snapshots without the pixels that are missing at some time or never change."""
    frames = _read_frames(path, variable=variable, time_axis=time_axis)
    numbers = frames.ndim > 1 and frames.dtype.kind in "fiu"
    return make_snapshots(frames, mask=usable_pixels(frames) if numbers else None, name=f"`{path}`")


def _read_frames(path: str | Path, *, variable: str | None, time_axis: int) -> np.ndarray:
    file = Path(path)
    if not file.is_file():
        raise DataError(f"There is no file `{file}`.")
    if file.suffix not in READERS:
        raise DataError(
            f"Snapshots cannot be read from `{file.name}`; known are {', '.join(sorted(READERS))}."
        )
    try:
        arrays = READERS[file.suffix](file)
    except _BROKEN as error:
        if "Object arrays" in str(error):
            raise DataError(
                f"`{file}` holds Python objects or mixed types, which are not read; save one array "
                "of real numbers of one type."
            ) from error
        # NumPy takes whatever it does not know for a pickle, and offers to execute it.
        reason = "it is not a NumPy file" if "pickle" in str(error) else f"`{error}`"
        raise DataError(f"`{file}` cannot be read: {reason}.") from error
    array = _choose(arrays, variable, file=file)
    if array.ndim and not -array.ndim <= time_axis < array.ndim:
        raise DataError(f"`{file}` has the shape `{array.shape}`, which has no axis `{time_axis}`.")
    return np.moveaxis(array, time_axis, 0) if array.ndim else array


def _read_npy(file: Path) -> Mapping[str, Any]:
    return {file.stem: np.load(file, allow_pickle=False)}


def _read_npz(file: Path) -> Mapping[str, Any]:
    with file.open("rb") as stream, np.load(stream, allow_pickle=False) as stored:
        return {name: stored[name] for name in stored.files}


def _read_mat(file: Path) -> Mapping[str, Any]:
    try:
        contents = loadmat(file)
    except NotImplementedError as error:
        raise DataError(
            f"`{file}` is a MATLAB 7.3 file; save it again with `save(name, variable, '-v7')`."
        ) from error
    return {name: value for name, value in contents.items() if not name.startswith("__")}


READERS: Mapping[str, Callable[[Path], Mapping[str, Any]]] = {
    ".npy": _read_npy,
    ".npz": _read_npz,
    ".mat": _read_mat,
}
_BROKEN = (OSError, EOFError, ValueError, TypeError, zipfile.BadZipFile, MatReadError)


def _choose(arrays: Mapping[str, Any], variable: str | None, *, file: Path) -> np.ndarray:
    shapes = ", ".join(f"`{name}` {np.shape(array)}" for name, array in sorted(arrays.items()))
    if variable is not None:
        if variable not in arrays:
            raise DataError(f"`{file}` has no variable `{variable}`; it holds {shapes or 'none'}.")
        return np.asarray(arrays[variable])
    fields = [name for name, array in arrays.items() if _is_field(array)]
    if (len(arrays) > 1 and len(fields) != 1) or not arrays:
        raise DataError(
            f"`{file}` holds {shapes or 'nothing'}; say which is the field: `variable=...`, or "
            "`--variable` on the command line."
        )
    return np.asarray(arrays[fields[0] if fields else next(iter(arrays))])


def _is_field(array: Any) -> bool:
    return np.ndim(array) >= 2 and min(np.shape(array)) > 1
