"""Scheme files: TOML text, read within bounds."""

from pathlib import Path

from odegraph import _toml
from odegraph._errors import SchemeError
from odegraph._exact import shorten
from odegraph.scheme.spec import SchemeSpec

WHAT = "scheme file"


def read_scheme_file(path: str | Path) -> SchemeSpec:
    """What the scheme file at `path` says; its stem is the name of the scheme.

    Raises:
        SchemeError: no file, not readable, too large, not TOML, or not in the form of a scheme.
    """
    path = Path(path)
    return parse_scheme(read_bytes(path), name=path.stem)


def read_bytes(path: Path) -> bytes:
    """The bytes of a scheme file."""
    return _toml.read_bytes(path, what=WHAT, error=SchemeError)


def parse_scheme(content: bytes, *, name: str) -> SchemeSpec:
    """What the bytes of a scheme file say."""
    subject = f"Scheme `{shorten(name)}`"
    data = _toml.parse_toml(content, subject=subject, what=WHAT, error=SchemeError)
    return SchemeSpec.from_dict(data, name=name)
