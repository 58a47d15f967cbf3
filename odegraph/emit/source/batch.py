"""Several states as one batch, as Python statements: joined before the call, split after it."""

from collections.abc import Sequence

from odegraph.emit.source import expression
from odegraph.emit.source.expression import name, sequence
from odegraph.emit.source.lines import WIDTH, call, exploded


def batch_statement(
    rates: Sequence[str],
    function: str,
    *,
    states: Sequence[str],
    theta: Sequence[str],
    margin: int,
) -> list[str]:
    """`batch = torch.cat([y, y_2])` and `k2, k3 = unit(batch, *theta[0]).chunk(2)`."""
    joined = _joined(states, margin=margin)
    split = f"chunk({len(rates)})"
    line = f"{', '.join(rates)} = {function}({', '.join(['batch', *theta])}).{split}"
    if len(line) + margin <= WIDTH:
        return [*joined, line]
    called = call(f"batch = {function}", ["batch", *theta], margin=margin)
    return [*joined, *called, *exploded("(", rates, f") = batch.{split}")]


def _joined(states: Sequence[str], *, margin: int) -> list[str]:
    indent = " " * margin
    together = expression.call("torch.cat", [sequence("[]", [name(one) for one in states])])
    return [line.removeprefix(indent) for line in together.lines(indent=indent, prefix="batch = ")]
