"""`odegraph demo`: the pendulum experiment, from data to report."""

import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from odegraph.cli.output import MAX_SEED, console, print_json, print_written
from odegraph.cli.schemes import Json
from odegraph.demo import Demonstration, Recipe, run
from odegraph.diagnostics import crossing_table, summary_table
from odegraph.emit.files import make_folder

STAGES = ("euler", "midpoint", "rk4-classic", "convergence", "files")
LABELS = {"convergence": "testing convergence", "files": "writing pictures and report"}


def demo(
    output: Annotated[
        Path, typer.Option("--output", "-o", help="The folder for what is written.")
    ] = Path("demo-output"),
    seed: Annotated[
        int, typer.Option(min=0, max=MAX_SEED, help="Seed of the initial parameters.")
    ] = Recipe.seed,
    json: Json = False,
) -> None:
    """Train a pendulum in three schemes, test which of them learned a continuous system."""
    started = time.perf_counter()
    make_folder(output)
    with _progress() as progress:
        tasks = {
            stage: progress.add_task(LABELS.get(stage, f"training in {stage}"), total=1.0)
            for stage in STAGES
        }
        found = run(
            output,
            recipe=Recipe(seed=seed),
            progress=lambda stage, done: progress.update(tasks[stage], completed=done),
        )
    if json:
        print_json(_as_data(found))
        return
    _print(found)
    console.print(f"{time.perf_counter() - started:.0f} s. Open {output / 'report.html'}")


def _progress() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    return Progress(*columns, console=Console(stderr=True))


def _print(found: Demonstration) -> None:
    console.print(summary_table(found.reports))
    console.print(crossing_table(found.reports))
    for report in found.reports:
        console.print(f"{report.trained_with}: {report.verdict}", soft_wrap=True)
    print_written(found.written)


def _as_data(found: Demonstration) -> dict:
    return {
        "losses": {name: one.loss for name, one in found.trained.items()},
        "reports": [report.to_dict() for report in found.reports],
        "written": [str(path) for path in found.written],
    }
