"""The states at which a `Solve` knows the rate: y_i + sum_j a_ij k_j of each of its stages."""

from odegraph._exact import to_exact
from odegraph.ir import Combine, Edge, Evaluate, Node, Part, Solve, SolvedRate, Weight

ONE = to_exact(1)
Terms = tuple[tuple[str, Weight], ...]


class StageStates:
    """Collects the sums and solves of a graph, in topological order, and finds solved rates."""

    def __init__(self) -> None:
        self.sums: dict[str, tuple[int, Terms]] = {}
        self.solves: dict[str, tuple[Solve, list[tuple[str, Edge]]]] = {}
        self.rates: dict[str, dict[int, str]] = {}
        self.known: dict[tuple[Part, frozenset[tuple[str, Weight]], str], str] = {}

    def add(self, name: str, node: Node, inputs: list[tuple[str, Edge]]) -> None:
        """Take note of a node that stays in the graph."""
        match node:
            case Combine():
                self.sums[name] = (node.step, tuple((s, edge.any_weight) for s, edge in inputs))
            case Solve():
                self.solves[name] = (node, inputs)
            case SolvedRate(position=position):
                solve = inputs[0][0]
                rates = self.rates.setdefault(solve, {})
                rates[position] = name
                if self.complete(node, inputs):
                    self._know(solve)

    def solved(self, node: Node, inputs: list[tuple[str, Edge]]) -> str | None:
        """The solved rate that an evaluation would compute again."""
        if not isinstance(node, Evaluate):
            return None
        roles = {edge.role: source for source, edge in inputs}
        _, terms = self.sums.get(roles["state"], (None, ((roles["state"], ONE),)))
        return self.known.get((node.part, frozenset(terms), roles["theta"]))

    def terms(self, solve: str, stage: int) -> Terms:
        """The state of one stage of a solve as a sum."""
        node, inputs = self.solves[solve]
        state = _source(inputs, "state", stage)
        step, terms = self.sums.get(state, (None, ()))
        # What the stages before contribute is spelled out, the state of the step is not.
        total = dict(terms if step == node.step else ((state, ONE),))
        for position, weight in enumerate(node.coefficients[stage]):
            if not weight.is_zero:
                total[self.rates[solve][position]] = weight
        return tuple(total.items())

    def complete(self, node: Node, inputs: list[tuple[str, Edge]]) -> dict[int, str]:
        """The rates of a solve by position, at the last of its `SolvedRate` nodes; else nothing."""
        if not isinstance(node, SolvedRate):
            return {}
        rates = self.rates[inputs[0][0]]
        count = len(self.solves[inputs[0][0]][0].coefficients)
        return rates if len(rates) == count else {}

    def _know(self, solve: str) -> None:
        for stage, rate in self.rates[solve].items():
            node, inputs = self.solves[solve]
            key = (node.part, frozenset(self.terms(solve, stage)), _source(inputs, "theta", stage))
            self.known.setdefault(key, rate)


def _source(inputs: list[tuple[str, Edge]], role: str, stage: int) -> str:
    (found,) = (s for s, edge in inputs if edge.role == role and stage in edge.stages)
    return found
