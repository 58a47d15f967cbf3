"""One line of the table: what was measured in several turns, beside what, and the goal."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, final


class Goal(Protocol):
    """What a number should be, and which of two numbers is the better one."""

    def compare(self, ours: float, theirs: float) -> float:
        """Ours beside theirs, so that the goal speaks of it."""
        ...

    def is_met(self, value: float) -> bool | None:
        """Nothing where there is nothing to meet."""
        ...

    def loss(self, now: float, before: float) -> float:
        """Above one if it became worse."""
        ...

    @property
    def measure(self) -> str:
        """What a comparison gives."""
        ...


@final
@dataclass(frozen=True)
class AtMost:
    """Ours in parts of theirs, or a number alone, is to be small; without a limit, to know it."""

    limit: float | None = None

    @property
    def measure(self) -> str:
        """Ours in parts of theirs."""
        return "of theirs"

    def compare(self, ours: float, theirs: float) -> float:
        """Ours / theirs."""
        return ours / theirs

    def is_met(self, value: float) -> bool | None:
        """Whether it is that small."""
        return None if self.limit is None else value <= self.limit

    def loss(self, now: float, before: float) -> float:
        """How many times as large."""
        return now / before

    def __str__(self) -> str:
        return "" if self.limit is None else f"at most {self.limit:g}"


@final
@dataclass(frozen=True)
class AtLeast:
    """Theirs in parts of ours is to be great; without a limit, to know it."""

    limit: float | None = None

    @property
    def measure(self) -> str:
        """How many times as long they take."""
        return "times faster"

    def compare(self, ours: float, theirs: float) -> float:
        """Theirs / ours."""
        return theirs / ours

    def is_met(self, value: float) -> bool | None:
        """Whether it is that great."""
        return None if self.limit is None else value >= self.limit

    def loss(self, now: float, before: float) -> float:
        """How many times as great it was."""
        return before / now

    def __str__(self) -> str:
        return "" if self.limit is None else f"at least {self.limit:g}"


ANY = AtMost()
VERDICTS = {True: "yes", False: "no", None: ""}


@final
@dataclass(frozen=True)
class Row:
    """Measurements of one case.

    Attributes:
        case: what was done.
        ours: one number a turn; empty if it could not be measured here.
        theirs: the same of what it is compared with, in the same turns; else nothing.
        unit: of the numbers.
        goal: of their comparison, or of the numbers where there is nothing to compare with.
        note: why a goal is missed, or why nothing was measured.
    """

    case: str
    ours: Sequence[float]
    theirs: Sequence[float] = ()
    unit: str = "ms"
    goal: Goal = ANY
    note: str = ""

    @property
    def measure(self) -> str:
        """The unit of median and least."""
        return self.goal.measure if self.theirs else self.unit

    @property
    def median(self) -> float:
        """Of the numbers; with a comparison, that of the medians."""
        ours = statistics.median(self.ours)
        return self.goal.compare(ours, statistics.median(self.theirs)) if self.theirs else ours

    @property
    def least(self) -> float:
        """The least number, which other work disturbed least; or the comparison of the least."""
        ours = min(self.ours)
        return self.goal.compare(ours, min(self.theirs)) if self.theirs else ours

    @property
    def is_met(self) -> bool | None:
        """Whether the median reaches the goal; nothing where there is none, or no number."""
        return self.goal.is_met(self.median) if self.ours else None

    @property
    def numbers(self) -> tuple[float | str, ...]:
        """Median, least, ours, theirs; empty texts where there is nothing to compare with."""
        theirs = statistics.median(self.theirs) if self.theirs else ""
        ours = statistics.median(self.ours) if self.theirs else ""
        return self.median, self.least, ours, theirs

    @property
    def cells(self) -> tuple[str, ...]:
        """Case, ours, theirs, median, least, goal, whether it is met."""
        goal = f"{self.goal}" if self.theirs or not f"{self.goal}" else f"{self.goal} {self.unit}"
        if not self.ours:
            return self.case, "", "", "not measured", "", goal, ""
        ours = _number(statistics.median(self.ours), self.unit) if self.theirs else ""
        theirs = _number(statistics.median(self.theirs), self.unit) if self.theirs else ""
        shown = [_number(value, self.measure) for value in (self.median, self.least)]
        return self.case, ours, theirs, *shown, goal, VERDICTS[self.is_met]


HEADINGS = ("case", "ours", "theirs", "median", "least", "goal", "met")


def _number(value: float, unit: str) -> str:
    digits = f"{value:.3g}" if abs(value) < 1000 else f"{value:.0f}"
    return f"{digits} {unit}"
