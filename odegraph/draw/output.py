"""Files reach the disk whole or not at all."""

import os
import tempfile
from collections.abc import Sequence
from pathlib import Path

from odegraph._errors import EmitError


def picture_format(path: str | Path, *, formats: Sequence[str]) -> str:
    """The format that the suffix of `path` asks for, one of `formats`."""
    suffix = Path(path).suffix
    if suffix.removeprefix(".").lower() in formats:
        return suffix.removeprefix(".").lower()
    wanted = f"`{suffix}`" if suffix else "no suffix"
    raise EmitError(
        f"The picture `{path}` has {wanted}; the suffix decides the format. "
        f"Use one of {', '.join(f'.{name}' for name in formats)}."
    )


def write_whole(path: str | Path, content: bytes) -> Path:
    """Write a file under a temporary name beside its place, then rename it."""
    target = Path(path)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    except OSError as error:
        raise _cannot_write(target, error) from error
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        temporary.chmod(0o666 & ~_umask())
        temporary.replace(target)
    except OSError as error:
        raise _cannot_write(target, error) from error
    finally:
        temporary.unlink(missing_ok=True)
    return target


def _cannot_write(target: Path, error: OSError) -> EmitError:
    reason = error.strerror or type(error).__name__
    return EmitError(
        f"The file `{target}` cannot be written: {reason}. "
        "Choose a file in a folder that can be written."
    )


def _umask() -> int:
    current = os.umask(0)
    os.umask(current)
    return current
