"""Sparse vectors of exact numbers: ranks, and combinations of few vectors."""

import itertools
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import lru_cache

from odegraph.ir.number_domain import Number

Vector = tuple[tuple[int, Number], ...]
"""The nonzero coordinates (atom, number), by atom."""

FEW = 3  # combinations of more vectors are not searched for
MANY = 5  # among more than so many vectors only multiples of one


def vector(coordinates: Mapping[int, Number]) -> Vector:
    """The vector with these coordinates."""
    return tuple(sorted((atom, x) for atom, x in coordinates.items() if x))


def known_part(one: Vector, known: Collection[int]) -> Vector:
    """The coordinates of known atoms alone."""
    return tuple((atom, x) for atom, x in one if atom in known)


def plus(one: Vector, other: Vector, weight: Number) -> Vector:
    """one + weight * other."""
    total = dict(one)
    for atom, x in other:
        total[atom] = total[atom] + weight * x if atom in total else weight * x
    return vector(total)


def scaled(one: Vector, weight: Number) -> Vector:
    """weight * one."""
    return tuple((atom, weight * x) for atom, x in one)


def combined(terms: Iterable[tuple[Vector, Number]]) -> Vector:
    """The sum of number * vector."""
    total: Vector = ()
    for one, weight in terms:
        total = plus(total, one, weight)
    return total


class Echelon:
    """Independent vectors among those taken in; each remembers what it was made of."""

    def __init__(self, vectors: Iterable[Vector] = ()) -> None:
        self.rows: list[tuple[int, Vector, Vector]] = []  # pivot, row, how it was made
        self.count = 0
        for one in vectors:
            self.add(one)

    def add(self, one: Vector) -> bool:
        """Take in a vector, the next in number; whether it is independent of those before."""
        rest, used = self._reduced(one)
        number = self.count
        self.count += 1
        if not rest:
            return False
        pivot, x = rest[0]
        unit = x**0
        made = plus(((number, unit),), used, -unit)
        self.rows.append((pivot, scaled(rest, unit / x), scaled(made, unit / x)))
        return True

    def coordinates(self, one: Vector) -> Vector | None:
        """The weights of the vectors, by number, that add up to `one`; None outside the span."""
        rest, used = self._reduced(one)
        return None if rest else used

    def _reduced(self, one: Vector) -> tuple[Vector, Vector]:
        rest, used = one, ()
        for pivot, row, made in self.rows:
            weight = dict(rest).get(pivot)
            if weight:
                rest, used = plus(rest, row, -weight), plus(used, made, weight)
        return rest, used


def rank(vectors: Iterable[Vector]) -> int:
    """The dimension of the span."""
    return len(Echelon(vectors).rows)


def independent(vectors: Iterable[Vector]) -> list[Vector]:
    """The vectors that are no combination of those before them."""
    found = Echelon()
    return [one for one in vectors if found.add(one)]


def spans(vectors: Iterable[Vector], targets: Iterable[Vector]) -> bool:
    """Whether all targets are combinations of the vectors."""
    found = Echelon(vectors)
    return all(found.coordinates(one) is not None for one in targets)


@lru_cache(maxsize=4096)
def shortest_combination(target: Vector, values: tuple[Vector, ...]) -> Vector:
    """The weights of as few values as make `target`, by their numbers; the first such values."""
    for size in range(1, 1 + (FEW if len(values) <= MANY else 1)):
        for chosen in itertools.combinations(range(len(values)), size):
            solved = Echelon(values[number] for number in chosen).coordinates(target)
            if solved is not None:
                return tuple((chosen[position], x) for position, x in solved)
    solved = Echelon(values).coordinates(target)
    assert solved is not None, "a value is made of what is held"
    return solved


def sparsest_vectors(space: Sequence[Vector], basis: Sequence[Vector]) -> list[Vector]:
    """Vectors of `space` in as few coordinates of `basis` as possible: its elementary vectors.

    For each choice of coordinates that leaves one dimension, the vector in which they vanish. None
    are looked for in a basis of many.
    """
    if len(basis) > MANY:
        return []
    coordinates = Echelon(basis)
    rows = independent([one for one in map(coordinates.coordinates, space) if one])
    found: dict[Vector, None] = {}
    for gone in itertools.combinations(range(len(basis)), len(rows) - 1):
        weights = _vanishing(rows, gone)
        if weights is not None:
            made = combined((rows[number], x) for number, x in weights)
            found[combined((basis[number], x) for number, x in made)] = None
    return list(found)


def _vanishing(rows: Sequence[Vector], gone: Collection[int]) -> Vector | None:
    """The weights of rows whose sum has no coordinate in `gone`, where but for a factor one has."""
    solver, dependent = Echelon(), []
    for number, row in enumerate(rows):
        part = known_part(row, gone)
        solution = solver.coordinates(part)
        if not solver.add(part):
            assert solution is not None
            unit = row[0][1] ** 0
            dependent.append(plus(((number, unit),), solution, -unit))
    return dependent[0] if len(dependent) == 1 else None
