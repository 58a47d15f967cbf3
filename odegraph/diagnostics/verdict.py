"""Is a learned right-hand side continuous? Decided from errors alone, never from a scheme's name.

Let e_s(h) be the error at a fixed end time of scheme s with step h, all schemes running the same
trained unit, and dt the step at which it was trained. A continuous system has three properties
(Queiruga, Erichson, Taylor and Mahoney, Continuous-in-Depth Neural Networks, 2020):

    A   refinement: e does not rise when h falls below dt
    B   rate: e_s(h) approaches its limit like h^p, with p the order of s
    C   common limit: all schemes approach the same e as h -> 0

The limit is the error of the learned system itself, the plateau of the curves. A fails for every
scheme whose own truncation error at dt exceeds the training error: the unit has learned to cancel
it, and is a discrete model of that one step.
"""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from odegraph.diagnostics.error_curve import ErrorCurve


@dataclass(frozen=True)
class Criteria:
    """Thresholds of the verdict.

    dip: how many times the error may exceed that at dt when the step is refined. One decade: a
        single end-point error at dt is a random draw around the training error, and units trained
        in a scheme that is accurate enough were seen between 0.5 and 10, others from 15 upwards.
    slope: how far a measured slope may be from the order.
    points: the slope is measured on so many of the smallest steps.
    plateau: this factor above the limit, or this part of it away, the rate is seen undisturbed.
    limit: factor within which limits are the same.
    resolution: errors are known to this only (the standard error of an error rate).
    """

    dip: float = 10.0
    slope: float = 0.4
    points: int = 4
    plateau: float = 8.0
    limit: float = 2.0
    resolution: float = 0.0


@dataclass(frozen=True)
class Finding:
    """One property: whether it holds (None where the sweep cannot tell), and the numbers."""

    name: str
    holds: bool | None
    detail: str


@dataclass(frozen=True)
class Verdict:
    """All findings; `continuous` if every one holds."""

    findings: tuple[Finding, ...]

    @property
    def continuous(self) -> bool:
        """Whether the model behaves as a continuous system."""
        return all(finding.holds for finding in self.findings)

    @property
    def reasons(self) -> tuple[str, ...]:
        """One line a property."""
        word = {True: "holds", False: "fails", None: "cannot be measured"}
        return tuple(f"{f.name} {word[f.holds]}: {f.detail}" for f in self.findings)

    def __str__(self) -> str:
        if self.continuous:
            return f"Continuous: {'; '.join(f.detail for f in self.findings)}."
        failed = [f for f in self.findings if f.holds is False]
        if failed:
            return f"Not continuous: {'; '.join(f'{f.detail} ({f.name})' for f in failed)}."
        unknown = [f for f in self.findings if f.holds is None]
        return f"Not decided: {'; '.join(f'{f.detail} ({f.name})' for f in unknown)}."


def judge(
    curves: Sequence[ErrorCurve],
    *,
    trained: ErrorCurve,
    training_step: float,
    exact: Sequence[ErrorCurve] = (),
    criteria: Criteria | None = None,
) -> Verdict:
    """Decide A, B (where orders are known) and C.

    `exact` holds the curves of the exact right-hand side, if it is known: a rate is then asked for
    only where the exact system shows it too.
    """
    criteria = criteria or Criteria()
    findings = [find_refinement(trained, training_step=training_step, criteria=criteria)]
    if any(curve.order is not None for curve in curves):
        findings.append(find_rates(curves, exact=exact, criteria=criteria))
    return Verdict((*findings, find_common_limit(curves, criteria=criteria)))


def find_refinement(curve: ErrorCurve, *, training_step: float, criteria: Criteria) -> Finding:
    """A: the error at finer steps against that at the training step."""
    at_training = curve.at(training_step)
    finer = [
        (error, h)
        for h, error in zip(curve.step_sizes, curve.errors, strict=True)
        if h < training_step * (1 - 1e-9)
    ]
    if math.isnan(at_training) or not finer:
        detail = f"the sweep has no step finer than the training step {training_step:.3g}"
        return Finding("A", None, detail)
    worst, h = max(finer)
    holds = worst <= criteria.dip * at_training + criteria.resolution
    change = f"a step of {h:.3g} instead of {training_step:.3g} takes the error"
    return Finding("A", holds, f"{change} from {at_training:.1e} to {worst:.1e}")


