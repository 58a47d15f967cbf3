"""theta(t) as Python statements: weighted sums of coefficients, each computed once."""

from collections.abc import Sequence
from fractions import Fraction
from itertools import count

from odegraph._exact import Exact, to_exact, to_source
from odegraph.emit.rounding import Precision
from odegraph.emit.source.lines import WIDTH, exploded, weights_dict
from odegraph.emit.weighted_sum import rounded_terms


class ThetaSource:
    """Statements such as `theta_1_2 = blend(theta, {0: 1 / 2, 1: 1 / 2})`, on first use."""

    def __init__(self, lines: list[str], precision: Precision, *, margin: int) -> None:
        self.lines = lines
        self.precision = precision
        self.margin = margin
        self.blends: dict[object, str] = {}
        self.names: set[str] = set()

    def at(self, slots: str, row: Sequence[tuple[int, Exact | Fraction]], depth: object) -> str:
        """The expression for the values of `slots` at one depth: an entry, or a variable."""
        if len(row) == 1 and row[0][1] == 1:
            return f"{slots}[{row[0][0]}]"
        key = (slots, tuple(row))
        if key not in self.blends:
            self.blends[key] = self._depth_name(slots, depth)
            self.lines += self.blend(self.blends[key], slots, row)
        return self.blends[key]

    def blend(
        self, target: str, values: str, row: Sequence[tuple[int, Exact | Fraction]]
    ) -> list[str]:
        """The statement that leaves a weighted sum of `values` in `target`."""
        exact = [to_exact(value) for _, value in row]
        terms = rounded_terms([index for index, _ in row], exact, self.precision)
        weights = [(term.value, to_source(term.weight, term.exact)) for term in terms]
        line = f"{target} = blend({values}, {weights_dict(weights)})"
        if len(line) + self.margin <= WIDTH:
            return [line]
        entries = exploded("{", [f"{index}: {weight}" for index, weight in weights], "}")
        entries[-1] += ","
        return [f"{target} = blend(", f"    {values},", *(f"    {one}" for one in entries), ")"]

    def _depth_name(self, slots: str, depth: object) -> str:
        rational = isinstance(depth, Fraction) and depth >= 0
        wanted = f"{slots}_{str(depth).replace('/', '_')}" if rational else f"{slots}_t"
        candidates = (wanted if n == 1 else f"{wanted}_again{n}" for n in count(1))
        found = next(name for name in candidates if name not in self.names)
        self.names.add(found)
        return found
