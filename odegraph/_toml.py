"""TOML files that users write, read within bounds; every fault is one message with its way out."""

import difflib
import tomllib
from collections.abc import Iterable
from decimal import Decimal
from pathlib import Path
from typing import Any

from odegraph._errors import OdegraphError
from odegraph._exact import shorten

MAX_BYTES = 1_000_000
MAX_PATH = 300


def read_toml(path: Path, *, what: str, error: type[OdegraphError]) -> dict[str, Any]:
    """The table in the file at `path`; `what` names the kind of file, `error` the class to raise.

    Numbers with a decimal point come as `Decimal`, so that nothing is rounded on the way in.
    """
    content = read_bytes(path, what=what, error=error)
    return parse_toml(content, subject=f"`{shorten(path, MAX_PATH)}`", what=what, error=error)


def parse_toml(
    content: bytes, *, subject: str, what: str, error: type[OdegraphError]
) -> dict[str, Any]:
    """The table in the bytes of a file; `subject` is what messages call it."""
    try:
        return tomllib.loads(content.decode("utf-8"), parse_float=Decimal)
    except UnicodeDecodeError as fault:
        raise error(
            f"{subject} is not text: byte {fault.start} is not UTF-8. A {what} is TOML."
        ) from fault
    except RecursionError as fault:
        raise error(f"{subject} is nested too deeply to be a {what}.") from fault
    except (tomllib.TOMLDecodeError, ValueError, ArithmeticError) as fault:
        raise error(f"{subject} is not valid TOML: {shorten(fault, 120)}") from fault


def read_bytes(path: Path, *, what: str, error: type[OdegraphError]) -> bytes:
    """The bytes of a regular file of at most `MAX_BYTES`."""
    where = shorten(path, MAX_PATH)
    try:
        if path.is_dir():
            raise error(f"`{where}` is a directory. Give the path of a {what} in it.")
        if not path.is_file():
            raise error(f"There is no {what} `{where}`.")
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise error(f"The {what} `{where}` has {size} bytes; at most {MAX_BYTES} are read.")
        return path.read_bytes()
    except OSError as fault:
        reason = fault.strerror or type(fault).__name__
        raise error(f"The {what} `{where}` cannot be read: {reason}.") from fault


def nearest(name: object, known: Iterable[str]) -> str:
    """The way out after an unknown name: the nearest known one, or all of them."""
    choices = sorted(known)
    near = difflib.get_close_matches(str(name), choices, n=1)
    return f"Did you mean `{near[0]}`?" if near else f"Known: {', '.join(choices)}."