def find_rates(
    curves: Sequence[ErrorCurve], *, exact: Sequence[ErrorCurve], criteria: Criteria
) -> Finding:
    """B: measured slope against order, for every scheme whose approach to the limit is seen."""
    slopes = measured_slopes(curves, exact=exact, criteria=criteria)
    orders = {curve.scheme: curve.order for curve in curves if curve.scheme in slopes}
    if not slopes:
        return Finding("B", None, "no scheme is seen approaching its limit; add finer steps")
    holds = all(
        abs(slopes[name] - (order or 0)) <= criteria.slope for name, order in orders.items()
    )
    listed = ", ".join(f"{name} {slopes[name]:.1f} (order {p})" for name, p in orders.items())
    return Finding("B", holds, f"the slopes are {listed}")


def find_common_limit(curves: Sequence[ErrorCurve], *, criteria: Criteria) -> Finding:
    """C: intervals for e(0), from Richardson's estimate, have a point in common."""
    lowest, highest = 0.0, math.inf
    for curve in curves:
        last, reach = curve.errors[-1], 2 * curve.remainder
        if not math.isfinite(last + reach):
            return Finding(
                "C", holds=False, detail=f"`{curve.scheme}` has no limit as the step goes to 0"
            )
        lowest = max(lowest, (last - reach) / criteria.limit - criteria.resolution)
        highest = min(highest, (last + reach) * criteria.limit + criteria.resolution)
    if lowest <= highest:
        return Finding(
            "C", holds=True, detail=f"all schemes approach an error of {common_limit(curves):.1e}"
        )
    ends = ", ".join(f"{curve.scheme} {curve.errors[-1]:.1e}" for curve in curves)
    return Finding("C", holds=False, detail=f"the schemes approach different errors: {ends}")


def common_limit(curves: Sequence[ErrorCurve]) -> float:
    """The error as h -> 0, extrapolated from the scheme that is closest to it."""
    closest = _closest(curves)
    correction = closest.correction if math.isfinite(closest.correction) else 0.0
    return max(0.0, closest.errors[-1] + correction)


def measured_slopes(
    curves: Sequence[ErrorCurve], *, exact: Sequence[ErrorCurve], criteria: Criteria
) -> dict[str, float]:
    """The rate at which e(h) approaches e(0) at the smallest steps, by scheme.

    Errors add as vectors, so e - e(0) falls like h^p on the plateau, e itself far above it, and
    neither in between: the slope of log e or log |e - e(0)| over log h is taken in the finer of the
    two ranges that holds two steps. Left out are steps whose distance to the limit drowns in what
    is uncertain about it, and steps at which the exact system does not show its order either.
    """
    limit = common_limit(curves)
    floor = max(3 * _closest(curves).remainder, criteria.resolution)
    references = {curve.scheme: curve for curve in exact}
    slopes = {}
    for curve in curves:
        reference = references.get(curve.scheme)
        points = [
            (h, error)
            for h, error in zip(curve.step_sizes, curve.errors, strict=True)
            if math.isfinite(error) and abs(error - limit) > floor
            if reference is None or _shows_its_order(reference, h, criteria)
        ]
        slope = _slope(points, limit, criteria)
        if curve.order is not None and slope is not None:
            slopes[curve.scheme] = slope
    return slopes


def _slope(points: Sequence[tuple[float, float]], limit: float, criteria: Criteria) -> float | None:
    near = [(h, abs(e - limit)) for h, e in points if abs(e - limit) < limit / criteria.plateau]
    above = [(h, e) for h, e in points if e > limit * criteria.plateau]
    finest = _straight_end(near if len(near) > 1 else above, criteria)
    if len(finest) < 2:
        return None
    return float(np.polyfit(*zip(*finest, strict=True), deg=1)[0])


def _straight_end(
    points: Sequence[tuple[float, float]], criteria: Criteria
) -> list[tuple[float, float]]:
    # The smallest steps, as logarithms, as far as they lie on one straight line.
    logs = [(math.log(h), math.log(distance)) for h, distance in points][-criteria.points :]
    while len(logs) > 2:
        slopes = [(d1 - d0) / (h1 - h0) for (h0, d0), (h1, d1) in itertools.pairwise(logs)]
        if max(slopes) - min(slopes) <= criteria.slope:
            break
        logs = logs[1:]
    return logs


def _closest(curves: Sequence[ErrorCurve]) -> ErrorCurve:
    return min(curves, key=lambda curve: (curve.remainder, curve.errors[-1]))


def _shows_its_order(exact: ErrorCurve, step_size: float, criteria: Criteria) -> bool:
    # The slope between half and double of this step, as far as the sweep goes.
    finer = max(step_size / 2, exact.step_sizes[-1])
    coarser = min(step_size * 2, exact.step_sizes[0])
    errors = exact.at(coarser), exact.at(finer)
    if not all(math.isfinite(error) and error > 0 for error in errors):
        return False
    slope = math.log(errors[0] / errors[1]) / math.log(coarser / finer)
    return abs(slope - (exact.order or 0)) <= criteria.slope
