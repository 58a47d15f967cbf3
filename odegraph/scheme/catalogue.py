"""The catalogue: every file in schemes/, by name."""

import difflib
from collections.abc import Mapping
from functools import cache, lru_cache
from pathlib import Path

from odegraph._errors import SchemeError
from odegraph._exact import shorten
from odegraph.scheme.base import Scheme
from odegraph.scheme.file import parse_scheme, read_bytes
from odegraph.scheme.proofs import recorded_proof
from odegraph.scheme.spec import with_values
from odegraph.scheme.verify import verify


def scheme_names() -> list[str]:
    """The names of all schemes in the catalogue, sorted."""
    return sorted(scheme_files())


def load_scheme(name: str | Path, **parameters: object) -> Scheme:
    """The proven scheme with a catalogue name, or of a file whose path ends in `.toml`.

    Parameters of a family are given by keyword, as text, integers or fractions: `alpha="2/3"`.

    Raises:
        SchemeError: no such scheme, or a file that does not hold what it claims.
    """
    path = find_scheme_file(str(name))
    texts = tuple(sorted((key, str(value)) for key, value in parameters.items()))
    return _load(path.stem, read_bytes(path), texts)


def find_scheme_file(name: str) -> Path:
    """The file of a catalogue name, or the path itself if it ends in `.toml`."""
    files = scheme_files()
    if name in files:
        return files[name]
    if name.endswith(".toml"):
        return Path(name)
    near = difflib.get_close_matches(name, files, n=1)
    hint = f"Did you mean `{near[0]}`?" if near else f"Known schemes: {', '.join(sorted(files))}."
    raise SchemeError(f"There is no scheme `{shorten(name)}` in schemes/. {hint}")


@cache
def scheme_files() -> Mapping[str, Path]:
    """The scheme files by name: inside the package in a wheel, beside the package in a checkout."""
    package = Path(__file__).parents[1]
    folders = (package / "schemes", package.parent / "schemes")
    folder = next((f for f in folders if f.is_dir()), None)
    if folder is None:
        raise SchemeError(
            f"The scheme files are missing: there is neither `{folders[0]}` nor `{folders[1]}`."
        )
    return {path.stem: path for path in sorted(folder.glob("*.toml"))}


@lru_cache(maxsize=256)
def _load(name: str, content: bytes, parameters: tuple[tuple[str, str], ...]) -> Scheme:
    spec = parse_scheme(content, name=name)
    if parameters:
        return verify(with_values(spec, dict(parameters)))
    return verify(spec, recorded=recorded_proof(content))
