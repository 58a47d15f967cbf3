"""One self-contained HTML page: nothing in it is fetched from anywhere."""

import html
from collections.abc import Sequence
from pathlib import Path

from odegraph.emit.files import write_text
from odegraph.report.sections import Section
from odegraph.report.stylesheet import STYLESHEET
from odegraph.report.svg import with_unique_ids


def page(title: str, sections: Sequence[Section]) -> str:
    """The whole page as text; equal sections, equal text."""
    body = with_unique_ids("\n".join(section.to_html() for section in sections))
    name = html.escape(title)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{name}</title>\n<style>\n{STYLESHEET}</style>\n</head>\n"
        f"<body>\n<main>\n<h1>{name}</h1>\n{body}\n</main>\n</body>\n</html>\n"
    )


def write_page(path: str | Path, title: str, sections: Sequence[Section]) -> Path:
    """Write the page to `path`.

    Raises:
        EmitError: the file cannot be written.
    """
    target = Path(path)
    write_text(target, page(title, sections))
    return target
