"""Train on images with Euler and with RK4, then run the networks in other discrete forms.

    python examples/image_manifestations.py --output docs                       # digits
    python examples/image_manifestations.py --data path/to/folder --elements 2  # any images
    python examples/image_manifestations.py --data cifar10 --elements 8 --channels 16 32 64

Trains the same network with the same seeds in both schemes; the convergence test re-manifests each
with other schemes and steps and measures the error rate on test images. Writes CSV tables below
OUTPUT/results and the figure below OUTPUT/pictures; the digits take some minutes on one CPU core.
With `--refine 3 6 9` every network is trained twice: on all elements from the start, and refined
by two at these epochs. Run again with `--resume` to go on where it was stopped.
"""

import argparse
import csv
import itertools
import json
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
from odegraph.cli.errors import errors_as_messages
from odegraph.diagnostics import convergence_test, error_rate
from odegraph.draw import Line, Panel, draw_convergence
from odegraph.emit.files import make_folder

TRAINED = ("euler", "rk4-classic")
SCHEMES = ("euler", "midpoint", "rk4-classic", "rk4-38")


def parser() -> argparse.ArgumentParser:
    words = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    add = words.add_argument
    add("--output", type=Path, default=Path("demo-output"))
    add("--name", help="of the files; by default that of the data")
    add("--data", default="digits", help="digits, cifar10, or a folder of images")
    add("--elements", type=int, default=6, help="of the basis of each block, when trained")
    add("--refine", type=int, nargs="+", default=[], help="train also with refinements, at epochs")
    add("--epochs", type=int, default=20)
    add("--seeds", type=int, nargs="+", default=[0, 1, 2])
    add("--channels", type=int, nargs="+", default=[16, 32])
    add("--batch", type=int, default=64)
    add("--lr", type=float, default=0.1)
    add("--limit", type=int, nargs="*", default=[], help="see train_images.py")
    add("--sweep", type=int, nargs="+", default=[], help="steps of the convergence test")
    add("--sweep-schemes", nargs="+", default=SCHEMES, help="schemes of the convergence test")
    add("--sweep-images", type=int, help="test images of the convergence test; by default all")
    add("--resume", action="store_true", help="keep the networks that OUTPUT/runs has")
    return words


class InParts(nn.Module):
    """A model that takes any number of images, a few hundred at a time."""

    def __init__(self, model: nn.Module, size: int = 250) -> None:
        super().__init__()
        self.model = model
        self.size = size

    def forward(self, x: Tensor) -> Tensor:
        """The outputs, joined."""
        return torch.cat([self.model(part) for part in x.split(self.size)])


