"""The catalogue by kind of scheme, for laws that hold for one kind."""

from odegraph.scheme import scheme_names
from odegraph.scheme.file import read_scheme_file
from odegraph.scheme.folder import scheme_files


def names_of_kind(kind: str) -> list[str]:
    """The names of all catalogue schemes of one kind, sorted; of compositions, that of the base."""
    return [name for name in scheme_names() if kind_of(name) == kind]


def kind_of(name: str) -> str:
    """The kind of a catalogue scheme, or of the base whose steps it composes."""
    spec = read_scheme_file(scheme_files()[name])
    return kind_of(spec.texts["base"]) if "base" in spec.texts else spec.kind
