"""SVG pictures inside of an HTML page: no prolog, a name for readers, ids that never collide."""

import html
import itertools
import re

from odegraph._errors import EmitError

PROLOG = re.compile(r"<\?xml.*?\?>|<!DOCTYPE.*?>|<!--.*?-->", re.DOTALL)
METADATA = re.compile(r"<metadata>.*?</metadata>", re.DOTALL)
ROOT = re.compile(r"<svg\b[^>]*>", re.DOTALL)
WHOLE = re.compile(r"<svg\b.*?</svg>", re.DOTALL)
WIDTH = re.compile(r'\bwidth="([\d.]+)pt"')
SIZE = re.compile(r'\b(width|height)="([\d.]+)pt"')
ID = re.compile(r'(\bid=")([^"]+)"')
REFERENCE = re.compile(r'(href="#)([^"]+)"')
URL = re.compile(r"(url\(#)([^)]+)\)")

PAGE_WIDTH = 1200.0


def inline_svg(svg: str, *, caption: str) -> str:
    """The `<svg>` element of a file, labelled for those who cannot see it.

    Raises:
        EmitError: not an SVG picture.
    """
    bare = METADATA.sub("", PROLOG.sub("", svg)).strip()
    if not bare.startswith("<svg") or not bare.endswith("</svg>"):
        raise EmitError("The picture is not an SVG file; its text begins with <svg and ends so.")
    label = html.escape(caption, quote=True)
    return bare.replace("<svg", f'<svg role="img" aria-label="{label}"', 1)


def is_wide(svg: str) -> bool:
    """Whether a picture of one pixel a point is wider than the page: then it scrolls."""
    root = ROOT.search(svg)
    width = WIDTH.search(root[0]) if root else None
    return width is not None and float(width[1]) > PAGE_WIDTH


def at_a_pixel_a_point(svg: str) -> str:
    """The picture at three quarters of its size on paper."""
    root = ROOT.search(svg)
    assert root is not None, "not an SVG element"
    return svg.replace(root[0], SIZE.sub(r'\1="\2px"', root[0]), 1)


def with_unique_ids(page: str) -> str:
    """The page in which the ids of every SVG have a prefix of their own."""
    numbers = itertools.count(1)
    return WHOLE.sub(lambda match: _prefixed(match[0], f"p{next(numbers)}-"), page)


def _prefixed(svg: str, prefix: str) -> str:
    svg = ID.sub(rf'\g<1>{prefix}\g<2>"', svg)
    svg = REFERENCE.sub(rf'\g<1>{prefix}\g<2>"', svg)
    return URL.sub(rf"\g<1>{prefix}\g<2>)", svg)
