"""The convergence test: errors of one trained unit in every scheme over a sweep of step sizes."""

import csv
import io
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from rich.console import Group
from rich.table import Table

from odegraph._errors import OdegraphError
from odegraph.diagnostics.error_curve import ErrorCurve
from odegraph.diagnostics.verdict import Criteria, Verdict, common_limit, judge, measured_slopes
from odegraph.draw.convergence import Line, Panel, draw_convergence
from odegraph.draw.output import write_whole


def measure_curves(
    error_of: Callable[[str, int], float],
    *,
    orders: Mapping[str, int | None],
    steps: Sequence[int],
    span: float = 1.0,
) -> tuple[ErrorCurve, ...]:
    """The error of every scheme in `orders` (name -> proven order) at every number of steps.

    `error_of(scheme, steps)` is a distance to the truth at the end of the span, or any other
    measure that should not change once the steps are small, such as an error rate; a result that
    is not a number counts as infinite. The step size is span / steps.
    """
    if not steps or min(steps) < 1:
        raise OdegraphError(
            f"A sweep of `{list(steps)}` steps; name numbers of steps from 1 upwards."
        )
    counts = sorted(set(steps))
    sizes = tuple(span / count for count in counts)
    return tuple(
        ErrorCurve(scheme, order, sizes, tuple(_number(error_of(scheme, n)) for n in counts))
        for scheme, order in orders.items()
    )