def train(
    scheme: str, seed: int, refine: Sequence[int], options: argparse.Namespace
) -> tuple[nn.Module, dict[str, Any]]:
    """One network, directly or by refinement, at its final elements; and what was run."""
    factor = 2 ** len(refine)
    if options.elements % factor:
        raise og.OdegraphError(
            f"`--elements {options.elements}` are not reached by {len(refine)} refinements; "
            f"give a multiple of {factor}."
        )
    run = f"{scheme}-{'refined' if refine else 'direct'}-{seed}"
    words = ["--scheme", scheme, "--seed", seed, "--data", options.data, "--quiet"]
    words += ["--elements", options.elements // factor, "--epochs", options.epochs]
    words += ["--batch", options.batch, "--lr", options.lr, "--refine", *refine]
    words += ["--limit", *options.limit, "--channels", *options.channels]
    words += ["--output", options.output / "runs" / run, *["--resume"][: options.resume]]
    chosen = train_images.parser().parse_args(list(map(str, words)))
    path = chosen.output / "result.json"
    is_done = options.resume and path.exists()
    result = json.loads(path.read_text("utf-8")) if is_done else train_images.train(chosen)
    chosen.elements, chosen.refine = options.elements, []
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


def mean_panel(
    trained: str, way: str, rows: Sequence[dict[str, Any]], options: argparse.Namespace
) -> Panel:
    """The mean error rate over seeds, of every scheme, against the step in depth."""
    steps = sorted({row["steps"] for row in rows})
    lines = [
        Line(scheme, [1 / n for n in steps], [_mean(rows, scheme, n) for n in steps])
        for scheme in dict.fromkeys(row["scheme"] for row in rows)
    ]
    seeds = len({row["seed"] for row in rows})
    subtitle = f"{name_of(options)}, {options.elements} elements a block, seeds: {seeds}"
    title = f"Trained in {trained}" + (", refined" if way == "refined" else "")
    return Panel(title, subtitle, lines, [], training_step=1 / options.elements)


def name_of(options: argparse.Namespace) -> str:
    """What the files are called after."""
    return options.name or Path(options.data).name


def _mean(rows: Sequence[dict[str, Any]], scheme: str, steps: int) -> float:
    found = [r for r in rows if r["scheme"] == scheme and r["steps"] == steps]
    return statistics.fmean(row["test error rate"] for row in found)


def manifestation_rows(
    trained: str,
    way: str,
    models: Sequence[nn.Module],
    pixels: Tensor,
    labels: Tensor,
    elements: int,
) -> list[dict[str, Any]]:
    rows = []
    for scheme, steps in manifestations(elements):
        forms = [og.manifest(model, scheme=scheme, steps=steps).eval() for model in models]
        measured = [timed(form, pixels) for form in forms]
        accuracies = [1 - float(error_rate(logits, labels)) for logits, _ in measured]
        blocks = [m for m in forms[0].modules() if isinstance(m, og.OdeBlock)]
        rows.append(
            {
                "trained with": trained,
                "training": way,
                "manifestation": scheme,
                "steps": steps,
                "unit evaluations a block": blocks[0].evaluations,
                "accuracy mean": round(statistics.fmean(accuracies), 4),
                "accuracy min": round(min(accuracies), 4),
                "accuracy max": round(max(accuracies), 4),
                "CPU seconds for all test images": round(min(s for _, s in measured), 3),
            }
        )
    return rows


def timed(model: nn.Module, pixels: Tensor) -> tuple[Tensor, float]:
    """Logits, and processor seconds: other work on the machine would change those of the clock."""
    model(pixels[:250])
    start = time.process_time()
    return model(pixels), time.process_time() - start


def convergence_rows(seed: int, way: str, report: Any) -> list[dict[str, Any]]:
    return [
        {
            "trained with": report.trained_with,
            "training": way,
            "seed": seed,
            "scheme": curve.scheme,
            "steps": round(1 / size),
            "test error rate": round(error, 5),
        }
        for curve in report.curves
        for size, error in zip(curve.step_sizes, curve.errors, strict=True)
    ]


@torch.no_grad()
def examine(
    scheme: str, refine: Sequence[int], options: argparse.Namespace
) -> tuple[list, list, list]:
    """Train one network a seed and measure all of them."""
    models, runs, curves = [], [], []
    way = "refined" if refine else "direct"
    for seed in options.seeds:
        with torch.enable_grad():
            model, result = train(scheme, seed, refine, options)
        models.append(InParts(model))
        runs.append(result)
        print(f"{scheme}, {way}, seed {seed}: test accuracy {result['test accuracy']:.4f}")
    pixels, labels = train_images.load_data(options).test[:]
    for seed, model in zip(options.seeds, models, strict=True):
        report = convergence_test(
            model,
            pixels[: options.sweep_images],
            labels[: options.sweep_images],
            steps=options.sweep or sweep(options.elements),
            schemes=options.sweep_schemes,
            error=error_rate,
            measure="error rate on test images",
        )
        curves += convergence_rows(seed, way, report)
    rows = manifestation_rows(scheme, way, models, pixels, labels, options.elements)
    return runs, curves, rows


def draw(options: argparse.Namespace) -> None:
    """The figure from the table."""
    table = options.output / "results" / f"{name_of(options)}_convergence.csv"
    with table.open(encoding="utf-8") as file:
        rows = [
            {**row, "steps": int(row["steps"]), "test error rate": float(row["test error rate"])}
            for row in csv.DictReader(file)
        ]
    groups = {}
    for row in rows:
        groups.setdefault((row["trained with"], row["training"]), []).append(row)
    draw_convergence(
        [mean_panel(*key, found, options) for key, found in groups.items()],
        options.output / "pictures" / f"{name_of(options)}-convergence.svg",
        step_label="step in depth, 1 / steps",
        error_label="error rate on test images",
    )


@errors_as_messages()
def main(argv: Sequence[str] | None = None) -> int:
    options = parser().parse_args(argv)
    make_folder(options.output)
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    warnings.simplefilter("ignore")  # Lightning's on workers; order loss at jumps is wanted here
    ways = [[], options.refine] if options.refine else [[]]
    found = [examine(one, way, options) for way in ways for one in TRAINED]
    tables = zip(*found, strict=True)
    for name, parts in zip(("training", "convergence", "manifestations"), tables, strict=True):
        rows = list(itertools.chain.from_iterable(parts))
        train_images.write_table(
            options.output / "results" / f"{name_of(options)}_{name}.csv", rows
        )
    draw(options)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
