"""The catalogue: every file in schemes/, by name."""

from functools import lru_cache
from pathlib import Path

from odegraph.scheme.base import Scheme
from odegraph.scheme.families import FAMILIES, member_spec, parse_member
from odegraph.scheme.file import parse_scheme, read_bytes
from odegraph.scheme.folder import find_scheme_file, scheme_files
from odegraph.scheme.proofs import recorded_proof
from odegraph.scheme.spec import with_values
from odegraph.scheme.verify import verify


def scheme_names() -> list[str]:
    """The names of all schemes in the catalogue, sorted."""
    return sorted(scheme_files())


def family_names() -> list[str]:
    """The names of the families whose members are generated, as in `gauss(3)`; sorted."""
    return sorted(FAMILIES)


def load_scheme(name: str | Path, **parameters: object) -> Scheme:
    """The proven scheme with a catalogue name, or of a file whose path ends in `.toml`.

    Parameters of a family are given by keyword, as text, integers or fractions: `alpha="2/3"`.
    Members of generated families are named `gauss(3)`, or `gauss` with `stages=3`.

    Raises:
        SchemeError: no such scheme, or a file that does not hold what it claims.
    """
    if member := parse_member(str(name), parameters):
        return _load_member(*member)
    path = find_scheme_file(str(name), families=FAMILIES)
    texts = tuple(sorted((key, str(value)) for key, value in parameters.items()))
    return _load(path.stem, read_bytes(path), texts)


@lru_cache(maxsize=256)
def _load(name: str, content: bytes, parameters: tuple[tuple[str, str], ...]) -> Scheme:
    spec = parse_scheme(content, name=name)
    if parameters:
        return verify(with_values(spec, dict(parameters)))
    return verify(spec, recorded=recorded_proof(content))


@lru_cache(maxsize=256)
def _load_member(family: str, member: int) -> Scheme:
    return verify(member_spec(family, member))
