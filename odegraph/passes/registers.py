"""Liveness: which state-sized values are held while the unit runs, and in which registers.

A register holds one value while an event (an evaluation of the unit, a solve, a product with a
matrix) is under way: what the event reads, and what anything after it does. Between events there
are only sums, which work in place. What an event needs for itself, and its result until it is added
to the sums, is workspace, not counted here nor in the literature on low-storage schemes (Williamson
1980; Kennedy, Carpenter and Lewis 2000; Ketcheson 2010).
"""

from collections.abc import Mapping
from dataclasses import dataclass

from odegraph.ir import (
    Apply,
    BatchedRate,
    Combine,
    Evaluate,
    EvaluateBatch,
    FunctionOfJacobian,
    Input,
    Jacobian,
    Output,
    Propagator,
    Solve,
    SolvedRate,
    StageMatrix,
    StepGraph,
    Update,
)

STATE_SIZED = (Input, Evaluate, BatchedRate, SolvedRate, Combine, Apply)
EVENTS = (
    Evaluate,
    EvaluateBatch,
    Solve,
    Jacobian,
    FunctionOfJacobian,
    StageMatrix,
    Propagator,
    Apply,
)


@dataclass(frozen=True)
class Lifetime:
    """A value is held from the event `first` to the event `last`, both counted from 0."""

    first: int
    last: int


@dataclass(frozen=True)
class Registers:
    """The values of a graph, when they are held and where.

    Attributes:
        events: the names of what runs, in order; after them comes the end, where outputs are held.
        lifetimes: by value; values that are used up between two events are in no register.
        allocation: by value the register that holds it, from 0.
    """

    events: tuple[str, ...]
    lifetimes: Mapping[str, Lifetime]
    allocation: Mapping[str, int]

    @property
    def count(self) -> int:
        """The number of registers: the most values that are held at once."""
        return 1 + max(self.allocation.values(), default=-1)

    def held(self, event: int) -> tuple[str, ...]:
        """The values that are held while an event runs."""
        return tuple(
            name for name, life in self.lifetimes.items() if life.first <= event <= life.last
        )


def registers(graph: StepGraph) -> Registers:
    """The registers that a graph needs in its order, by colouring the intervals of its values."""
    events = tuple(name for name, node in graph.nodes() if isinstance(node, EVENTS))
    lifetimes = _lifetimes(graph, events)
    return Registers(events, lifetimes, _allocation(graph, lifetimes))


def _lifetimes(graph: StepGraph, events: tuple[str, ...]) -> dict[str, Lifetime]:
    """When each value is held; the gap before an event has the number of the event."""
    position = {name: number for number, name in enumerate(events)}
    first: dict[str, int] = {}
    last: dict[str, int] = {}
    gap = 0
    for name, node in graph.nodes():
        if isinstance(node, Update):
            continue
        is_end = isinstance(node, Output)
        # A sum before an event uses up its terms: they are not held while the event runs.
        until = len(events) if is_end else position.get(name, gap - 1)
        for source, _ in graph.inputs(name):
            last[source] = max(until, last.get(source, -1))
        gap = position.get(name, gap - 1) + 1
        if isinstance(node, STATE_SIZED):
            first[name] = gap
    return {
        name: Lifetime(start, last[name])
        for name, start in first.items()
        if last.get(name, -1) >= start
    }


def _allocation(graph: StepGraph, lifetimes: Mapping[str, Lifetime]) -> dict[str, int]:
    """Registers by the left-edge rule: no more than are in use at once.

    A sum takes the register of the first term that it replaces, where that is free.
    """
    taken: dict[str, int] = {}
    busy: dict[int, int] = {}  # register -> the last event that it is in use for

    def sums_first(one: tuple[str, Lifetime]) -> tuple[int, bool]:
        return one[1].first, not isinstance(graph.node(one[0]), Combine)

    for name, life in sorted(lifetimes.items(), key=sums_first):
        free = [one for one in range(len(busy) + 1) if busy.get(one, -1) < life.first]
        terms = (source for source, edge in graph.inputs(name) if edge.role == "term")
        wished = [taken[source] for source in terms if source in taken]
        register = next((one for one in wished if one in free), free[0])
        taken[name] = register
        busy[register] = life.last
    return taken
