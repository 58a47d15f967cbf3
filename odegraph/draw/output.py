"""Files reach the disk whole or not at all."""

from collections.abc import Sequence
from pathlib import Path

from odegraph._errors import EmitError
from odegraph.emit.files import write_file


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
    write_file(target, lambda temporary: temporary.write_bytes(content))
    return target
