"""Figures, the table of a study as Markdown, and the report page."""

from collections.abc import Sequence
from pathlib import Path

import torch

from odegraph.draw.output import write_whole
from odegraph.dynamics import eigenvalues
from odegraph.models import LyapunovAutoencoder, load_dynamics
from odegraph.report import Heading, Paragraph, Picture, Section, Table, write_page
from odegraph.study.evaluation import BOUNDED, LONG, horizon_of
from odegraph.study.figures import draw_fields, draw_horizon, draw_spectra
from odegraph.study.problem import Problem, coordinates_of
from odegraph.study.recipe import KINDS, Recipe
from odegraph.study.records import Run, median_of, middle
from odegraph.study.training import noisy


def write_pages(folder: Path, problem: Problem, recipe: Recipe, runs: Sequence[Run]) -> list[Path]:
    """Draw everything and write `table.md` and `report.html`."""
    figures = [draw_horizon(folder / "horizon.svg", runs)]
    spectra = _spectra(folder, runs)
    if spectra:
        figures.append(draw_spectra(folder / "spectra.svg", spectra))
    if problem.test.mask.ndim == 2:
        figures += [_fields(folder, problem, recipe, runs, level) for level in recipe.noise]
    table = folder / "table.md"
    write_whole(table, markdown(runs, unit=problem.unit).encode())
    page = write_page(
        folder / "report.html", problem.title, _sections(problem, recipe, runs, figures)
    )
    return [*figures, table, page]


COLUMNS = (
    "model",
    "one step",
    "error, 1 step",
    "middle",
    "end of horizon",
    "end, re-encoded",
    "spectral radius",
    "bounded",
)


def summary(runs: Sequence[Run], level: float) -> list[tuple[str, ...]]:
    """One row a kind: medians over the seeds."""
    rows = []
    for kind in dict.fromkeys(run.kind for run in runs):
        chosen = [run for run in runs if run.kind == kind and run.noise == level]
        learned = kind in KINDS
        restarted = bool(chosen[0].scores.restarted)
        bounded = sum(run.scores.is_bounded for run in chosen)
        rows.append(
            (
                KINDS[kind].title if learned else kind,
                f"{median_of(chosen, lambda r: r.scores.one_step):.3g}",
                f"{median_of(chosen, lambda r: r.scores.errors[0]):.3g}",
                f"{median_of(chosen, lambda r: middle(r.scores.errors)):.3g}",
                f"{median_of(chosen, lambda r: r.scores.errors[-1]):.3g}",
                f"{median_of(chosen, lambda r: r.scores.restarted[-1]):.3g}" if restarted else "",
                f"{median_of(chosen, lambda r: r.scores.radius):.4f}" if restarted else "",
                f"{bounded} of {len(chosen)}" if learned else "",
            )
        )
    return rows


def markdown(runs: Sequence[Run], *, unit: str) -> str:
    """The tables of all levels of noise, for documents."""
    lines = []
    for level in sorted({run.noise for run in runs}):
        lines += [f"Noise {level:g} (one step in {unit}):", ""]
        for row in (COLUMNS, ["---"] * len(COLUMNS), *summary(runs, level)):
            lines.append(f"| {' | '.join(row)} |")
        lines.append("")
    return "\n".join(lines)


def _sections(
    problem: Problem, recipe: Recipe, runs: Sequence[Run], figures: Sequence[Path]
) -> list[Section]:
    steps = horizon_of(problem, recipe.horizon)
    sections: list[Section] = [
        Paragraph(
            f"{len(problem.train)} frames to train on, {len(problem.test)} to test, "
            f"{problem.train.features} pixels. {recipe.seeds} models of each kind, "
            f"{recipe.epochs} epochs of Adam."
        ),
        Paragraph(
            f"One step: root mean square error one frame ahead, in {problem.unit}. Errors are "
            f"relative, |forecast - truth| / |truth|, medians over starts and seeds, after 1, "
            f"{(steps + 1) // 2} and {steps} steps. Re-encoded: (Φ Ω Ψ)ᵏ in place of Φ Ωᵏ Ψ. "
            f"Bounded: within {BOUNDED:g} times the largest training frame for {LONG:,} steps."
        ),
    ]
    for level in recipe.noise:
        sections += [Heading(f"Noise {level:g}"), Table(COLUMNS, summary(runs, level))]
    sections.append(Heading("Figures"))
    sections += [Picture(path, _caption(path)) for path in figures]
    return sections


def _caption(figure: Path) -> str:
    what, _, level = figure.stem.partition("-noise")
    return CAPTIONS[what].format(level=f"noise {level}")


CAPTIONS = {
    "horizon": "Relative error over the steps ahead: median and range over the seeds.",
    "spectra": "Eigenvalues of Ω of the first seed; crosses lie outside of the unit circle.",
    "fields": "Forecasts of the first seed from the first test frame, beside the truth; {level}.",
}


def _spectra(folder: Path, runs: Sequence[Run]) -> dict:
    found: dict[str, dict] = {}
    for run in runs:
        if run.seed == 0 and run.kind in KINDS:
            model = load_dynamics(folder / "runs" / f"{run.name}.safetensors")
            if isinstance(model, LyapunovAutoencoder):
                values = eigenvalues(model.omega()).numpy()
                found.setdefault(run.kind, {})[run.noise] = values
    return found


@torch.no_grad()
def _fields(
    folder: Path, problem: Problem, recipe: Recipe, runs: Sequence[Run], level: float
) -> Path:
    horizon = horizon_of(problem, recipe.horizon)
    steps = sorted({1, (horizon + 1) // 2, horizon})
    coordinates = coordinates_of(noisy(problem.train.values, level=level, seed=0).float())
    start = coordinates.of(problem.test.values[:1].float())
    fields = {"truth": _anomaly(problem, problem.test.values[steps])}
    for run in runs:
        if run.seed == 0 and run.noise == level and run.kind in KINDS:
            model = load_dynamics(folder / "runs" / f"{run.name}.safetensors")
            frames = model.rollout(start, steps=horizon)[:, 0]  # pyright: ignore[reportCallIssue]
            title = KINDS[run.kind].title
            fields[title] = _anomaly(problem, coordinates.values(frames[steps]))
    return draw_fields(
        folder / f"fields-noise{level:g}.png", fields, steps=steps, unit=problem.unit
    )


def _anomaly(problem: Problem, values: torch.Tensor) -> torch.Tensor:
    """On the grid, in physical units, without the mean of the training part."""
    mean = problem.train.frames(torch.zeros_like(problem.train.values[:1]))
    return problem.train.frames(values) - mean
