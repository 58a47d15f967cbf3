"""From exact weights to floats: the one place where numbers are rounded.

Each weight becomes the nearest float of the precision in which it will be used. Where these,
added up from left to right as the graph does it, miss the float nearest to their exact sum, the
largest weight moves by the few units in the last place that mend it. So the weights of a step add
up to its length, and a constant rate of 1 is integrated without rounding error.
"""

from collections.abc import Iterable, Sequence
from enum import Enum
from fractions import Fraction

import numpy as np

from odegraph._exact import Exact, to_exact, to_float

MAX_UNITS_IN_THE_LAST_PLACE = 4


class Precision(Enum):
    """The float format in which weights meet the state; half formats compute in `SINGLE`."""

    SINGLE = np.float32
    DOUBLE = np.float64


def round_weights(weights: Sequence[Exact | Fraction], precision: Precision) -> tuple[float, ...]:
    """Floats for `weights` that keep their sum in `precision`.

    A weight that stays where it is keeps its float64 value: torch rounds it to the state's
    precision.
    """
    nearest = tuple(to_float(weight) for weight in weights)
    if len(nearest) < 2:
        return nearest
    kind = precision.value
    target = kind(to_float(sum((to_exact(weight) for weight in weights), start=to_exact(0))))
    if _sum(nearest, kind) == target:
        return nearest
    for i in sorted(range(len(nearest)), key=lambda i: -abs(nearest[i])):
        for value in _neighbours(kind(nearest[i])):
            moved = (*nearest[:i], float(value), *nearest[i + 1 :])
            if _sum(moved, kind) == target:
                return moved
    return nearest


def _sum(weights: Iterable[float], kind: type[np.floating]) -> np.floating:
    # Plain additions in order, as torch does them; math.fsum and Python 3.12's sum round only once.
    total = kind(0)
    for weight in weights:
        total = total + kind(weight)
    return total


def _neighbours(value: np.floating) -> Iterable[np.floating]:
    up = down = value
    infinity = type(value)(np.inf)
    for _ in range(MAX_UNITS_IN_THE_LAST_PLACE):
        up, down = np.nextafter(up, infinity), np.nextafter(down, -infinity)
        yield up
        yield down
