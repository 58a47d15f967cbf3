"""Try a trained model in many discrete forms, and choose the best that a budget allows."""

import math
import statistics
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from rich.console import Console
from rich.table import Table
from torch import Tensor, nn

from odegraph._errors import GraphError
from odegraph._exact import shorten
from odegraph.basis import Basis
from odegraph.block import manifest, project
from odegraph.block.transform import Model, named_blocks
from odegraph.diagnostics.drift import evaluating
from odegraph.draw.pareto_front import Candidate, draw_pareto_front, front
from odegraph.ir import OrderLossWarning
from odegraph.scheme import Scheme, load_scheme

SCHEMES = ("euler", "midpoint", "rk4-38", "rk4-classic")
PARTS = (2, 3, 4)  # by which the steps are reduced
REPEATS = 5

Metric = Callable[[nn.Module], float]


@dataclass(frozen=True)
class ManifestationResult:
    """One discrete form of a model, and what it is worth.

    Attributes:
        scheme: of every block.
        steps: of every block.
        basis: that theta(t) was projected to; None where it was kept.
        metric: the larger, the better.
        evaluations: of the unit, in one pass through all blocks.
        milliseconds: of one pass over the inputs given, or of one call of the metric.
    """

    scheme: Scheme
    steps: int
    basis: Basis | None
    metric: float
    evaluations: int
    milliseconds: float

    @property
    def label(self) -> str:
        """Scheme, steps and basis in a few words."""
        basis = "" if self.basis is None else f", {self.basis!r}"
        return f"{self.scheme.name}, {self.steps} steps{basis}"

    def of(self, model: Model) -> Model:
        """The model in this form."""
        return _remanifested(_on(self.basis, model), self.scheme, self.steps)


@dataclass(frozen=True)
class ManifestationSearch:
    """All forms that were tried, by rising cost."""

    rows: tuple[ManifestationResult, ...]

    @property
    def front(self) -> tuple[ManifestationResult, ...]:
        """The forms that no other beats in both metric and unit evaluations."""
        costs = [float(row.evaluations) for row in self.rows]
        return tuple(self.rows[i] for i in front(costs, [row.metric for row in self.rows]))

    def best(self, budget: int) -> ManifestationResult:
        """The best metric within a budget of unit evaluations; of equals the cheapest.

        Raises:
            GraphError: nothing is that cheap.
        """
        affordable = [row for row in self.rows if row.evaluations <= budget]
        if not affordable:
            cheapest = min(row.evaluations for row in self.rows)
            raise GraphError(
                f"The budget is `{shorten(budget)}` unit evaluations, but the cheapest form that "
                f"was tried takes {cheapest}. Raise the budget, or try fewer steps."
            )
        return max(affordable, key=lambda r: (r.metric, -r.evaluations, -r.milliseconds))

    def table(self, *, chosen: ManifestationResult | None = None) -> Table:
        """The forms of the front, with the chosen one marked."""
        table = Table(box=None, padding=(0, 2, 0, 0))
        for column in ("", "scheme", "steps", "basis", "metric", "unit evaluations", "ms"):
            table.add_column(column)
        best = self.front
        shown = best if chosen is None or chosen in best else (*best, chosen)
        for row in shown:
            mark = ">" if row is chosen else ""
            basis = "as it was" if row.basis is None else repr(row.basis)
            numbers = (f"{row.metric:.4g}", str(row.evaluations), f"{row.milliseconds:.1f}")
            table.add_row(mark, row.scheme.name, str(row.steps), basis, *numbers)
        return table

    def plot(self, path: str | Path, *, chosen: ManifestationResult | None = None) -> Path:
        """Metric against unit evaluations and against milliseconds."""
        candidates = [
            Candidate(
                row.label,
                row.scheme.name,
                {"unit evaluations": float(row.evaluations), "milliseconds": row.milliseconds},
                row.metric,
                is_chosen=row is chosen,
            )
            for row in self.rows
        ]
        return draw_pareto_front(candidates, path)


