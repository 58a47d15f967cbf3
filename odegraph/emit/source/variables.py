"""Python variables for the values of a step graph."""

from dataclasses import dataclass, field
from itertools import count

from odegraph.emit.rounding import Precision
from odegraph.emit.weighted_sum import WeightedSum, weighted_sum
from odegraph.ir import Combine, Evaluate, StepGraph


@dataclass
class Variables:
    """Python variables for values: `x`, `k1`, ... used again as soon as their value is dead."""

    last_use: dict[str, int]
    held: dict[str, str] = field(default_factory=dict)  # variable -> value
    variable: dict[str, str] = field(default_factory=dict)  # value -> variable

    def assign(self, value: str, wanted: str, position: int) -> str:
        """A free variable for `value`: `wanted`, or `wanted_2`, ..."""
        candidates = (wanted if n == 1 else f"{wanted}_{n}" for n in count(1))
        variable = next(name for name in candidates if not self.is_live(name, position))
        self.held[variable] = value
        self.variable[value] = variable
        return variable

    def hold_until_released(self, variable: str) -> None:
        """Take note of a variable that holds no value of the graph, such as part of a sum."""
        self.held[variable] = variable

    def release(self, position: int) -> list[str]:
        """`del k1, y`: the variables of values that nothing reads from this position on."""
        dead = [
            name for name, value in self.held.items() if self.last_use.get(value, -1) < position
        ]
        for name in dead:
            del self.held[name]
        return [f"del {', '.join(dead)}"] if dead else []

    def is_live(self, variable: str, position: int) -> bool:
        """Whether the variable holds a value that is read after this position."""
        holder = self.held.get(variable)
        return holder is not None and self.last_use.get(holder, -1) > position


def last_uses(graph: StepGraph) -> dict[str, int]:
    """The position of the last node that reads each value."""
    # A value that is read by an inlined sum lives until the call that the sum is inlined into.
    inlined = used_once_as_state(graph)
    positions = {name: position for position, (name, _) in enumerate(graph.nodes())}
    last: dict[str, int] = {}
    for name, _ in graph.nodes():
        user = next(iter(graph.graph.succ[name])) if name in inlined else name
        for source, edge in graph.inputs(name):
            if edge.role == "statistics":
                continue  # kept in the list `learned`, not in a variable
            last[source] = max(last.get(source, -1), positions[user])
    return last


def used_once_as_state(graph: StepGraph) -> set[str]:
    """Sums that one evaluation reads and nothing else: they are written inside its call.

    None where values have registers: what a sum is made of would be held during the call.
    """
    if graph.registers:
        return set()
    return {
        name
        for name in graph.of_type(Combine)
        if not graph.splits_state(name)
        and len(users := list(graph.graph.succ[name])) == 1
        and isinstance(graph.node(users[0]), Evaluate)
    }


def sum_of_variables(
    graph: StepGraph, name: str, names: Variables, precision: Precision
) -> WeightedSum[str]:
    """The terms of a sum, or of a product's operand, by the variables that hold their values."""
    terms = [(source, edge) for source, edge in graph.inputs(name) if edge.role == "term"]
    values = [names.variable[source] for source, _ in terms]
    node = graph.node(name)
    fused = isinstance(node, Combine) and node.fused
    return weighted_sum(values, [edge.exact for _, edge in terms], precision, fused=fused)
