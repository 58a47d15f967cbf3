"""A study: models of several kinds on one sequence, from training to the report; it resumes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from odegraph.block import save
from odegraph.models import check_taps_fit
from odegraph.study.evaluation import score_baselines, score_model
from odegraph.study.pages import write_pages
from odegraph.study.problem import Coordinates, Problem, coordinates_of
from odegraph.study.recipe import KINDS, Recipe
from odegraph.study.records import Run, fingerprint, read_run, write_run, write_tables
from odegraph.study.training import noisy, train

Progress = Callable[[str, float], None]


@dataclass(frozen=True)
class Study:
    """All runs, baselines among them, and the files that were written."""

    problem: Problem
    recipe: Recipe
    runs: tuple[Run, ...]
    written: tuple[Path, ...]


def run_study(
    problem: Problem,
    folder: Path,
    *,
    recipe: Recipe,
    progress: Progress,
    kinds: Sequence[str] = tuple(KINDS),
) -> Study:
    """Train, score, draw and report into `folder`.

    Runs that are there already, of the same data and recipe, are not trained again. `progress` is
    told the name of the run and the fraction of the study that is done.
    """
    problem = problem.to(torch.float32)
    for kind in kinds:
        check_taps_fit(KINDS[kind].taps, len(problem.train))
    baselines = _baselines(problem, recipe)  # first, as what they refuse is refused at once
    places = [(n, s, k) for n in recipe.noise for s in range(recipe.seeds) for k in kinds]
    runs, mark = [], fingerprint(problem, recipe)
    for number, (level, seed, kind) in enumerate(places):

        def advance(part: float, done: int = number, name: str = kind) -> None:
            progress(name, (done + part) / len(places))

        runs.append(_one(problem, folder / "runs", recipe, (kind, level, seed), mark, advance))
    runs += baselines
    written = write_tables(folder, runs)
    written += write_pages(folder, problem, recipe, runs)
    return Study(problem, recipe, tuple(runs), tuple(written))


def _baselines(problem: Problem, recipe: Recipe) -> list[Run]:
    runs = []
    for level in recipe.noise:
        frames = noisy(problem.train.values, level=level, seed=0)
        found = score_baselines(problem, frames, horizon=recipe.horizon)
        runs += [Run(name, level, 0, float("nan"), scores) for name, scores in found.items()]
    return runs


def coordinates_at(problem: Problem, *, level: float, seed: int) -> Coordinates:
    """The coordinates that the model of this noise and seed sees."""
    return coordinates_of(noisy(problem.train.values, level=level, seed=seed))


def _one(
    problem: Problem,
    folder: Path,
    recipe: Recipe,
    place: tuple[str, float, int],
    mark: str,
    advance: Callable[[float], None],
) -> Run:
    kind, level, seed = place
    name = f"{kind}-noise{level:g}-seed{seed}"
    finished = read_run(folder, name, mark)
    if finished is not None:
        advance(1.0)
        return finished
    frames = noisy(problem.train.values, level=level, seed=seed)
    coordinates = coordinates_of(frames)
    model, loss = train(
        kind, coordinates.of(frames).float(), recipe=recipe, seed=seed, advance=advance
    )
    narrow = Coordinates(coordinates.basis.float(), coordinates.size)
    run = Run(kind, level, seed, loss, score_model(model, narrow, problem, horizon=recipe.horizon))
    folder.mkdir(parents=True, exist_ok=True)
    save(model, folder / f"{name}.safetensors")
    np.savez(
        folder / f"coordinates-noise{level:g}-seed{seed}.npz",
        basis=torch.Tensor.numpy(coordinates.basis),
        size=coordinates.size,
    )
    write_run(folder, run, mark)
    return run
