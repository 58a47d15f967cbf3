import csv
import json
import math
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from odegraph._errors import OdegraphError
from odegraph.data.pendulum import Pendulum
from odegraph.diagnostics import (
    ConvergenceReport,
    Criteria,
    ErrorCurve,
    measure_curves,
    plot_reports,
    summary_table,
)

ORDERS = {"first": 1, "second": 2, "fourth": 4}
STEPS = tuple(5 * 2**k for k in range(10))
TRAINING_STEP = 0.05
SIZES = {"first": 3.0, "second": 8.0, "fourth": 200.0}


def learned(
    scheme: str, steps: int, *, trained_with: str, training_error: float, shift: float = 0.0
) -> float:
    """Errors of a unit that has absorbed the truncation error of its training scheme at dt.

    The end state is the truth + s C_s (h^p) e_1 - C_t dt^q e_1 + training_error e_2.
    """
    own = SIZES[scheme] * (1 / steps) ** ORDERS[scheme]
    absorbed = SIZES[trained_with] * TRAINING_STEP ** ORDERS[trained_with]
    return math.hypot(own - absorbed + shift, training_error)


def report(*, trained_with: str, training_error: float = 1e-4, **changes) -> ConvergenceReport:
    def error_of(scheme: str, steps: int) -> float:
        return learned(scheme, steps, trained_with=trained_with, training_error=training_error)

    curves = measure_curves(error_of, orders=ORDERS, steps=STEPS)
    return ConvergenceReport(trained_with, TRAINING_STEP, curves, **changes)


def test_a_unit_that_absorbed_its_schemes_error_is_not_continuous():
    result = report(trained_with="first")
    assert result.dip > 100
    assert not result.verdict.continuous
    assert str(result.verdict).startswith("Not continuous: a step of ")
    assert "from 1.0e-04 to" in str(result.verdict)


def test_a_unit_trained_in_an_accurate_scheme_is_continuous():
    result = report(trained_with="fourth", training_error=1e-3)
    assert result.dip < 5
    assert result.verdict.continuous, str(result.verdict)
    assert str(result.verdict).startswith("Continuous: ")
    assert [finding.name for finding in result.verdict.findings] == ["A", "B", "C"]


@given(
    trained_with=st.sampled_from(sorted(ORDERS)),
    log_error=st.floats(-6, -1),
    names=st.permutations(["euler", "rk4-classic", "x"]),
)
def test_the_verdict_follows_the_numbers_whatever_the_names(trained_with, log_error, names):
    training_error = 10**log_error
    absorbed = SIZES[trained_with] * TRAINING_STEP ** ORDERS[trained_with]
    dip = math.hypot(absorbed, training_error) / training_error
    result = report(trained_with=trained_with, training_error=training_error)
    renamed = dict(zip(ORDERS, names, strict=True))
    curves = tuple(replace(curve, scheme=renamed[curve.scheme]) for curve in result.curves)
    other = replace(result, trained_with=renamed[trained_with], curves=curves)
    assert other.verdict.continuous == result.verdict.continuous
    if dip > 11:
        assert result.verdict.findings[0].holds is False
    if dip < 9:
        assert result.verdict.findings[0].holds is True


@pytest.mark.parametrize("limit", [0.0, 1e-6, 1e-3, 1.0])
def test_slopes_are_the_orders_above_the_plateau_and_on_it(limit: float):
    def error_of(scheme: str, steps: int) -> float:
        return limit + SIZES[scheme] * (1 / steps) ** ORDERS[scheme]

    result = ConvergenceReport(
        "fourth", TRAINING_STEP, measure_curves(error_of, orders=ORDERS, steps=STEPS)
    )
    assert result.limit == pytest.approx(limit, rel=1e-6, abs=1e-9)
    for row in result.table:
        assert row["slope"] == pytest.approx(row["order"], abs=0.25)


def test_slopes_of_the_exact_pendulum_are_the_orders():
    pendulum = Pendulum()
    target = pendulum.state(2.0)

    def euler(x, h):
        return x + h * pendulum.rate(x)

    def midpoint(x, h):
        return x + h * pendulum.rate(x + h / 2 * pendulum.rate(x))

    schemes = {"euler": euler, "midpoint": midpoint}

    def error_of(scheme: str, steps: int) -> float:
        x = pendulum.state(0.0)
        for _ in range(steps):
            x = schemes[scheme](x, 2.0 / steps)
        return float(np.linalg.norm(x - target))

    curves = measure_curves(
        error_of, orders={"euler": 1, "midpoint": 2}, steps=[20, 40, 160, 320, 640, 1280], span=2.0
    )
    result = ConvergenceReport("midpoint", 0.1, curves, exact=curves)
    assert [row["slope"] for row in result.table] == pytest.approx([1, 2], abs=0.3)
    assert result.verdict.continuous


def test_a_wrong_rate_is_found():
    curves = measure_curves(lambda _, steps: 1e-3 + steps**-2.0, orders={"fourth": 4}, steps=STEPS)
    verdict = ConvergenceReport("fourth", TRAINING_STEP, curves).verdict
    assert verdict.findings[1].holds is False
    assert re.search(r"the slopes are fourth 2\.\d \(order 4\) \(B\)", str(verdict))


