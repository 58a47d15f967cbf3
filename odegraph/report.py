"""One self-contained HTML page from small sections: headings, text, tables, pictures, code."""

import base64
import html
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from odegraph.emit.files import write_text

STYLE = """\
:root { color-scheme: light dark; --ink: #1d2733; --paper: #ffffff; --rule: #d8dee6; --soft:
#f4f6f9;
  --dim: #5b6875; --yes: #1a7f4b; --no: #b3372f }
@media (prefers-color-scheme: dark) { :root { --ink: #e4e9ef; --paper: #14191f; --rule: #333d48;
  --soft: #1c232b; --dim: #9aa7b4; --yes: #5cc98d; --no: #ef8277 } }
* { box-sizing: border-box }
body { margin: 0; background: var(--paper); color: var(--ink);
  font: 16px/1.55 system-ui, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif }
main { max-width: 72rem; margin: 0 auto; padding: 2.5rem 1.5rem 5rem } h1 { font-size: 2rem;
line-height: 1.2; margin: 0 0 .5rem } h2 { font-size: 1.35rem; margin: 2.75rem 0 .75rem;
padding-top: 1.25rem; border-top: 1px solid var(--rule) } h3 { font-size: 1.05rem; margin: 1.75rem
0 .5rem } p { max-width: 46rem } .scroll { overflow-x: auto } table { border-collapse: collapse;
font-variant-numeric: tabular-nums; margin: .75rem 0 } th, td { padding: .35rem 1.25rem .35rem 0;
border-bottom: 1px solid var(--rule); text-align: left;
  vertical-align: top }
th { color: var(--dim); font-weight: 600 }
td.number, th.number { text-align: right }
figure { margin: 1rem 0 }
figure img { max-width: 100%; height: auto; background: #ffffff; border: 1px solid var(--rule);
  border-radius: 6px; padding: .75rem }
figcaption { color: var(--dim); font-size: .9rem; max-width: 46rem; margin-top: .35rem }
details { margin: .75rem 0 } summary { cursor: pointer; color: var(--dim) }
pre { background: var(--soft); border: 1px solid var(--rule); border-radius: 6px; padding: 1rem;
  overflow-x: auto; max-height: 32rem; font: 13px/1.5 ui-monospace, Menlo, Consolas, monospace }
.yes { color: var(--yes); font-weight: 600 } .no { color: var(--no); font-weight: 600 }
@media print { main { max-width: none } pre { max-height: none } h2 { break-after: avoid } }
"""

MEDIA_TYPES: Mapping[str, str] = {".svg": "image/svg+xml", ".png": "image/png"}


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
    """A table; numbers and what begins with a digit stand right, booleans as yes and no."""

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
        cells = [str(row[column]) for row in self.rows]
        return bool(cells) and all(cell[:1].isdigit() or cell[:1] in "-∞" for cell in cells)


@dataclass(frozen=True)
class Picture:
    """A picture file, embedded; the caption also says what it shows to those who cannot see it."""

    path: Path
    caption: str

    def to_html(self) -> str:
        """See `Section`."""
        # As data of its own, so that the ids inside of several SVGs cannot meet.
        data = base64.b64encode(self.path.read_bytes()).decode()
        caption = html.escape(self.caption)
        source = f"data:{MEDIA_TYPES[self.path.suffix]};base64,{data}"
        image = f'<img alt="{caption}" src="{source}">'
        return f"<figure>{image}<figcaption>{caption}</figcaption></figure>"


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


def page(title: str, sections: Sequence[Section]) -> str:
    """The whole page as text; it refers to nothing outside of itself."""
    body = "\n".join(section.to_html() for section in sections)
    name = html.escape(title)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{name}</title>\n<style>\n{STYLE}</style>\n</head>\n"
        f"<body>\n<main>\n<h1>{name}</h1>\n{body}\n</main>\n</body>\n</html>\n"
    )


def write_page(path: Path, title: str, sections: Sequence[Section]) -> Path:
    """Write the page to `path`.

    Raises:
        EmitError: the file cannot be written.
    """
    write_text(path, page(title, sections))
    return path
