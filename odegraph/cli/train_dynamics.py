"""`odegraph train-dynamics`: a study of the user's own snapshots."""

from pathlib import Path
from typing import Annotated

import typer
from rich import box
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from odegraph._errors import OdegraphError
from odegraph.cli.output import console, print_json, print_written
from odegraph.cli.schemes import Json
from odegraph.data.snapshot_files import read_snapshots, read_usable_snapshots
from odegraph.emit.files import make_folder
from odegraph.study import KINDS, Problem, Recipe, Study, make_problem, run_study
from odegraph.study.pages import COLUMNS, summary

MODEL_WIDTH = 20


def train_dynamics(
    snapshots: Annotated[Path, typer.Argument(help="Frames in time: .npy, .npz or .mat.")],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="The folder for what is written.")
    ] = Path("dynamics-output"),
    kind: Annotated[
        list[str] | None, typer.Option(help=f"One of {', '.join(KINDS)}; by default all.")
    ] = None,
    variable: Annotated[str | None, typer.Option(help="The array, of several in a file.")] = None,
    time_axis: Annotated[int, typer.Option(help="Which axis is time.")] = 0,
    period: Annotated[int, typer.Option(help="Frames in a cycle, for the climatology.")] = 1,
    usable_pixels: Annotated[
        bool,
        typer.Option("--usable-pixels", help="Leave out pixels with gaps or that never change."),
    ] = False,
    epochs: Annotated[int, typer.Option(help="Steps of the optimizer.")] = Recipe.epochs,
    seeds: Annotated[int, typer.Option(help="Models of each kind.")] = 1,
    json: Json = False,
) -> None:
    """Learn the dynamics of a sequence of frames, and say what each model is worth."""
    kinds = list(kind or KINDS)
    for one in kinds:
        if one not in KINDS:
            raise OdegraphError(f"There is no kind `{one}`. Known kinds: {', '.join(KINDS)}.")
    read = read_usable_snapshots if usable_pixels else read_snapshots
    frames = read(snapshots, variable=variable, time_axis=time_axis)
    problem = make_problem(frames, name=snapshots.stem, title=snapshots.name, period=period)
    recipe = Recipe(epochs=epochs, seeds=seeds, noise=(0.0,))
    study = study_with_progress(problem, output, recipe=recipe, kinds=kinds)
    if json:
        print_json({"rows": [dict(zip(COLUMNS, r, strict=True)) for r in summary(study.runs, 0.0)]})
        return
    print_study(study)


def study_with_progress(
    problem: Problem, folder: Path, *, recipe: Recipe, kinds: list[str]
) -> Study:
    """The study with a bar on standard error.

    Raises:
        EmitError: the folder cannot be written; before anything is trained.
    """
    make_folder(folder)
    with progress_bar() as bar:
        task = bar.add_task("training", total=1.0)
        return run_study(
            problem,
            folder,
            recipe=recipe,
            progress=lambda name, done: bar.update(task, completed=done, description=name),
            kinds=kinds,
        )


def progress_bar() -> Progress:
    """A bar on standard error, with the time gone and the time left."""
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    return Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True))


def print_study(study: Study) -> None:
    """The tables and what was written."""
    for level in study.recipe.noise:
        rows = summary(study.runs, level)
        title = f"noise {level:g}, one step in {study.problem.unit}"
        table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, padding=0)
        table.show_edge = False
        for index, name in enumerate(COLUMNS):
            words = [*name.split(), *(row[index] for row in rows)] if index else []
            # Headers break between words: three digits in all columns fit into 80 characters.
            width = max(map(len, words), default=MODEL_WIDTH)
            table.add_column(name, width=width, overflow="fold")
        for row in rows:
            table.add_row(*row)
        console.print(table)
    print_written(study.written)
