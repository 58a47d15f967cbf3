"""A step with as few state-sized values held at once as its coefficients allow, found exactly.

A step is a sequence of events, such as evaluations of the unit, and sums between them. While an
event runs, a state-sized value is held in a register if the event reads it or if anything after it
does. What the rest of a step needs of what is known is a space of linear combinations: the known
parts of all states to come. Its dimension is what no rewriting can go below, for the unit is any
function, and a basis of the space is enough: so the fewest registers of an order of the events is
the greatest of these dimensions, a rank of a part of the tableau. For Williamson's 2N schemes it is
2, for the classic scheme 3, for Euler 1. Orders are searched over the sets of events that are done.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from odegraph.passes.exact_vectors import Vector, known_part, rank

MOST_SETS = 5000  # beyond, the events keep their order


@dataclass(frozen=True)
class Event:
    """What is computed from states, and is not a sum.

    Attributes:
        arguments: the values that it reads, as linear combinations of atoms.
        results: the atoms that it makes; none are counted where it makes a matrix.
        after: the numbers of the events that must come before it.
    """

    arguments: tuple[Vector, ...]
    results: tuple[int, ...]
    after: frozenset[int]


@dataclass(frozen=True)
class Program:
    """One step: atoms are numbers, at first those of the values that enter it.

    Attributes:
        inputs: the atoms that are known before the step.
        states: the atoms that are states; others are rates.
        events: in the order in which they stand in the graph.
        outs: the values that leave the step.
    """

    inputs: tuple[int, ...]
    states: frozenset[int]
    events: tuple[Event, ...]
    outs: tuple[Vector, ...]


def needs(
    program: Program, done: Iterable[int], event: int | None
) -> tuple[list[Vector], list[Vector]]:
    """The arguments of `event`, the next one, and the known parts of all that comes after it."""
    done = frozenset(done)
    known = {*program.inputs, *(atom for one in done for atom in program.events[one].results)}
    later = [
        argument
        for number, one in enumerate(program.events)
        if number not in done and number != event
        for argument in one.arguments
    ]
    now = program.outs if event is None else program.events[event].arguments
    parts = [known_part(one, known) for one in (*later, *(() if event is None else program.outs))]
    return list(dict.fromkeys(now)), list(dict.fromkeys(one for one in parts if one))


def held_at(program: Program, done: Iterable[int], event: int | None) -> int:
    """The fewest values that are held while `event` runs, or at the end of the step."""
    arguments, later = needs(program, done, event)
    return len(arguments) + rank([*arguments, *later]) - rank(arguments)


def best_order(program: Program) -> tuple[int, tuple[int, ...]]:
    """The fewest registers of a step, and the first order of its events that needs no more."""
    everything = frozenset(range(len(program.events)))
    if _downsets(program) > MOST_SETS:
        return _in_given_order(program)

    @cache
    def fewest(done: frozenset[int]) -> int:
        if done == everything:
            return held_at(program, done, None)
        return min(_through(program, done, one, fewest) for one in _next(program, done))

    order: list[int] = []
    limit = fewest(frozenset())
    while len(order) < len(program.events):
        done = frozenset(order)
        order.append(
            next(n for n in _next(program, done) if _through(program, done, n, fewest) <= limit)
        )
    return limit, tuple(order)


def _through(program: Program, done: frozenset[int], event: int, fewest) -> int:
    return max(held_at(program, done, event), fewest(done | {event}))


def _next(program: Program, done: frozenset[int]) -> list[int]:
    events = enumerate(program.events)
    return [number for number, one in events if number not in done and one.after <= done]


def _downsets(program: Program) -> int:
    """How many sets of events can be done, counted up to a little more than `MOST_SETS`."""
    seen = frontier = {frozenset[int]()}
    while frontier and len(seen) <= MOST_SETS:
        frontier = {done | {one} for done in frontier for one in _next(program, done)}
        seen = seen | frontier
    return len(seen)


def _in_given_order(program: Program) -> tuple[int, tuple[int, ...]]:
    order = tuple(range(len(program.events)))
    held = [held_at(program, order[:n], event) for n, event in enumerate((*order, None))]
    return max(held), order
