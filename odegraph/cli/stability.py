"""`odegraph show-stability`: what a trained model does to small differences, on one page."""

import tempfile
from pathlib import Path
from typing import Annotated

import typer

from odegraph._errors import DataError
from odegraph.block import load
from odegraph.cli.output import console, print_facts, print_json, print_written
from odegraph.cli.schemes import Json
from odegraph.data.snapshot_files import read_snapshots
from odegraph.diagnostics.stability import StabilityReport, stability_report
from odegraph.models import read_model
from odegraph.report import Heading, Paragraph, Picture, Section, Table, write_page

ROWS = 40


def show_stability(
    checkpoint: Annotated[Path, typer.Argument(help="A checkpoint (.safetensors).")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The page; by default beside it.")
    ] = None,
    model: Annotated[
        Path | None,
        typer.Option(help="The model file, for a checkpoint that does not describe its model."),
    ] = None,
    state: Annotated[
        Path | None,
        typer.Option(help="Snapshots (.npy, .npz, .mat): linearise at the last of them."),
    ] = None,
    steps: Annotated[int, typer.Option(help="Steps over which growth is followed.")] = 200,
    json: Json = False,
) -> None:
    """Explain the stability of a trained model: eigenvalues, Lyapunov matrix, growth."""
    if not checkpoint.is_file():
        raise DataError(f"There is no checkpoint `{checkpoint}`.")
    trained = checkpoint if model is None else load(checkpoint, model=read_model(model).model)
    where = None if state is None else read_snapshots(state).values[-1]
    report = stability_report(trained, state=where, steps=steps)
    if json:
        print_json(report.to_dict())
        return
    console.print(report.verdict, soft_wrap=True)
    print_facts(report.facts())
    page = checkpoint.with_suffix(".html") if output is None else output
    print_written([write_stability_page(page, report)])


def write_stability_page(path: Path, report: StabilityReport) -> Path:
    """Write the report as one page that stands alone."""
    with tempfile.TemporaryDirectory() as folder:
        sections = stability_sections(report, report.plot(Path(folder) / "spectrum.svg"))
        return write_page(path, f"Stability of {report.name}", sections)


def stability_sections(report: StabilityReport, picture: Path) -> list[Section]:
    """The parts of the page."""
    rows = [
        (f"{row['real']:.5f}", f"{row['imaginary']:.5f}", f"{row['modulus']:.6f}", _steps(row))
        for row in report.table[:ROWS]
    ]
    left_out = len(report.table) - len(rows)
    return [
        Paragraph(report.verdict),
        Picture(picture, CAPTION),
        Table(("", ""), list(report.facts().items())),
        Heading("Eigenvalues of one step"),
        Table(("Re λ", "Im λ", "|λ|", "period in steps"), rows),
        *([Paragraph(f"{left_out} smaller ones are left out.")] if left_out else []),
    ]


def _steps(row: dict) -> str:
    return "∞" if row["period"] == float("inf") else f"{row['period']:.2f}"


CAPTION = (
    "Eigenvalues of one step on the unit circle, crosses outside of it; where the step was made by "
    "a scheme, the eigenvalues of its generator times the step in the scheme's stability region; "
    "growth of the worst perturbation over steps."
)
