"""The halves of states [q, p] as values of their own: equal where their sums are."""

from collections.abc import Hashable

from odegraph._exact import Exact
from odegraph.ir import Combine, Edge, Node, Weight, half_terms

Half = tuple[str, int]


class HalfStates:
    """Collects the sums of a graph, in topological order, and compares halves of them."""

    def __init__(self) -> None:
        self.sums: dict[str, list[tuple[str, Weight]]] = {}

    def add(self, name: str, node: Node, inputs: list[tuple[str, Edge]]) -> None:
        """Take note of a node that stays in the graph."""
        if isinstance(node, Combine):
            self.sums[name] = [(source, edge.any_weight) for source, edge in inputs]

    def value(self, state: str, half: int) -> Hashable:
        """What one half of a state is: two halves of equal value hold the same numbers."""
        origin = self._origin(state, half)
        total: dict[Half, Exact] = {}
        for source, weight in self._terms(*origin):
            source = self._origin(*source)
            total[source] = total[source] + weight if source in total else weight
        return frozenset(total.items()) or origin

    def _origin(self, state: str, half: int) -> Half:
        """The half that it was copied from, where the sum leaves it as it is."""
        terms = self._terms(state, half)
        while len(terms) == 1 and terms[0][1] == 1:
            state, half = terms[0][0]
            terms = self._terms(state, half)
        return state, half

    def _terms(self, state: str, half: int) -> list[tuple[Half, Exact]]:
        return half_terms(self.sums.get(state, []), half)
