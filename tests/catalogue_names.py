"""The catalogue by kind of scheme, for laws that hold for one kind."""

from odegraph.scheme import scheme_names
from odegraph.scheme.file import read_scheme_file
from odegraph.scheme.folder import scheme_files


def names_of_kind(kind: str) -> list[str]:
    """The names of all catalogue schemes of one kind, sorted."""
    return [name for name in scheme_names() if read_scheme_file(scheme_files()[name]).kind == kind]
