"""Arrays that took long to compute, kept on disk with the parameters they came from."""

import hashlib
import json
import logging
import os
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Arrays: TypeAlias = dict[str, NDArray[Any]]
PARAMETERS = "parameters"  # the name of the entry that holds them, as JSON

logger = logging.getLogger(__name__)


def cache_directory() -> Path:
    """Return `$ODEGRAPH_CACHE`, else `$XDG_CACHE_HOME/odegraph`, else `~/.cache/odegraph`."""
    if own := os.environ.get("ODEGRAPH_CACHE"):
        return Path(own)
    shared = os.environ.get("XDG_CACHE_HOME")
    return (Path(shared) if shared else Path.home() / ".cache") / "odegraph"


def cached_arrays(
    kind: str, parameters: Mapping[str, int | float | str], *, compute: Callable[[], Arrays]
) -> Arrays:
    """Return the arrays of `kind` for exactly these parameters, computed unless they are on disk.

    A file that cannot be read, or that holds other parameters, is computed again; a folder that
    cannot be written costs a warning in the log, not the result.
    """
    text = json.dumps(dict(parameters), sort_keys=True)
    digest = hashlib.sha256(text.encode()).hexdigest()[:16]
    path = cache_directory() / f"{kind}-{digest}.npz"
    arrays = _read(path, expected=text)
    if arrays is None:
        arrays = compute()
        _write(path, arrays, text)
    return arrays


def _read(path: Path, *, expected: str) -> Arrays | None:
    if not path.is_file():
        return None
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
    except (OSError, EOFError, ValueError, zipfile.BadZipFile) as error:
        logger.warning("Cannot read %s (%s); computing it again.", path, error)
        return None
    if str(arrays.pop(PARAMETERS, "")) != expected:
        logger.warning("%s holds other parameters; computing it again.", path)
        return None
    return arrays


def _write(path: Path, arrays: Arrays, text: str) -> None:
    """Write beside the target and rename: a reader sees the whole file or none."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(
            dir=path.parent, prefix=path.stem, suffix=".part", delete=False
        ) as file:
            np.savez(file, allow_pickle=False, **{PARAMETERS: np.array(text), **arrays})
        Path(file.name).replace(path)
    except OSError as error:
        logger.warning("Cannot keep %s (%s).", path, error)
