"""What a study leaves behind for machines: one JSON file a run, and two tables as CSV."""

import csv
import hashlib
import io
import json
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from odegraph.emit.files import write_text
from odegraph.study.evaluation import Scores
from odegraph.study.problem import Problem
from odegraph.study.recipe import Recipe


@dataclass(frozen=True)
class Run:
    """One trained model, or one baseline: there `seed` is 0 and the loss is not a number."""

    kind: str
    noise: float
    seed: int
    loss: float
    scores: Scores

    @property
    def name(self) -> str:
        """For files."""
        return f"{self.kind}-noise{self.noise:g}-seed{self.seed}"


def fingerprint(problem: Problem, recipe: Recipe) -> str:
    """Of the data and of all in the recipe that changes a single run."""
    shared = {k: v for k, v in recipe.to_dict().items() if k not in ("seeds", "noise", "device")}
    digest = hashlib.sha256(json.dumps(shared, sort_keys=True).encode())
    digest.update(problem.train.values.numpy().tobytes())
    return digest.hexdigest()[:16]


def write_run(folder: Path, run: Run, mark: str) -> None:
    """Keep a finished run, with the mark of what it was made from."""
    write_text(folder / f"{run.name}.json", json.dumps({"mark": mark, **asdict(run)}))


def read_run(folder: Path, name: str, mark: str) -> Run | None:
    """A finished run of the same data and recipe; None where there is none."""
    path = folder / f"{name}.json"
    if not path.is_file():
        return None
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        if found.pop("mark") != mark:
            return None
        scores = found.pop("scores")
        errors, restarted = (tuple(scores.pop(key)) for key in ("errors", "restarted"))
        return Run(**found, scores=Scores(errors=errors, restarted=restarted, **scores))
    except (ValueError, KeyError, TypeError):
        return None  # cut off while it was written: trained again


def write_tables(folder: Path, runs: Sequence[Run]) -> list[Path]:
    """`runs.csv`, one row a run, and `horizon.csv`, one row a run and step."""
    rows = [
        {
            "kind": run.kind,
            "noise": run.noise,
            "seed": run.seed,
            "loss": _number(run.loss),
            "one_step": _number(run.scores.one_step),
            "error_first": _number(run.scores.errors[0]),
            "error_middle": _number(middle(run.scores.errors)),
            "error_last": _number(run.scores.errors[-1]),
            "restarted_last": _number(run.scores.restarted[-1]) if run.scores.restarted else "",
            "spectral_radius": _number(run.scores.radius),
            "growth_10000": _number(run.scores.growth),
        }
        for run in runs
    ]
    curves = [
        {
            "kind": run.kind,
            "noise": run.noise,
            "seed": run.seed,
            "step": step,
            "error": _number(error),
            "restarted": _number(run.scores.restarted[step - 1]) if run.scores.restarted else "",
        }
        for run in runs
        for step, error in enumerate(run.scores.errors, start=1)
    ]
    return [_csv(folder / "runs.csv", rows), _csv(folder / "horizon.csv", curves)]


def middle(errors: Sequence[float]) -> float:
    """The error in the middle of the horizon."""
    return errors[(len(errors) - 1) // 2]


def median_of(runs: Sequence[Run], value: Any) -> float:
    """The median of `value(run)` over runs."""
    return statistics.median(value(run) for run in runs)


def _csv(path: Path, rows: Sequence[dict[str, Any]]) -> Path:
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_text(path, text.getvalue())
    return path


def _number(value: float) -> str:
    return "" if value != value else f"{value:.6g}"
