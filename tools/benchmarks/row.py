"""One line of the table: what was measured in several runs, beside its goal."""

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """Measurements of one case.

    Attributes:
        case: what was done.
        values: one number a run.
        unit: of the numbers.
        goal: what the number should be at most, or nothing.
    """

    case: str
    values: Sequence[float]
    unit: str = "s"
    goal: str = ""

    @property
    def cells(self) -> tuple[str, str, str, str]:
        """Case, median, least, goal."""
        middle, least = statistics.median(self.values), min(self.values)
        return self.case, f"{middle:.4g} {self.unit}", f"{least:.4g} {self.unit}", self.goal


def timed(work: Callable[[], object]) -> float:
    """Seconds on the clock."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def processor_seconds(work: Callable[[], object]) -> float:
    """Seconds of the processor, which other work on the machine changes less."""
    start = time.process_time()
    work()
    return time.process_time() - start


def extra_percent(ours: Callable[[], object], theirs: Callable[[], object], *, pairs: int) -> float:
    """By how much the one takes longer than the other: their least times, measured in turns."""
    ours(), theirs()  # what is done once is not measured
    measured = [(processor_seconds(ours), processor_seconds(theirs)) for _ in range(pairs)]
    mine, other = (min(one) for one in zip(*measured, strict=True))
    return 100 * (mine / other - 1)


def least_in_turns(work: Mapping[str, Callable[[], object]], *, rounds: int) -> dict[str, float]:
    """The least processor seconds of each, in turns: other work disturbs all alike."""
    for one in work.values():
        one()  # what is done once is not measured
    measured = [{name: processor_seconds(one) for name, one in work.items()} for _ in range(rounds)]
    return {name: min(times[name] for times in measured) for name in work}
