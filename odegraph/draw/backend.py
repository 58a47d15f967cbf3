"""Layout of graphs: by Graphviz's `dot` where it is installed, else by pip's `graphviz-pure`."""

import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import graphviz
from graphviz.backend import dot_command

from odegraph._errors import EmitError
from odegraph.draw.output import picture_format, write_whole

FORMATS = ("svg", "png", "pdf", "dot")
PURE = "graphviz-pure"
DOTS_PER_INCH = 160
PURE_FORMATS = ("svg", "png")
INSTALL_SYSTEM = "install Graphviz so that `dot` is on the PATH (apt install graphviz)"


def render_dot(dot_text: str, path: str | Path) -> Path:
    """Lay out a graph in the DOT language and write it to `path`, in the format of its suffix.

    `.dot` is the text itself and needs no program.
    """
    return _render(dot_text, path, lay_out)


def render_placed(dot_text: str, path: str | Path) -> Path:
    """The same for a graph in which everything has its place already."""
    return _render(dot_text, path, draw_placed)


def lay_out(dot_text: str, *, format_: str) -> bytes:
    """The picture as bytes of an SVG, PNG or PDF file."""
    return _run(dot_text, format_=format_, engine="dot", neato_no_op=None)


def draw_placed(dot_text: str, *, format_: str) -> bytes:
    """The same for a graph in which everything has its place already."""
    return _run(dot_text, format_=format_, engine="neato", neato_no_op=2)


def _render(dot_text: str, path: str | Path, draw: Callable[..., bytes]) -> Path:
    format_ = picture_format(path, formats=FORMATS)
    content = dot_text.encode() if format_ == "dot" else draw(dot_text, format_=format_)
    return write_whole(path, content)


def _run(dot_text: str, *, format_: str, engine: str, neato_no_op: int | None) -> bytes:
    binary = find_layout_program(format_=format_)
    if format_ == "png":
        # Pixels need a density; formats of lines do not.
        dot_text = dot_text.replace("{", f"{{ dpi={DOTS_PER_INCH};", 1)
    try:
        with _graphviz_pointed_at(binary):
            return graphviz.pipe(
                engine, format_, dot_text.encode(), neato_no_op=neato_no_op, quiet=True
            )
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
