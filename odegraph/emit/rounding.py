"""From exact weights to floats: the one place where numbers are rounded.

Each weight becomes the nearest float of the precision in which it will be used. Where these,
added up from left to right as the graph does it, miss the float nearest to their exact sum, the
largest weight that can mend it moves by a few units in the last place. So the weights of a step add
up to its length, and a constant rate of 1 is integrated without rounding error. Sums of large
terms that cancel may have no such floats; they stay as near as floats come.
"""

import functools
from collections.abc import Iterable, Sequence
from enum import Enum
from fractions import Fraction

import numpy as np

from odegraph._exact import Exact, to_exact, to_float

MAX_MOVE_OF_ONE = 4  # in units in the last place of the weight that moves
MAX_MOVE = 32  # of any weight, in units in the last place of the largest


class Precision(Enum):
    """The float format in which weights meet the state; half formats compute in `SINGLE`."""

    SINGLE = np.float32
    DOUBLE = np.float64


def round_weights(weights: Sequence[Exact | Fraction], precision: Precision) -> tuple[float, ...]:
    """Floats for `weights` that keep their sum in `precision`.

    A weight that stays where it is keeps its float64 value: torch rounds it to the state's
    precision. One that moves does so by at most a few units in the last place of the largest.
    """
    return _rounded(tuple(weights), precision)


@functools.lru_cache(maxsize=4096)
def _rounded(weights: tuple[Exact | Fraction, ...], precision: Precision) -> tuple[float, ...]:
    nearest = tuple(to_float(weight) for weight in weights)
    if len(nearest) < 2:
        return nearest
    kind = precision.value
    target = kind(to_float(sum((to_exact(weight) for weight in weights), start=to_exact(0))))
    if _sum(nearest, kind) == target:
        return nearest
    return (
        _with_one_moved(nearest, kind, target)
        or _with_the_gap_closed(nearest, kind, target)
        or nearest
    )


def _with_one_moved(
    nearest: tuple[float, ...], kind: type[np.floating], target: np.floating
) -> tuple[float, ...] | None:
    for i in _largest_first(nearest):
        for value in _neighbours(kind(nearest[i])):
            moved = (*nearest[:i], float(value), *nearest[i + 1 :])
            if _sum(moved, kind) == target:
                return moved
    return None


def _with_the_gap_closed(
    nearest: tuple[float, ...], kind: type[np.floating], target: np.floating
) -> tuple[float, ...] | None:
    # A smaller weight, added when the sum is small again, can take up what large ones rounded off.
    order = _largest_first(nearest)
    for first in range(len(order)):
        moved = list(nearest)
        for i in order[first:]:
            closed = kind(moved[i]) + (target - _sum(moved, kind))
            for value in (*_neighbours(closed), closed):
                moved[i] = float(value)
                if _sum(moved, kind) == target and are_roundings(moved, nearest, kind):
                    return tuple(moved)
    return None


def are_roundings(
    weights: Sequence[float], exact: Sequence[float | Exact], kind: type[np.floating]
) -> bool:
    """Whether `weights` could be the rounded ones: near to `exact` in units of the largest."""
    nearest = [kind(weight) for weight in exact]
    unit = np.spacing(max(map(abs, nearest), default=kind(0)))
    pairs = zip(weights, nearest, strict=True)
    return all(abs(kind(weight) - near) <= MAX_MOVE * unit for weight, near in pairs)


def _largest_first(weights: Sequence[float]) -> list[int]:
    return sorted(range(len(weights)), key=lambda i: -abs(weights[i]))


def _sum(weights: Iterable[float], kind: type[np.floating]) -> np.floating:
    # Plain additions in order, as torch does them; math.fsum and Python 3.12's sum round only once.
    total = kind(0)
    for weight in weights:
        total = total + kind(weight)
    return total


def _neighbours(value: np.floating) -> Iterable[np.floating]:
    up = down = value
    infinity = type(value)(np.inf)
    for _ in range(MAX_MOVE_OF_ONE):
        up, down = np.nextafter(up, infinity), np.nextafter(down, -infinity)
        yield up
        yield down
