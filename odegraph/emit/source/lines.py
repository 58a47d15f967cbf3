"""Python statements that no formatter changes.

Statements stay within 88 columns, the default of ruff and black, or stand exploded with one
element a line and a magic trailing comma; so the text is a fixed point of `ruff format` at any
common width.
"""

from collections.abc import Sequence

from odegraph._exact import to_source
from odegraph.emit.weighted_sum import Term, WeightedSum

WIDTH = 88


def indent(lines: Sequence[str], levels: int = 1) -> list[str]:
    """The lines, indented; empty ones stay empty."""
    return [f"{'    ' * levels}{line}" if line else "" for line in lines]


def in_docstring(text: str) -> str:
    """A user's text as it may stand in a docstring: it cannot end the docstring."""
    return text.replace("\\", "\\\\").replace('"', "'")


def exploded(opening: str, elements: Sequence[str], closing: str) -> list[str]:
    """`opening`, one element a line with a trailing comma, `closing`."""
    return [opening, *(f"    {element}," for element in elements), closing]


def call(function: str, arguments: Sequence[str], *, margin: int) -> list[str]:
    """`function(arguments)`, in one line where it fits; `function` may begin with `target = `."""
    line = f"{function}({', '.join(arguments)})"
    return [line] if len(line) + margin <= WIDTH else exploded(f"{function}(", arguments, ")")


def weights_dict(weights: Sequence[tuple[int, str]]) -> str:
    """A dict display of indices and weights, in one line."""
    return "{" + ", ".join(f"{index}: {weight}" for index, weight in weights) + "}"


INCREMENT = "dx"  # the variable of a sum that takes several lines


def sum_expression(total: WeightedSum[str]) -> str:
    """`x + (w1 * k1).add(k2, alpha=w2)` or, not fused, `x + (w1 * k1 + w2 * k2)`."""
    if total.base is not None and len(total.terms) == 1:
        (term,) = total.terms
        return f"{total.base}{_joined(term, fused=total.fused and abs(term.weight) != 1)}"
    terms = _added_up(total.terms, fused=total.fused)
    if total.base is None:
        return terms
    return f"{total.base} + {terms}" if total.fused else f"{total.base} + ({terms})"


def sum_statements(target: str, total: WeightedSum[str], *, margin: int) -> list[str]:
    """Statements that leave the sum in `target`, each within the line width.

    A sum that is too long for one line is added up in `dx`, in the same order.
    """
    line = f"{target} = {sum_expression(total)}"
    if len(line) + margin <= WIDTH:
        return [line]
    lines, start, pending = [], "", list[Term[str]]()
    for term in total.terms:
        longer = _added_up([*pending, term], fused=total.fused, start=start)
        if pending and len(f"{INCREMENT} = {longer}") + margin > WIDTH:
            lines.append(f"{INCREMENT} = {_added_up(pending, fused=total.fused, start=start)}")
            start, pending = INCREMENT, []
        pending.append(term)
    return [
        *lines,
        f"{INCREMENT} = {_added_up(pending, fused=total.fused, start=start)}",
        f"{target} = {INCREMENT if total.base is None else f'{total.base} + {INCREMENT}'}",
    ]


def _added_up(terms: Sequence[Term[str]], *, fused: bool, start: str = "") -> str:
    """`w1 * k1 + w2 * k2`; after the value `start`, if there is one."""
    if not start:
        first, *terms = terms
        # A method of a product: what binds less tightly stands in parentheses.
        is_alone = not terms or not fused or first.weight == 1
        start = _product(first) if is_alone else f"({_product(first)})"
    return "".join([start, *(_joined(term, fused=fused) for term in terms)])


def _joined(term: Term[str], *, fused: bool) -> str:
    if fused:
        return _method(term)
    return f" - {_product(term.negated())}" if term.weight < 0 else f" + {_product(term)}"


def _method(term: Term[str]) -> str:
    match term.weight:
        case 1:
            return f".add({term.value})"
        case -1:
            return f".sub({term.value})"
    return f".add({term.value}, alpha={to_source(term.weight, term.exact)})"


def _product(term: Term[str]) -> str:
    match term.weight:
        case 1:
            return term.value
        case -1:
            return f"-{term.value}"
    return f"{to_source(term.weight, term.exact)} * {term.value}"
