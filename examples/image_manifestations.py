"""Train on images with Euler and with RK4, then run the networks in other discrete forms.

    python examples/image_manifestations.py --output docs                       # digits
    python examples/image_manifestations.py --data path/to/folder --elements 2  # any images

Trains the same network with the same seeds in both schemes; the convergence test re-manifests each
with other schemes and steps and measures the error rate on test images. Writes CSV tables below
OUTPUT/results and the figure below OUTPUT/pictures; the digits take some minutes on one CPU core.
"""

import argparse
import csv
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
from odegraph.diagnostics import convergence_test, error_rate
from odegraph.draw import Line, Panel, draw_convergence

TRAINED = ("euler", "rk4-classic")
SCHEMES = ("euler", "midpoint", "rk4-classic", "rk4-38")


def parser() -> argparse.ArgumentParser:
    words = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    words.add_argument("--output", type=Path, default=Path("demo-output"))
    words.add_argument("--data", default="digits", help="digits, cifar10, or a folder of images")
    words.add_argument("--elements", type=int, default=6, help="of the basis of each block")
    words.add_argument("--epochs", type=int, default=20)
    words.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    words.add_argument("--channels", type=int, nargs="+", default=[16, 32])
    return words


def train(scheme: str, seed: int, options: argparse.Namespace) -> tuple[nn.Module, dict[str, Any]]:
    arguments = ["--scheme", scheme, "--seed", str(seed), "--data", options.data, "--quiet"]
    arguments += ["--elements", str(options.elements), "--epochs", str(options.epochs)]
    arguments += ["--channels", *map(str, options.channels)]
    arguments += ["--output", str(options.output / "runs" / f"{scheme}-{seed}")]
    chosen = train_images.parser().parse_args(arguments)
    result = train_images.train(chosen)
    model = train_images.make_model(train_images.load_data(chosen), chosen)
    return og.load(chosen.output / "model.safetensors", model=model).eval(), result


def sweep(elements: int) -> list[int]:
    """Numbers of steps: all up to one and a half times the elements, and multiples of them."""
    return sorted(
        {*range(1, elements + elements // 2 + 1), 2 * elements, 3 * elements, 4 * elements}
    )


def manifestations(elements: int) -> list[tuple[str, int]]:
    """Schemes and steps of the table."""
    parts = dict.fromkeys(max(1, round(elements / part)) for part in (1, 3, 5))
    same = [("euler", elements), ("rk4-classic", elements)]
    return [*same, *(("rk4-38", steps) for steps in parts)]


def mean_panel(trained: str, rows: Sequence[dict[str, Any]], options: argparse.Namespace) -> Panel:
    """The mean error rate over seeds, of every scheme, against the step in depth."""
    steps = sorted({row["steps"] for row in rows})
    lines = [
        Line(scheme, [1 / n for n in steps], [_mean(rows, scheme, n) for n in steps])
        for scheme in dict.fromkeys(row["scheme"] for row in rows)
    ]
    seeds = len({row["seed"] for row in rows})
    subtitle = f"{name_of(options)}, {options.elements} elements a block, seeds: {seeds}"
    return Panel(f"Trained in {trained}", subtitle, lines, [], training_step=1 / options.elements)


def name_of(options: argparse.Namespace) -> str:
    """What the files are called after."""
    return Path(options.data).name


def _mean(rows: Sequence[dict[str, Any]], scheme: str, steps: int) -> float:
    found = [r for r in rows if r["scheme"] == scheme and r["steps"] == steps]
    return statistics.fmean(row["test error rate"] for row in found)


def manifestation_rows(
    trained: str, models: Sequence[nn.Module], pixels: Tensor, labels: Tensor, elements: int
) -> list[dict[str, Any]]:
    rows = []
    for scheme, steps in manifestations(elements):
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
def examine(scheme: str, options: argparse.Namespace) -> tuple[list, list, list]:
    """Train one network a seed and measure all of them."""
    models, runs, curves = [], [], []
    data = train_images.load_data(options)
    pixels, labels = data.test[:]
    for seed in options.seeds:
        with torch.enable_grad():
            model, result = train(scheme, seed, options)
        report = convergence_test(
            model, pixels, labels, steps=sweep(options.elements), schemes=SCHEMES, error=error_rate,
            measure="error rate on test images",
        )  # fmt: skip
        models.append(model)
        runs.append(result)
        curves += convergence_rows(seed, report)
        print(f"{scheme}, seed {seed}: test accuracy {result['test accuracy']:.4f}")
    return runs, curves, manifestation_rows(scheme, models, pixels, labels, options.elements)


def draw(options: argparse.Namespace) -> None:
    """The figure from the table."""
    table = options.output / "results" / f"{name_of(options)}_convergence.csv"
    with table.open(encoding="utf-8") as file:
        rows = [
            {**row, "steps": int(row["steps"]), "test error rate": float(row["test error rate"])}
            for row in csv.DictReader(file)
        ]
    by_scheme = {t: [row for row in rows if row["trained with"] == t] for t in TRAINED}
    draw_convergence(
        [mean_panel(trained, found, options) for trained, found in by_scheme.items()],
        options.output / "pictures" / f"{name_of(options)}-convergence.svg",
        step_label="step in depth, 1 / steps",
        error_label="error rate on test images",
    )


def main(argv: Sequence[str] | None = None) -> int:
    options = parser().parse_args(argv)
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    warnings.simplefilter("ignore")  # Lightning's on workers; order loss at jumps is wanted here
    tables = zip(*(examine(one, options) for one in TRAINED), strict=True)
    for name, parts in zip(("training", "convergence", "manifestations"), tables, strict=True):
        rows = list(itertools.chain.from_iterable(parts))
        train_images.write_table(
            options.output / "results" / f"{name_of(options)}_{name}.csv", rows
        )
    draw(options)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
