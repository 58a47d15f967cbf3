"""Texts of pictures: exact numbers, depths and coefficients, short and readable."""

import re
from collections.abc import Sequence
from fractions import Fraction

from odegraph._exact import Exact, exact_text, to_float
from odegraph.ir import Row

MAX_NUMBER = 16
TERMS_PER_LINE = 2
SHOWN_DEPTHS = 4

# Widths of Helvetica, in parts of the type size, by sorts of characters.
NARROW = frozenset(" ,.:;|!'/()[]Iijlt fr‐⁰¹²³⁴⁵⁶⁷⁸⁹₀₁₂₃₄₅₆₇₈₉")
WIDE = frozenset("mwMW…≈_")
NARROW_WIDTH, USUAL_WIDTH, CAPITAL_WIDTH, WIDE_WIDTH = 0.31, 0.555, 0.68, 0.86

SUPERSCRIPTS = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
RATIONAL_AT_THE_END = re.compile(r"^([^\s-]+) \+ (\d+(?:/\d+)?)$")
POWER = re.compile(r"(?:··|\^)(\d+)")
ROOT_OF_INTEGER = re.compile(r"sqrt\((\d+)\)")

Number = Exact | Fraction | int


def number(value: Number) -> str:
    """`value` as it is printed: ``1/6``, ``1/2 − √3/6``; long ones as ``≈ 0.28868``."""
    text = typeset(exact_text(value))
    return text if len(text) <= MAX_NUMBER else f"≈ {to_float(value):.5g}".replace("-", "−")


def typeset(text: str) -> str:
    """Exact text with signs of mathematics in place of those of programs."""
    text = RATIONAL_AT_THE_END.sub(r"\2 + \1", text)
    text = ROOT_OF_INTEGER.sub(r"√\1", text).replace("sqrt", "√")
    return text.replace("*√", "√").replace("*", "·").replace("-", "−")


def formula(text: str) -> str:
    """``z⁴/24 + z³/6`` for ``z**4/24 + z**3/6``."""
    return POWER.sub(lambda match: superscript("", int(match[1])), typeset(text))


def subscript(name: str, index: int) -> str:
    """``k₂``."""
    return f"{name}{str(index).translate(SUBSCRIPTS)}"


def superscript(name: str, index: int) -> str:
    """``θ¹``."""
    return f"{name}{str(index).translate(SUPERSCRIPTS)}"


def theta_at(depth: Number) -> str:
    """``θ(1/4)``."""
    return f"θ({number(depth)})"


def combination(row: Row) -> list[str]:
    """Lines of ``= 1/2 θ⁰ + 1/2 θ¹``: theta(t) in its coefficients."""
    terms = [_term(index, value, first=not n) for n, (index, value) in enumerate(row)]
    lines = [
        " ".join(terms[start : start + TERMS_PER_LINE])
        for start in range(0, len(terms), TERMS_PER_LINE)
    ]
    return [f"= {lines[0]}", *lines[1:]] if lines else ["= 0"]


def is_one_coefficient(row: Row) -> bool:
    """Whether theta(t) is a coefficient itself."""
    return len(row) == 1 and row[0][1] == 1


def depths(values: Sequence[Number]) -> str:
    """``1/4``; ``0, 1/2, 1``; of many only the ends and how many there are."""
    distinct = sorted(set(values), key=to_float)
    if len(distinct) <= SHOWN_DEPTHS:
        return ", ".join(number(depth) for depth in distinct)
    return f"{number(distinct[0])} to {number(distinct[-1])}, {len(distinct)} depths"


def text_width(text: str, *, size: float) -> float:
    """About the width of the longest line in points."""
    return size * max(sum(map(_character_width, line)) for line in text.split("\n"))


def _character_width(character: str) -> float:
    if character in NARROW:
        return NARROW_WIDTH
    if character in WIDE:
        return WIDE_WIDTH
    return CAPITAL_WIDTH if character.isupper() else USUAL_WIDTH


def _term(index: int, value: Number, *, first: bool) -> str:
    symbol = superscript("θ", index)
    text = number(value)
    if " " in text:
        text = f"({text})"
    sign = "− " if text.startswith("−") else "" if first else "+ "
    size = text.removeprefix("−")
    return f"{sign}{symbol}" if size == "1" else f"{sign}{size} {symbol}"
