"""Where to keep states of a long chain of steps, so that going back over it costs least.

Revolve (Griewank and Walther 2000, Algorithm 799): with s snapshots and at most r passes over
any step, C(s + r, s) steps can be reversed and no more; the placement that reaches this bound is
binomial, and it is optimal for every number of steps.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import comb


def steps_to_next_snapshot(steps: int, *, snapshots: int) -> int:
    """How far to go from a kept state before the next one is kept, `steps` from the end.

    `snapshots` counts the states that may be kept, that at the beginning included; with one alone,
    or one step, there is no next snapshot, and the way to the last step is returned.
    """
    if snapshots == 1 or steps == 1:
        return steps - 1
    repetitions = least_repetitions(steps, snapshots=snapshots)
    most = comb(snapshots + repetitions - 1, snapshots)
    rest = comb(snapshots + repetitions - 2, snapshots - 1)
    return max(1, min(most, steps - rest))


def least_repetitions(steps: int, *, snapshots: int) -> int:
    """The least r with C(s + r, s) >= steps: how often a step is passed, the first included."""
    repetitions = 0
    while comb(snapshots + repetitions, snapshots) < steps:
        repetitions += 1
    return repetitions


def snapshots_for(steps: int, *, repetitions: int) -> int:
    """The least number of snapshots with which no step is passed more than r times.

    For r = 1 that is all states but the last; for r = 2 about sqrt(2 steps) of them.
    """
    snapshots = 1
    while comb(snapshots + repetitions, repetitions) < steps:
        snapshots += 1
    return snapshots


def extra_steps(steps: int, *, snapshots: int) -> int:
    """The steps that are passed on the way to those that are reversed, the first time included.

    r n - C(s + r, r - 1), with the least r: the optimum over all placements.
    """
    repetitions = least_repetitions(steps, snapshots=snapshots)
    if repetitions == 0:
        return 0
    return repetitions * steps - comb(snapshots + repetitions, repetitions - 1)


@dataclass(frozen=True)
class Move:
    """A walk over some steps: forward without gradients, or back over the one step `start`.

    Attributes:
        start: the first step.
        stop: the step after the last.
        kept: where states are kept while it is under way.
    """

    start: int
    stop: int
    kept: tuple[int, ...]

    @property
    def is_back(self) -> bool:
        """Whether the step is reversed."""
        return self.stop == self.start


def moves(steps: int, *, snapshots: int) -> Iterator[Move]:
    """The whole computation: all steps forward, then each backward, with what lies between."""
    kept = [0]
    yield from _forward(kept, last=steps - 1, snapshots=snapshots)
    yield Move(steps - 1, steps, tuple(kept))
    for last in reversed(range(steps)):
        yield from _forward(kept, last=last, snapshots=snapshots)
        yield Move(last, last, tuple(kept))
        if kept[-1] == last:
            kept.pop()


def _forward(kept: list[int], *, last: int, snapshots: int) -> Iterator[Move]:
    at = kept[-1]
    while at < last:
        free = snapshots - len(kept)
        stop = at + steps_to_next_snapshot(last + 1 - at, snapshots=free + 1)
        yield Move(at, stop, tuple(kept))
        at = stop
        if free:
            kept.append(at)
