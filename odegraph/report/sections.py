"""What a report is made of: headings, text, tables, pictures, code."""

import base64
import html
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol

from odegraph._errors import EmitError
from odegraph.report.svg import at_a_pixel_a_point, inline_svg, is_wide

# A number, perhaps with a unit: it stands right in its column.
NUMBER = re.compile(r"[-−]?(?:∞|inf|nan|\d[\d,.]*(?:e[-+]?\d+)?)(?: [a-zµ]+)?")


class Section(Protocol):
    """Anything that can stand in a report."""

    def to_html(self) -> str:
        """The section as HTML; everything that is not markup is escaped."""
        ...


@dataclass(frozen=True)
class Heading:
    """A heading of level 2 or 3."""

    text: str
    level: int = 2

    def to_html(self) -> str:
        """See `Section`."""
        return f"<h{self.level}>{html.escape(self.text)}</h{self.level}>"


@dataclass(frozen=True)
class Paragraph:
    """A paragraph of text."""

    text: str

    def to_html(self) -> str:
        """See `Section`."""
        return f"<p>{html.escape(self.text)}</p>"


@dataclass(frozen=True)
class Table:
    """A table; columns of numbers stand right, booleans as yes and no."""

    columns: Sequence[str]
    rows: Sequence[Sequence[object]]

    def to_html(self) -> str:
        """See `Section`."""
        head = "".join(self._cell("th", name, j) for j, name in enumerate(self.columns))
        body = "".join(
            f"<tr>{''.join(self._cell('td', cell, j) for j, cell in enumerate(row))}</tr>"
            for row in self.rows
        )
        header = f"<thead><tr>{head}</tr></thead>" if any(self.columns) else ""
        return f'<div class="scroll"><table>{header}<tbody>{body}</tbody></table></div>'

    def _cell(self, tag: str, value: object, column: int) -> str:
        if isinstance(value, bool):
            answer = "yes" if value else "no"
            return f'<{tag} class="{answer}">{answer}</{tag}>'
        kind = ' class="number"' if self._is_numeric(column) else ""
        return f"<{tag}{kind}>{html.escape(str(value))}</{tag}>"

    def _is_numeric(self, column: int) -> bool:
        cells = [cell for row in self.rows if (cell := str(row[column]))]
        return bool(cells) and all(NUMBER.fullmatch(cell) for cell in cells)


@dataclass(frozen=True)
class Drawing:
    """An SVG picture, part of the page; the caption also speaks for it to those who cannot see."""

    svg: str
    caption: str

    def to_html(self) -> str:
        """See `Section`."""
        picture = inline_svg(self.svg, caption=self.caption)
        if is_wide(picture):
            return _figure(at_a_pixel_a_point(picture), self.caption, "picture wide")
        return _figure(picture, self.caption, "picture")


@dataclass(frozen=True)
class Picture:
    """A picture file, .svg or .png, taken into the page."""

    path: Path
    caption: str

    def to_html(self) -> str:
        """See `Section`.

        Raises:
            EmitError: the file cannot be read, or is of another format.
        """
        suffix = self.path.suffix.lower()
        if suffix not in (".svg", ".png"):
            raise EmitError(
                f"The picture `{self.path}` cannot stand in a report; .svg and .png files can."
            )
        content = _read(self.path)
        if suffix == ".svg":
            return Drawing(content.decode(), self.caption).to_html()
        data = base64.b64encode(content).decode()
        caption = html.escape(self.caption, quote=True)
        image = f'<img alt="{caption}" src="data:image/png;base64,{data}">'
        return _figure(image, self.caption, "picture")


@dataclass(frozen=True)
class Row:
    """Sections side by side where the page is wide enough."""

    sections: Sequence[Section]

    def to_html(self) -> str:
        """See `Section`."""
        inside = "".join(f"<div>{section.to_html()}</div>" for section in self.sections)
        return f'<div class="row">{inside}</div>'


@dataclass(frozen=True)
class Code:
    """Source text; folded away below its title where there is one."""

    text: str
    title: str = ""

    def to_html(self) -> str:
        """See `Section`."""
        block = f"<pre><code>{html.escape(self.text)}</code></pre>"
        if not self.title:
            return block
        return f"<details><summary>{html.escape(self.title)}</summary>{block}</details>"


def drawn(draw: Callable[[Path], object], *, caption: str) -> Drawing:
    """What `draw` writes to a path that ends in .svg."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "picture.svg"
        draw(path)
        return Drawing(path.read_text(encoding="utf-8"), caption)


def _figure(picture: str, caption: str, kind: str) -> str:
    text = html.escape(caption)
    return f'<figure><div class="{kind}">{picture}</div><figcaption>{text}</figcaption></figure>'


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise EmitError(
            f"The picture `{path}` cannot be read: {error.strerror or error}. Draw it first."
        ) from error
