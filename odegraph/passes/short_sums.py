"""How a value is made of those that are held, in few terms and without cancellation."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from odegraph.ir.number_domain import Number
from odegraph.passes.exact_vectors import Vector, plus, shortest_combination, spans

MIXED = 3  # what it costs, in terms, to mix states: their differences lose digits
AGAIN = 100  # and to compute again what was there


@dataclass(frozen=True)
class ShortSum:
    """A weighted sum of values; a state of weight one comes first."""

    terms: tuple[tuple[Vector, Number], ...]
    cost: int


def is_rate(value: Vector, states: frozenset[int]) -> bool:
    """Whether no state is part of a value."""
    return not any(atom in states for atom, _ in value)


def shortest_sum(
    target: Vector, known: Sequence[Vector], states: frozenset[int], one: Number
) -> ShortSum:
    """`target` as a state plus rates, as a sum of rates, or as any sum of known values."""
    ways = list(_increments(target, known, states, one))
    if not ways:
        chosen = shortest_combination(target, tuple(known))
        ways = [ShortSum(tuple((known[n], x) for n, x in chosen), len(chosen) + MIXED)]
    best = min(ways, key=lambda way: way.cost)
    terms = sorted(best.terms, key=lambda term: term[1] != one or is_rate(term[0], states))
    was_there = len(target) == 1 and target[0][1] == one
    return ShortSum(tuple(terms), best.cost + AGAIN * was_there)


def _increments(
    target: Vector, known: Sequence[Vector], states: frozenset[int], one: Number
) -> Iterator[ShortSum]:
    rates = tuple(value for value in known if is_rate(value, states))
    # Of equal ways that from the state of the step is taken.
    bases = (
        [()] if is_rate(target, states) else sorted((v for v in known if v not in rates), key=len)
    )
    for base in bases:
        rest = plus(target, base, -one)
        if rest and spans(rates, [rest]):
            terms = [(rates[n], x) for n, x in shortest_combination(rest, rates)]
            terms = [(base, one), *terms] if base else terms
            yield ShortSum(tuple(terms), len(terms))