@dataclass(frozen=True)
class ConvergenceReport:
    """Error curves of a unit that was trained in one scheme with one step, and what they prove.

    `exact` holds the curves of the exact right-hand side where it is known; `measure` names what
    the errors are, with the unit.
    """

    trained_with: str
    training_step: float
    curves: tuple[ErrorCurve, ...]
    exact: tuple[ErrorCurve, ...] = ()
    measure: str = "error"
    criteria: Criteria = field(default_factory=Criteria)

    def __post_init__(self) -> None:
        if self.trained_with not in {curve.scheme for curve in self.curves}:
            known = ", ".join(curve.scheme for curve in self.curves) or "none"
            raise OdegraphError(
                f"The model was trained with `{self.trained_with}`, but the sweep has {known}. "
                "Add the training scheme to the sweep."
            )
        if math.isnan(self.trained.at(self.training_step)):
            raise OdegraphError(
                f"The training step `{self.training_step}` lies outside of the sweep of "
                f"`{self.trained_with}`. Add coarser and finer steps."
            )

    @property
    def trained(self) -> ErrorCurve:
        """The curve of the scheme that the unit was trained in."""
        return next(curve for curve in self.curves if curve.scheme == self.trained_with)

    @cached_property
    def verdict(self) -> Verdict:
        """Properties A, B and C."""
        return judge(
            self.curves,
            trained=self.trained,
            training_step=self.training_step,
            exact=self.exact,
            criteria=self.criteria,
        )

    @property
    def dip(self) -> float:
        """e(dt / 2) / e(dt) in the training scheme; far above one where the unit fits dt alone."""
        error = self.trained.at(self.training_step)
        return self.trained.at(self.training_step / 2) / error if error else math.inf

    @property
    def limit(self) -> float:
        """The error as the step goes to 0, from the scheme that is closest to its limit."""
        return common_limit(self.curves)

    @property
    def table(self) -> list[dict[str, Any]]:
        """One row a scheme: errors at the training step, half of it and the finest; the slope."""
        slopes = measured_slopes(self.curves, exact=self.exact, criteria=self.criteria)
        step = self.training_step
        return [
            {
                "trained_with": self.trained_with,
                "scheme": curve.scheme,
                "order": curve.order,
                "error": curve.at(step),
                "error_halved": curve.at(step / 2),
                "error_finest": curve.errors[-1],
                "slope": slopes.get(curve.scheme),
            }
            for curve in self.curves
        ]

    def plot(self, path: str | Path) -> Path:
        """Draw error against step size; `plot_reports` draws several models side by side."""
        return plot_reports([self], path)

    def to_csv(self, path: str | Path) -> Path:
        """Write every measured error, one a line."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(
            ["trained_with", "right_hand_side", "scheme", "order", "step_size", "error"]
        )
        for side, curves in (("learned", self.curves), ("exact", self.exact)):
            for curve in curves:
                for h, error in zip(curve.step_sizes, curve.errors, strict=True):
                    order = "" if curve.order is None else curve.order
                    writer.writerow([self.trained_with, side, curve.scheme, order, h, error])
        return write_whole(path, text.getvalue().encode())

    def to_dict(self) -> dict[str, Any]:
        """Everything as data for JSON; errors that are not finite become null."""
        return {
            "trained_with": self.trained_with,
            "training_step": self.training_step,
            "measure": self.measure,
            "dip": _json(self.dip),
            "limit": _json(self.limit),
            "continuous": self.verdict.continuous,
            "verdict": str(self.verdict),
            "findings": [asdict(finding) for finding in self.verdict.findings],
            "table": [{key: _json(value) for key, value in row.items()} for row in self.table],
            "curves": [_curve_dict(curve) for curve in self.curves],
            "exact": [_curve_dict(curve) for curve in self.exact],
        }

    def __rich__(self) -> Group:
        step = f"{self.training_step:g}"
        title = f"Trained in {self.trained_with}, dt = {step}; e = {self.measure}"
        table = Table(title=title, title_justify="left")
        table.add_column("in scheme", no_wrap=True)
        for heading in ("order", "e(dt)", "e(dt/2)", "e(finest)", "slope"):
            table.add_column(heading, justify="right")
        for row in self.table:
            errors = (_short(row[key]) for key in ("error", "error_halved", "error_finest"))
            slope = "" if row["slope"] is None else f"{row['slope']:.2f}"
            order = "" if row["order"] is None else str(row["order"])
            table.add_row(row["scheme"], order, *errors, slope)
        return Group(table, str(self.verdict))


def summary_table(reports: Sequence[ConvergenceReport]) -> Table:
    """One row a trained model, for the terminal."""
    title = f"Convergence test; e = {reports[0].measure}, dip = e(dt/2) / e(dt)"
    table = Table(title=title, title_justify="left")
    table.add_column("trained in", no_wrap=True)
    for heading in ("dt", "e(dt)", "e(dt/2)", "e(dt→0)", "dip", "continuous"):
        table.add_column(heading, justify="right", no_wrap=True)
    for report in reports:
        step = report.training_step
        errors = (report.trained.at(step), report.trained.at(step / 2), report.limit)
        answer = "[green]yes[/green]" if report.verdict.continuous else "[red]no[/red]"
        row = (f"{step:g}", *map(_short, errors), _plain(report.dip), answer)
        table.add_row(report.trained_with, *row)
    return table


def crossing_table(reports: Sequence[ConvergenceReport]) -> Table:
    """Every trained model in every scheme: the error at the training step and as the step vanishes.

    One row a trained model, one column a scheme.
    """
    title = "Trained in (rows), run in (columns): e(dt), e(finest)"
    table = Table(title=title, title_justify="left")
    table.add_column("trained in", no_wrap=True)
    for curve in reports[0].curves:
        table.add_column(curve.scheme, justify="right", no_wrap=True)
    for report in reports:
        cells = (f"{_short(row['error'])}, {_short(row['error_finest'])}" for row in report.table)
        table.add_row(report.trained_with, *cells)
    return table


def plot_reports(
    reports: Sequence[ConvergenceReport], path: str | Path, *, step_label: str = "step size"
) -> Path:
    """Draw one panel a report, side by side on common axes."""
    panels = [
        Panel(
            title=f"Trained in {report.trained_with}",
            subtitle=f"dip {_plain(report.dip)}: {_answer(report.verdict)}",
            lines=[_line(curve) for curve in report.curves],
            exact=[_line(curve) for curve in report.exact],
            training_step=report.training_step,
        )
        for report in reports
    ]
    return draw_convergence(panels, path, step_label=step_label, error_label=reports[0].measure)


def _answer(verdict: Verdict) -> str:
    return str(verdict).partition(":")[0].lower()


def _line(curve: ErrorCurve) -> Line:
    return Line(curve.scheme, curve.step_sizes, curve.errors)


def _curve_dict(curve: ErrorCurve) -> dict[str, Any]:
    return {
        "scheme": curve.scheme,
        "order": curve.order,
        "step_sizes": list(curve.step_sizes),
        "errors": [_json(error) for error in curve.errors],
    }


def _json(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _number(value: float) -> float:
    return math.inf if math.isnan(value) else float(value)


def _plain(value: float) -> str:
    return f"{value:.0f}" if value >= 10 else f"{value:.1f}"


def _short(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.1e}"
