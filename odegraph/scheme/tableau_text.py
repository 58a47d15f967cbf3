"""A Butcher tableau as plain text, for terminals and docstrings."""

import json
from typing import Any

from odegraph._exact import exact_text
from odegraph.scheme.base import Scheme
from odegraph.scheme.runge_kutta import RungeKuttaScheme


def scheme_text(scheme: Scheme) -> str:
    """The coefficients of any scheme: a tableau where it has one, else the arrays of its file."""
    if isinstance(scheme, RungeKuttaScheme):
        return tableau_text(scheme)
    arrays = {name: scheme.spec.to_dict()[name] for name in scheme.spec.coefficients}
    return "\n".join(f"{name} = {json.dumps(value)}" for name, value in arrays.items())


def tableau_text(scheme: RungeKuttaScheme) -> str:
    """The tableau with c to the left of A and the weights below, columns aligned.

    Leading zeros above the diagonal of an explicit scheme are left blank, as in the books.
    """
    stages = len(scheme.b)
    rows = [[_text(scheme.A[i, j]) for j in range(_last(scheme, i) + 1)] for i in range(stages)]
    weights = [[_text(weight) for weight in scheme.b]]
    if scheme.b_embedded is not None:
        weights.append([_text(weight) for weight in scheme.b_embedded])
    nodes = [_text(node) for node in scheme.c]
    widths = [max(len(row[j]) for row in rows + weights if j < len(row)) for j in range(stages)]
    margin = max(len(node) for node in nodes)
    lines = [_line(node.ljust(margin), row, widths) for node, row in zip(nodes, rows, strict=True)]
    rule = "-" * (margin + 1) + "+" + "-" * (sum(widths) + 2 * stages)
    return "\n".join([*lines, rule, *(_line(" " * margin, row, widths) for row in weights)])


def _text(entry: Any) -> str:
    return exact_text(entry)


def _last(scheme: RungeKuttaScheme, row: int) -> int:
    # The last entry of a row that is shown: the last nonzero one, or all up to the diagonal.
    nonzero = [j for j in range(len(scheme.b)) if scheme.A[row, j] != 0]
    return max([row - 1, *nonzero])


def _line(margin: str, row: list[str], widths: list[int]) -> str:
    entries = "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=False))
    return f"{margin} | {entries}".rstrip()