def test_schemes_with_limits_of_their_own_are_found():
    limits = {"first": 1e-2, "fourth": 1e-4}
    curves = measure_curves(
        lambda scheme, steps: limits[scheme] + steps**-4.0,
        orders={"first": 1, "fourth": 4},
        steps=STEPS,
    )
    finding = ConvergenceReport("fourth", TRAINING_STEP, curves).verdict.findings[2]
    assert finding.holds is False
    assert "the schemes approach different errors: first 1.0e-02, fourth 1.0e-04" in finding.detail


def test_a_scheme_that_blows_up_has_no_limit():
    curves = measure_curves(
        lambda _, steps: math.nan if steps > 100 else 1.0 / steps, orders=ORDERS, steps=STEPS
    )
    verdict = ConvergenceReport("first", TRAINING_STEP, curves).verdict
    assert verdict.findings[0].holds is False
    assert verdict.findings[2].detail == "`first` has no limit as the step goes to 0"


def test_a_sweep_without_finer_steps_decides_nothing():
    curves = measure_curves(lambda _, steps: 1.0 / steps, orders={"first": 1}, steps=[5, 10, 20])
    verdict = ConvergenceReport("first", TRAINING_STEP, curves).verdict
    assert not verdict.continuous
    assert str(verdict).startswith(
        "Not decided: the sweep has no step finer than the training step"
    )
    assert verdict.reasons[0].startswith("A cannot be measured: ")


def test_error_rates_have_no_order():
    """Classification error: the same test without rates, up to the standard error of the rate."""

    def rate(scheme: str, steps: int) -> float:
        return 0.07 if scheme == "good" or steps == 20 else 0.3

    curves = measure_curves(rate, orders={"good": None, "bad": None}, steps=STEPS)
    good = ConvergenceReport(
        "good", TRAINING_STEP, curves[:1], criteria=Criteria(dip=1.2, resolution=0.01)
    )
    assert [finding.name for finding in good.verdict.findings] == ["A", "C"]
    assert good.verdict.continuous
    assert not replace(good, trained_with="bad", curves=curves).verdict.continuous


def test_bad_input_is_refused():
    with pytest.raises(OdegraphError, match=r"curve of `x` has 2 step sizes and 1 errors"):
        ErrorCurve("x", 1, (1.0, 0.5), (1.0,))
    with pytest.raises(OdegraphError, match=r"sizes of `x` are not positive and falling; sort"):
        ErrorCurve("x", 1, (0.5, 1.0), (1.0, 1.0))
    with pytest.raises(OdegraphError, match=r"errors of `x` must be non-negative numbers; .*`inf`"):
        ErrorCurve("x", 1, (1.0, 0.5), (1.0, -1.0))
    with pytest.raises(OdegraphError, match=r"sweep of `\[0, 2\]` steps; .* from 1 upwards"):
        measure_curves(lambda *_: 0.0, orders=ORDERS, steps=[0, 2])
    with pytest.raises(OdegraphError, match=r"trained with `euler`, but the sweep has first, "):
        replace(report(trained_with="first"), trained_with="euler")
    with pytest.raises(OdegraphError, match=r"step `7.0` lies outside of the sweep of `first`"):
        replace(report(trained_with="first"), training_step=7.0)


def test_table_csv_and_json_hold_the_measured_numbers(tmp_path: Path):
    result = report(trained_with="fourth")
    result.to_csv(tmp_path / "errors.csv")
    lines = (tmp_path / "errors.csv").read_text(encoding="utf-8").splitlines()
    rows = list(csv.DictReader(lines))
    assert len(rows) == len(ORDERS) * len(STEPS)
    expected = [error for curve in result.curves for error in curve.errors]
    assert [float(row["error"]) for row in rows] == expected
    data = json.loads(json.dumps(result.to_dict(), allow_nan=False))
    assert data["continuous"] is result.verdict.continuous
    assert data["table"][0]["error"] == result.curves[0].at(TRAINING_STEP)


def test_reports_print_within_eighty_columns():
    console = Console(width=80)
    reports = [report(trained_with=name) for name in ORDERS]
    with console.capture() as capture:
        console.print(summary_table(reports), *reports)
    text = capture.get()
    assert "…" not in text
    assert all(name in text for name in ORDERS)


@pytest.mark.parametrize("suffix", ["svg", "png", "pdf"])
def test_same_reports_same_bytes(tmp_path: Path, suffix: str):
    reports = [report(trained_with="first"), report(trained_with="fourth")]
    plot_reports(reports, tmp_path / f"a.{suffix}")
    plot_reports(reports, tmp_path / f"b.{suffix}")
    assert (tmp_path / f"a.{suffix}").read_bytes() == (tmp_path / f"b.{suffix}").read_bytes()
    reports[0].plot(tmp_path / f"one.{suffix}")
    assert (tmp_path / f"one.{suffix}").stat().st_size > 0
