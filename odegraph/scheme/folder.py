"""The folder `schemes/`: which files the catalogue has, and where."""

import difflib
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path

from odegraph._errors import SchemeError
from odegraph._exact import shorten


def find_scheme_file(name: str, *, families: Iterable[str] = ()) -> Path:
    """The file of a catalogue name, or the path itself if it ends in `.toml`.

    `families` are the generated families that a message may point to beside the files.
    """
    files = scheme_files()
    if name in files:
        return files[name]
    if name.endswith(".toml"):
        return Path(name)
    known = [*files, *(f"{family}(n)" for family in families)]
    near = difflib.get_close_matches(name, known, n=1)
    all_of_them = f"`odegraph schemes` and `odegraph.scheme_names()` list all {len(files)}."
    hint = f"Did you mean `{near[0]}`?" if near else all_of_them
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
