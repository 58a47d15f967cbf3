"""States of two halves [q, p] as Python statements: split where used, joined where made."""

from odegraph._exact import Exact
from odegraph.emit.rounding import Precision
from odegraph.emit.source.lines import sum_statements
from odegraph.emit.source.variables import Variables
from odegraph.emit.weighted_sum import half_sum
from odegraph.ir import HALVES_DIM, Combine, StepGraph, half_terms


class HalvesSource:
    """The sums of one graph whose weights are those of halves; `names` are its variables so far."""

    def __init__(
        self,
        graph: StepGraph,
        names: Variables,
        lines: list[str],
        precision: Precision,
        *,
        margin: int,
    ) -> None:
        self.graph = graph
        self.names = names
        self.lines = lines
        self.precision = precision
        self.margin = margin
        self.split: dict[str, str] = {}  # variable -> the value whose halves have names

    def joined(self, name: str) -> str:
        """The expression for a sum; the statements that it needs are added before."""
        inputs = [(source, edge.any_weight) for source, edge in self.graph.inputs(name)]
        node = self.graph.node(name)
        assert isinstance(node, Combine)
        q, p = (
            self._half_sum(half_terms(inputs, target), "qp"[target], fused=node.fused)
            for target in (0, 1)
        )
        return f"torch.cat([{q}, {p}], dim={HALVES_DIM})"

    def _half_sum(
        self, terms: list[tuple[tuple[str, int], Exact]], target: str, *, fused: bool
    ) -> str:
        values = [self._half(source, half) for (source, half), _ in terms]
        states = sum(not self.graph.is_rate(source) for (source, _), _ in terms)
        weights = [weight for _, weight in terms]
        total = half_sum(values, weights, self.precision, states=states, fused=fused)
        if not total.terms:
            return values[0]
        self.lines += sum_statements(target, total, margin=self.margin)
        return target

    def _half(self, value: str, half: int) -> str:
        variable = self.names.variable[value]
        names = [f"{variable}_q", f"{variable}_p"]
        if self.split.get(variable) != value:
            self.split[variable] = value
            used = sorted(self._in_use(value))
            left = ", ".join(names) if len(used) == 2 else names[used[0]]
            item = "" if len(used) == 2 else f"[{used[0]}]"
            self.lines.append(f"{left} = {variable}.chunk(2, dim={HALVES_DIM}){item}")
        return names[half]

    def _in_use(self, value: str) -> set[int]:
        users = [name for name in self.graph.graph.succ[value] if self.graph.splits_state(name)]
        edges = [self.graph.graph.edges[value, user]["edge"] for user in users]
        weights = [(value, edge.any_weight) for edge in edges]
        terms = [term for target in (0, 1) for term in half_terms(weights, target)]
        return {half for (_, half), _ in terms}
