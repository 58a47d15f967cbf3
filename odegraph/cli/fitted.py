"""Coefficients as text in the width of a terminal, all digits kept."""

import itertools
import re
from collections.abc import Iterable, Iterator

ROW = re.compile(r"(?P<margin>[^|]*) \| (?P<entries>.*)")
BETWEEN_ENTRIES = re.compile(r" {2,}")
BETWEEN_TERMS = re.compile(r"(?<=,) | (?=[+-] )")
INDENT = "    "


def fitted(text: str, width: int) -> str:
    """The text where it fits; else its columns closer together; else its rows on several lines."""
    for one in (text, _closer(text)):
        if max(map(len, one.split("\n"))) <= width:
            return one
    return "\n".join(piece for line in text.split("\n") for piece in _pieces(line, width))


def _closer(text: str) -> str:
    """One space between columns in place of two."""
    parts = [part.split("\n") for part in text.split("\n\n")]
    return "\n\n".join("\n".join(_with_narrow_gaps(lines)) for lines in parts)


def _with_narrow_gaps(lines: list[str]) -> Iterator[str]:
    length = max(map(len, lines))
    tableau = [line.ljust(length) for line in lines if not _is_rule(line)]
    blank = [all(line[i] == " " for line in tableau) for i in range(length)]
    kept = [not (here and before) for before, here in itertools.pairwise([False, *blank])]
    for line in lines:
        yield "".join(itertools.compress(line, kept))


def _is_rule(line: str) -> bool:
    return bool(line) and set(line) <= {"-", "+"}


def _pieces(line: str, width: int) -> Iterator[str]:
    if len(line) <= width or _is_rule(line):
        yield line[:width]
        return
    row = ROW.fullmatch(line)
    if row is None:
        yield from _lines(BETWEEN_TERMS.split(line), width, separator=" ", indent=INDENT)
        return
    margin, entries = row["margin"], BETWEEN_ENTRIES.split(row["entries"])
    lines = _lines(entries, width - len(margin) - 3, separator="  ", indent="")
    for number, piece in enumerate(lines):
        yield f"{' ' * len(margin) if number else margin} | {piece}"


def _lines(pieces: Iterable[str], width: int, *, separator: str, indent: str) -> Iterator[str]:
    """As many pieces on each line as fit."""
    line = ""
    for piece in pieces:
        longer = f"{line}{separator}{piece}" if line else piece
        if line and len(longer) > width:
            yield line
            longer = f"{indent}{piece}"
        line = longer
    yield line
