"""The states at which a `Solve` knows the rate: y_i + sum_j a_ij k_j of each of its stages."""

from odegraph._exact import Exact, to_exact
from odegraph.ir import Combine, Edge, Evaluate, Node, Solve, SolvedRate

ONE = to_exact(1)
Terms = frozenset[tuple[str, Exact]]


class StageStates:
    """Collects the sums and solves of a graph, in topological order, and finds solved rates."""

    def __init__(self) -> None:
        self.sums: dict[str, Terms] = {}
        self.solves: dict[str, tuple[Solve, list[tuple[str, Edge]]]] = {}
        self.rates: dict[str, dict[int, str]] = {}
        self.known: dict[tuple[Terms, str], str] = {}

    def add(self, name: str, node: Node, inputs: list[tuple[str, Edge]]) -> None:
        """Take note of a node that stays in the graph."""
        match node:
            case Combine():
                self.sums[name] = frozenset((source, edge.exact) for source, edge in inputs)
            case Solve():
                self.solves[name] = (node, inputs)
            case SolvedRate(position=position):
                solve = inputs[0][0]
                rates = self.rates.setdefault(solve, {})
                rates[position] = name
                if len(rates) == len(self.solves[solve][0].coefficients):
                    self._know(solve)

    def solved(self, node: Node, inputs: list[tuple[str, Edge]]) -> str | None:
        """The solved rate that an evaluation would compute again."""
        if not isinstance(node, Evaluate):
            return None
        roles = {edge.role: source for source, edge in inputs}
        return self.known.get((self._terms(roles["state"]), roles["theta"]))

    def terms(self, solve: str, stage: int) -> list[tuple[str, Exact]]:
        """The state of one stage of a solve as a sum."""
        node, inputs = self.solves[solve]
        total = dict(self._terms(_source(inputs, "state", stage)))
        for position, weight in enumerate(node.coefficients[stage]):
            if weight != 0:
                total[self.rates[solve][position]] = weight
        return list(total.items())

    def _know(self, solve: str) -> None:
        for stage, rate in self.rates[solve].items():
            theta = _source(self.solves[solve][1], "theta", stage)
            self.known.setdefault((frozenset(self.terms(solve, stage)), theta), rate)

    def _terms(self, state: str) -> Terms:
        return self.sums.get(state, frozenset({(state, ONE)}))


def _source(inputs: list[tuple[str, Edge]], role: str, stage: int) -> str:
    (found,) = (s for s, edge in inputs if edge.role == role and stage in edge.stages)
    return found
