"""A Butcher tableau as plain text, for terminals and docstrings."""

from collections.abc import Sequence
from typing import Any, Protocol

from odegraph._exact import exact_text, to_float

MAX_CHARACTERS = 32


class _Tableau(Protocol):
    """Anything with Runge-Kutta coefficients as sympy matrices: A square, the others columns."""

    @property
    def A(self) -> Any: ...
    @property
    def b(self) -> Any: ...
    @property
    def c(self) -> Any: ...
    @property
    def b_embedded(self) -> Any: ...


def entry_text(value: Any) -> str:
    """An exact number, or 12 digits of one that is longer than its decimals are worth."""
    text = exact_text(value)
    return text if len(text) <= MAX_CHARACTERS else f"≈{to_float(value):.12g}"


def tableau_text(scheme: _Tableau) -> str:
    """The tableau with c to the left of A and the weights below, columns aligned.

    Leading zeros above the diagonal of an explicit scheme are left blank, as in the books.
    """
    stages = len(scheme.b)
    rows = [
        [entry_text(scheme.A[i, j]) for j in range(_last(scheme, i) + 1)] for i in range(stages)
    ]
    weights = [[entry_text(weight) for weight in scheme.b]]
    if scheme.b_embedded is not None:
        weights.append([entry_text(weight) for weight in scheme.b_embedded])
    nodes = [entry_text(node) for node in scheme.c]
    widths = [max(len(row[j]) for row in rows + weights if j < len(row)) for j in range(stages)]
    margin = max(len(node) for node in nodes)
    lines = [_line(node.ljust(margin), row, widths) for node, row in zip(nodes, rows, strict=True)]
    rule = "-" * (margin + 1) + "+" + "-" * (sum(widths) + 2 * stages)
    return "\n".join([*lines, rule, *(_line(" " * margin, row, widths) for row in weights)])


def _last(scheme: _Tableau, row: int) -> int:
    # The last entry of a row that is shown: the last nonzero one, or all up to the diagonal.
    nonzero = [j for j in range(len(scheme.b)) if scheme.A[row, j] != 0]
    return max([row - 1, *nonzero])


def _line(margin: str, row: list[str], widths: list[int]) -> str:
    entries = "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=False))
    return f"{margin} | {entries}".rstrip()


def aligned_rows(margins: Sequence[Any], rows: Sequence[Sequence[Any]]) -> list[str]:
    """Rows of exact numbers with a number to the left of each, columns aligned."""
    texts = [[entry_text(x) for x in row[: i + 1]] for i, row in enumerate(rows)]
    left = [entry_text(x) for x in margins]
    widths = [max(len(r[j]) for r in texts if j < len(r)) for j in range(len(rows))]
    margin = max(map(len, left))
    return [_line(m.ljust(margin), row, widths) for m, row in zip(left, texts, strict=True)]
