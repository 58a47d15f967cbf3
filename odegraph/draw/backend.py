"""Layout of graphs: by Graphviz's `dot` where it is installed, else by pip's `graphviz-pure`."""

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import graphviz
from graphviz.backend import dot_command

from odegraph._errors import EmitError
from odegraph.draw.output import picture_format, write_whole

FORMATS = ("svg", "png", "pdf", "dot")
PURE = "graphviz-pure"
PURE_FORMATS = ("svg", "png")
INSTALL_SYSTEM = "install Graphviz so that `dot` is on the PATH (apt install graphviz)"


def render_dot(dot_text: str, path: str | Path) -> Path:
    """Lay out a graph in the DOT language and write it to `path`, in the format of its suffix.

    `.dot` is the text itself and needs no program.
    """
    format_ = picture_format(path, formats=FORMATS)
    if format_ == "dot":
        return write_whole(path, dot_text.encode())
    return write_whole(path, lay_out(dot_text, format_=format_))


def lay_out(dot_text: str, *, format_: str) -> bytes:
    """The picture as bytes of an SVG, PNG or PDF file."""
    binary = find_layout_program(format_=format_)
    try:
        with _graphviz_pointed_at(binary):
            return graphviz.pipe("dot", format_, dot_text.encode(), quiet=True)
    except graphviz.CalledProcessError as error:
        said = (error.stderr or b"").decode(errors="replace").strip().splitlines() or ["nothing"]
        raise EmitError(
            f"`{binary}` cannot lay out this graph; it said: {said[-1]}. "
            "Write it as .dot and look at the line that it names."
        ) from error


def find_layout_program(*, format_: str = "svg") -> Path:
    """`dot` on the PATH, else `graphviz-pure` on the PATH or beside the Python that runs."""
    dot = shutil.which("dot")
    if dot is not None:
        return Path(dot)
    pure = shutil.which(PURE) or shutil.which(PURE, path=str(Path(sys.executable).parent))
    if pure is None:
        raise EmitError(
            f"A .{format_} picture of a graph needs a layout program, and there is none. Either "
            f"{INSTALL_SYSTEM}, or run `pip install {PURE}`. A .dot file needs neither."
        )
    if format_ not in PURE_FORMATS:
        raise EmitError(
            f"`{PURE}` cannot write `.{format_}`. Draw to "
            f"{' or '.join(f'.{name}' for name in PURE_FORMATS)}, or {INSTALL_SYSTEM}."
        )
    return Path(pure)


@contextmanager
def _graphviz_pointed_at(binary: Path) -> Iterator[None]:
    # The graphviz package reads the program's name from this one variable and offers no argument.
    before = dot_command.DOT_BINARY
    dot_command.DOT_BINARY = binary
    try:
        yield
    finally:
        dot_command.DOT_BINARY = before