def search_manifestations(
    model: Model,
    metric: Metric,
    budget: int,
    *,
    schemes: Sequence[Scheme | str] = SCHEMES,
    steps: Sequence[int] | None = None,
    bases: Sequence[Basis | None] = (None,),
    inputs: Tensor | None = None,
    plot: str | Path | None = None,
    console: Console | None = None,
) -> Model:
    """The best discrete form of a trained model within a budget; nothing is trained.

    Prints the Pareto front, and plots it where a path is given. See `try_manifestations`.

    Raises:
        GraphError: see `try_manifestations`; a budget below everything that was tried.
    """
    found = try_manifestations(
        model, metric, schemes=schemes, steps=steps, bases=bases, inputs=inputs
    )
    chosen = found.best(budget)
    (console or Console()).print(found.table(chosen=chosen))
    if plot is not None:
        found.plot(plot, chosen=chosen)
    return chosen.of(model)


def try_manifestations(
    model: nn.Module,
    metric: Metric,
    *,
    schemes: Sequence[Scheme | str] = SCHEMES,
    steps: Sequence[int] | None = None,
    bases: Sequence[Basis | None] = (None,),
    inputs: Tensor | None = None,
) -> ManifestationSearch:
    """Measure a model in every scheme, with every number of steps, on every basis.

    Args:
        model: a trained block, or a model that contains blocks.
        metric: from a model in evaluation mode to a number, the larger the better, such as the
            accuracy on validation images.
        schemes: what to try; the scheme that the model has is added.
        steps: of every block; by default those it has, and a half, a third and a quarter of them.
        bases: what to project theta(t) to; None keeps it as it is.
        inputs: a batch to measure the time on; by default a call of the metric is timed.

    Raises:
        GraphError: no blocks, nothing to try, or a metric that is no number.
    """
    block = next(iter(named_blocks(model).values()))
    own = block.manifestation.scheme
    known = {s.name: s for s in (load_scheme(s) if isinstance(s, str) else s for s in schemes)}
    counts = _default_steps(block.manifestation.steps) if steps is None else sorted(set(steps))
    rows = [
        _measured(_remanifested(base, scheme, count), scheme, count, basis, metric, inputs)
        for basis, base in ((basis, _on(basis, model)) for basis in bases)
        for scheme in {own.name: own, **known}.values()
        for count in counts
    ]
    if not rows:
        raise GraphError(
            "There is nothing to search: give at least one number of `steps` and one of `bases` "
            "(None keeps the basis)."
        )
    return ManifestationSearch(tuple(sorted(rows, key=lambda r: (r.evaluations, -r.metric))))


def _default_steps(steps: int) -> list[int]:
    return sorted({steps, *(math.ceil(steps / part) for part in PARTS)})


def _on(basis: Basis | None, model: Model) -> Model:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", OrderLossWarning)
        return model if basis is None else project(model, basis=basis)


def _remanifested(model: Model, scheme: Scheme, steps: int) -> Model:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", OrderLossWarning)  # the metric says what it costs
        return manifest(model, scheme=scheme, steps=steps)


def _measured(
    model: nn.Module,
    scheme: Scheme,
    steps: int,
    basis: Basis | None,
    metric: Metric,
    inputs: Tensor | None,
) -> ManifestationResult:
    with torch.no_grad(), evaluating(model):
        start = time.perf_counter()
        value = _number(metric(model))
        seconds = time.perf_counter() - start
        if inputs is not None:
            seconds = _seconds(model, inputs)
    evaluations = sum(block.evaluations for block in named_blocks(model).values())
    return ManifestationResult(scheme, steps, basis, value, evaluations, 1e3 * seconds)


def _number(value: object) -> float:
    try:
        number = float(value)  # pyright: ignore[reportArgumentType]
    except (TypeError, ValueError, RuntimeError) as error:
        raise GraphError(
            f"The metric gave `{shorten(value)}`, a {type(value).__name__}; it must give one "
            "number for a model, the larger the better."
        ) from error
    return -math.inf if math.isnan(number) else number


def _seconds(model: nn.Module, inputs: Tensor) -> float:
    """The median of a few passes, after one to warm up."""
    model(inputs)
    times = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        model(inputs)
        if inputs.is_cuda:
            torch.cuda.synchronize()
        times.append(time.perf_counter() - start)
    return statistics.median(times)
