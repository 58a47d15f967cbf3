"""Scheme files: TOML text, read within bounds."""

import tomllib
from decimal import Decimal
from pathlib import Path
from typing import Any

from odegraph._errors import SchemeError
from odegraph._exact import shorten
from odegraph.scheme.spec import SchemeSpec

MAX_BYTES = 1_000_000


def read_scheme_file(path: str | Path) -> SchemeSpec:
    """What the scheme file at `path` says; its stem is the name of the scheme.

    Raises:
        SchemeError: no file, not readable, too large, not TOML, or not in the form of a scheme.
    """
    path = Path(path)
    return parse_scheme(read_bytes(path), name=path.stem)


def read_bytes(path: Path) -> bytes:
    """The bytes of a regular file of at most `MAX_BYTES`."""
    where = shorten(path, 300)
    try:
        if path.is_dir():
            raise SchemeError(f"`{where}` is a directory. Give the path of a scheme file in it.")
        if not path.is_file():
            raise SchemeError(f"There is no scheme file `{where}`.")
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise SchemeError(
                f"Scheme file `{where}` has {size} bytes; at most {MAX_BYTES} are read. "
                "A scheme file holds one tableau."
            )
        return path.read_bytes()
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise SchemeError(f"Scheme file `{where}` cannot be read: {reason}.") from error


def parse_scheme(content: bytes, *, name: str) -> SchemeSpec:
    """What the bytes of a scheme file say."""
    return SchemeSpec.from_dict(_toml(content, shorten(name)), name=name)


def _toml(content: bytes, name: str) -> dict[str, Any]:
    try:
        return tomllib.loads(content.decode("utf-8"), parse_float=Decimal)
    except UnicodeDecodeError as error:
        raise SchemeError(
            f"Scheme `{name}` is not text: byte {error.start} is not UTF-8. Scheme files are TOML."
        ) from error
    except RecursionError as error:
        raise SchemeError(f"Scheme `{name}` is nested too deeply to be a scheme file.") from error
    except (tomllib.TOMLDecodeError, ValueError, ArithmeticError) as error:
        raise SchemeError(f"Scheme `{name}` is not valid TOML: {shorten(error, 120)}") from error
