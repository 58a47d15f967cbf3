"""Write files whole or not at all."""

import os
import secrets
from collections.abc import Callable
from pathlib import Path

from odegraph._errors import EmitError


def write_text(path: Path, text: str) -> None:
    """Write `text` in UTF-8 with Unix line ends, so that equal text gives equal bytes anywhere.

    Raises:
        EmitError: the folder or the file cannot be written.
    """
    write_file(path, lambda temporary: temporary.write_bytes(text.encode()))


def write_file(path: Path, write: Callable[[Path], object]) -> None:
    """Let `write` fill a temporary file beside `path`, then rename it to `path`.

    Raises:
        EmitError: the folder or the file cannot be written.
    """
    temporary = _beside(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            write(temporary)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise _unwritable(path, error) from error


def make_folder(path: Path) -> None:
    """Make a folder, unless it is there, and write a file to see that one can.

    Raises:
        EmitError: the folder, or a file in it, cannot be written.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
        temporary = _beside(path / "file")
        temporary.touch()
        temporary.unlink()
    except OSError as error:
        raise _unwritable(path, error) from error


def _beside(path: Path) -> Path:
    return path.with_name(f".{path.name}-{os.getpid()}-{secrets.token_hex(4)}")


def _unwritable(path: Path, error: OSError) -> EmitError:
    return EmitError(
        f"`{path}` cannot be written: {error.strerror or error}. Choose a folder that you may "
        "write to."
    )
