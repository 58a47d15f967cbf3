"""What is computed when, so that a step holds no more values at once than it must.

Before each event there are a few ways to hold what the rest of the step needs: the values as they
are; the sums of all states to come, each rate added as soon as it is there; or a basis of the
combinations that are needed, made of as few terms as possible. The last of them finds Williamson's
recursion dx <- A_i dx + k, x <- x + B_i h dx from the tableau of a 2N scheme. Of the schedules with
the fewest registers one of few terms is taken.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from odegraph.ir.number_domain import Number
from odegraph.passes.exact_vectors import (
    Echelon,
    Vector,
    independent,
    scaled,
    shortest_combination,
    spans,
    sparsest_vectors,
)
from odegraph.passes.register_plan import Program, best_order, needs
from odegraph.passes.short_sums import is_rate, shortest_sum

BEAM = 6  # schedules that are followed at a time
LOW_STORAGE = 4  # where there are more registers, one sum is as good as another: a beam of 1


@dataclass(frozen=True)
class Run:
    """An event takes place; `held` are the values in registers meanwhile."""

    event: int
    held: tuple[Vector, ...]


@dataclass(frozen=True)
class Add:
    """A value is computed as a weighted sum of others, each known by its vector."""

    target: Vector
    terms: tuple[tuple[Vector, Number], ...]


@dataclass(frozen=True)
class _Schedule:
    cost: int
    actions: tuple[Run | Add, ...]
    held: tuple[Vector, ...]


def schedule(program: Program, *, one: Number) -> tuple[Run | Add, ...]:
    """All events and sums of a step, with the fewest registers."""
    limit, order = best_order(program)
    paths = [_Schedule(0, (), tuple(((atom, one),) for atom in program.inputs))]
    for position, event in enumerate((*order, None)):
        arguments, later = needs(program, order[:position], event)
        longer: dict[frozenset[Vector], _Schedule] = {}
        for path in paths:
            ways = _ways_to_hold(path.held, arguments, later, limit, program.states)
            for key, wanted in {frozenset(one): one for one in ways}.items():
                extended = _extended(path, wanted, event, program, one)
                if key not in longer or extended.cost < longer[key].cost:
                    longer[key] = extended
        paths = sorted(longer.values(), key=lambda path: path.cost)
        paths = paths[: BEAM if limit <= LOW_STORAGE else 1]
    return paths[0].actions


def _extended(
    path: _Schedule, wanted: Sequence[Vector], event: int | None, program: Program, one: Number
) -> _Schedule:
    """A schedule that goes on to hold `wanted` while `event` runs."""
    sums, cost = [], path.cost
    known, missing = list(path.held), [target for target in wanted if target not in path.held]
    while missing:
        ways = {target: shortest_sum(target, known, program.states, one) for target in missing}
        target = min(missing, key=lambda target: ways[target].cost)
        cost += ways[target].cost
        sums.append(Add(target, ways[target].terms))
        missing.remove(target)
        known.append(target)
    actions = (*path.actions, *sums)
    if event is None:
        return _Schedule(cost, actions, tuple(wanted))
    made = (((atom, one),) for atom in program.events[event].results)
    return _Schedule(cost, (*actions, Run(event, tuple(wanted))), (*wanted, *made))


def _ways_to_hold(
    held: Sequence[Vector],
    arguments: Sequence[Vector],
    later: Sequence[Vector],
    limit: int,
    states: frozenset[int],
) -> Iterator[list[Vector]]:
    """The values that may be held next: the arguments, and what makes all the later ones."""
    for kept in (_still_needed(held, later), later):
        wanted = list(dict.fromkeys([*arguments, *kept]))
        if len(wanted) <= limit:
            yield wanted
    space = [*arguments, *later]
    cheap = _few_terms(held, space, states)
    rates_first = sorted(cheap, key=lambda one: not is_rate(one, states))
    for candidates in ([*held, *later], cheap, rates_first):
        yield _completed(arguments, candidates, space)


def _still_needed(held: Sequence[Vector], later: Sequence[Vector]) -> list[Vector]:
    """As few of the values that are there as possible."""
    kept = list(held)
    # Sums that nothing waits for go first, then what is oldest.
    for one in sorted(held, key=lambda one: (one in later, len(one) == 1)):
        rest = [other for other in kept if other != one]
        if spans(rest, later):
            kept = rest
    return kept


def _completed(
    arguments: Sequence[Vector], candidates: Sequence[Vector], space: Sequence[Vector]
) -> list[Vector]:
    """The arguments, and the first candidates that complete a basis of the space."""
    whole, found = Echelon(space), Echelon(arguments)
    inside = (one for one in candidates if whole.coordinates(one) is not None)
    return [*arguments, *(one for one in inside if found.add(one))]


def _few_terms(
    held: Sequence[Vector], space: Sequence[Vector], states: frozenset[int]
) -> list[Vector]:
    """Values of few terms first, rates before states."""
    sparse = sparsest_vectors(space, independent(held))
    found = [*held, *space, *(_normalised(one, states) for one in sparse)]

    def terms(one: Vector) -> tuple[int, bool]:
        count = 0 if one in held else len(shortest_combination(one, tuple(held)))
        return count, not is_rate(one, states)

    return sorted(dict.fromkeys(found), key=terms)


def _normalised(one: Vector, states: frozenset[int]) -> Vector:
    """A mean of states, or a combination of rates in which the newest has weight one."""
    weights = [x for atom, x in one if atom in states]
    weight = sum(weights[1:], start=weights[0]) if weights else one[-1][1]
    weight = weight or one[-1][1]
    return scaled(one, weight / weight / weight)
