"""Train on the digits with Euler and with RK4, then run the networks in other discrete forms.

    python examples/digits_manifestations.py --output docs

Trains the same network with the same seeds in both schemes; the convergence test re-manifests each
with other schemes and steps and measures the error rate on test images. Writes CSV tables below
OUTPUT/results and the figure below OUTPUT/pictures; takes some minutes on one CPU core.
"""

import argparse
import itertools
import logging
import statistics
import time
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
import train_images
from torch import Tensor, nn

import odegraph as og
from odegraph.diagnostics import ErrorCurve, convergence_test, error_rate, plot_reports

TRAINED = ("euler", "rk4-classic")
SCHEMES = ("euler", "midpoint", "rk4-classic", "rk4-38")
ELEMENTS = 6
SWEEP = (1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 18, 24)
MANIFESTATIONS = (("euler", 6), ("rk4-classic", 6), ("rk4-38", 6), ("rk4-38", 2), ("rk4-38", 1))


def parser() -> argparse.ArgumentParser:
    words = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    words.add_argument("--output", type=Path, default=Path("demo-output"))
    words.add_argument("--epochs", type=int, default=20)
    words.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    words.add_argument("--channels", type=int, nargs="+", default=[16, 32])
    return words


def train(scheme: str, seed: int, options: argparse.Namespace) -> tuple[nn.Module, dict[str, Any]]:
    arguments = ["--scheme", scheme, "--seed", str(seed), "--elements", str(ELEMENTS), "--quiet"]
    arguments += ["--epochs", str(options.epochs), "--channels", *map(str, options.channels)]
    arguments += ["--output", str(options.output / "runs" / f"{scheme}-{seed}")]
    chosen = train_images.parser().parse_args(arguments)
    result = train_images.train(chosen)
    model = train_images.make_model(train_images.load_data(chosen), chosen)
    return og.load(chosen.output / "model.safetensors", model=model).eval(), result


def mean_report(reports: Sequence[Any]) -> Any:
    """The report of the mean error over seeds."""
    curves = [
        ErrorCurve(
            same[0].scheme,
            same[0].order,
            same[0].step_sizes,
            tuple(
                statistics.fmean(errors) for errors in zip(*(c.errors for c in same), strict=True)
            ),
        )
        for same in zip(*(report.curves for report in reports), strict=True)
    ]
    first = reports[0]
    return type(first)(
        first.trained_with, first.training_step, tuple(curves), measure=first.measure
    )


def manifestation_rows(
    trained: str, models: Sequence[nn.Module], pixels: Tensor, labels: Tensor
) -> list[dict[str, Any]]:
    rows = []
    for scheme, steps in MANIFESTATIONS:
        forms = [og.manifest(model, scheme=scheme, steps=steps).eval() for model in models]
        accuracies = [1 - float(error_rate(form(pixels), labels)) for form in forms]
        blocks = [m for m in forms[0].modules() if isinstance(m, og.OdeBlock)]
        rows.append(
            {
                "trained with": trained,
                "manifestation": scheme,
                "steps": steps,
                "unit evaluations a block": blocks[0].evaluations,
                "accuracy mean": round(statistics.fmean(accuracies), 4),
                "accuracy min": round(min(accuracies), 4),
                "accuracy max": round(max(accuracies), 4),
                "ms for all test images": round(min(seconds(f, pixels) for f in forms) * 1e3, 1),
            }
        )
    return rows


def seconds(model: nn.Module, pixels: Tensor) -> float:
    best = float("inf")
    for _ in range(3):
        start = time.perf_counter()
        model(pixels)
        best = min(best, time.perf_counter() - start)
    return best


def convergence_rows(seed: int, report: Any) -> list[dict[str, Any]]:
    return [
        {
            "trained with": report.trained_with,
            "seed": seed,
            "scheme": curve.scheme,
            "steps": round(1 / size),
            "test error rate": round(error, 5),
        }
        for curve in report.curves
        for size, error in zip(curve.step_sizes, curve.errors, strict=True)
    ]


@torch.no_grad()
def examine(scheme: str, options: argparse.Namespace) -> tuple[Any, list, list, list]:
    """Train one network a seed and measure all of them."""
    models, reports, runs, curves = [], [], [], []
    data = train_images.digits(seed=0)
    pixels, labels = data.test[:]
    for seed in options.seeds:
        with torch.enable_grad():
            model, result = train(scheme, seed, options)
        report = convergence_test(
            model, pixels, labels, steps=SWEEP, schemes=SCHEMES, error=error_rate,
            measure="error rate on test images",
        )  # fmt: skip
        models.append(model)
        reports.append(report)
        runs.append(result)
        curves += convergence_rows(seed, report)
        print(f"{scheme}, seed {seed}: test accuracy {result['test accuracy']:.4f}")
    return mean_report(reports), runs, curves, manifestation_rows(scheme, models, pixels, labels)


def main(argv: Sequence[str] | None = None) -> int:
    options = parser().parse_args(argv)
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    warnings.simplefilter("ignore")  # Lightning's on workers; order loss at jumps is wanted here
    reports, *tables = zip(*(examine(one, options) for one in TRAINED), strict=True)
    for name, parts in zip(("training", "convergence", "manifestations"), tables, strict=True):
        rows = list(itertools.chain.from_iterable(parts))
        train_images.write_table(options.output / "results" / f"digits_{name}.csv", rows)
    plot_reports(reports, options.output / "pictures" / "digits-convergence.svg")
    for report in reports:
        print(f"trained with {report.trained_with}: dip {report.dip:.2f}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
