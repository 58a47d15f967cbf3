"""What the demo leaves behind: pictures, modules, checkpoints, errors as CSV, and the report."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from odegraph._version import __version__
from odegraph.block import emit_python, save
from odegraph.demo.training import DURATION, HIDDEN, SAMPLE_STEP, Recipe, Trained
from odegraph.diagnostics import ConvergenceReport, plot_reports
from odegraph.draw import draw, draw_stability_region
from odegraph.report import Code, Heading, Paragraph, Picture, Section, Table, write_page

TITLE = "Does a trained unit know the continuous system?"


def write_files(
    folder: Path,
    trained: Mapping[str, Trained],
    reports: Sequence[ConvergenceReport],
    recipe: Recipe,
) -> list[Path]:
    """Write everything into `folder`; the report comes last and holds the pictures.

    Raises:
        EmitError: the folder cannot be written.
    """
    figure = folder / "convergence.svg"
    plot_reports(reports, figure, step_label="step size in s")
    written = [figure]
    for name, one in trained.items():
        module = emit_python(one.block, folder / f"{name.replace('-', '_')}_block.py")
        step, region = folder / f"{name}-step.svg", folder / f"{name}-stability.svg"
        draw(one.block, step)
        draw_stability_region(one.block.manifestation.scheme, region)
        checkpoint = save(one.block, folder / f"{name}.safetensors")
        written += [module, step, region, checkpoint]
    for report in reports:
        errors = folder / f"{report.trained_with}-errors.csv"
        report.to_csv(errors)
        written.append(errors)
    sections = [
        *_summary(trained, reports, recipe),
        Picture(figure, _CAPTION),
        *_crossing(reports),
        *_blocks(folder, trained),
        *_files(folder, written),
    ]
    return [*written, write_page(folder / "report.html", TITLE, sections)]


_CAPTION = (
    "Error at t = 2 s against the step size, one panel for each scheme that a unit was trained "
    "in and one curve for each scheme that it is then run in. Dashed: the same schemes with the "
    "exact right-hand side. Vertical line: the step that the units were trained with."
)


def _summary(
    trained: Mapping[str, Trained], reports: Sequence[ConvergenceReport], recipe: Recipe
) -> list[Section]:
    rows = [
        (
            report.trained_with,
            f"{trained[report.trained_with].loss:.1e}",
            *(f"{error:.1e}" for error in _errors(report)),
            f"{report.dip:.1f}",
            report.verdict.continuous,
        )
        for report in reports
    ]
    columns = ("trained in", "loss", "e(dt)", "e(dt/2)", "e(dt → 0)", "dip", "continuous")
    return [
        Paragraph(
            "A pendulum, θ'' = -9.81 sin θ, released at rest at 135 degrees, was sampled every "
            f"{float(SAMPLE_STEP):g} s for {DURATION:g} s from its closed form. The unit is a "
            f"network with {HIDDEN} hidden tanh cells in double precision. Inside each of three "
            f"schemes it was trained to predict one sample ahead, with {recipe.adam_steps} steps "
            f"of Adam and up to {recipe.lbfgs_iterations} iterations of L-BFGS from seed "
            f"{recipe.seed}."
        ),
        Paragraph(
            "e(h) is the distance from the exact state at t = 2 s with steps of h, dt the step of "
            "training, and dip = e(dt/2) / e(dt). A unit that learned the continuous system gets "
            "no worse with finer steps (A), shows the order of every scheme (B), and has one limit "
            "in all of them (C)."
        ),
        Table(columns, rows),
        *(Paragraph(f"{report.trained_with}. {report.verdict}") for report in reports),
    ]


def _errors(report: ConvergenceReport) -> tuple[float, float, float]:
    step = report.training_step
    return report.trained.at(step), report.trained.at(step / 2), report.limit


def _crossing(reports: Sequence[ConvergenceReport]) -> list[Section]:
    columns = ("trained in", *(f"run in {curve.scheme}" for curve in reports[0].curves))
    rows = [
        (report.trained_with, *(f"{row['error']:.1e}" for row in report.table))
        for report in reports
    ]
    finest = [
        (report.trained_with, *(f"{row['error_finest']:.1e}" for row in report.table))
        for report in reports
    ]
    return [
        Heading("Every unit in every scheme"),
        Paragraph("Errors at the step of training:"),
        Table(columns, rows),
        Paragraph("Errors at the finest step of the sweep:"),
        Table(columns, finest),
    ]


def _blocks(folder: Path, trained: Mapping[str, Trained]) -> list[Section]:
    sections: list[Section] = [Heading("The compiled blocks")]
    for name, one in trained.items():
        scheme = one.block.manifestation.scheme
        module = folder / f"{name.replace('-', '_')}_block.py"
        sections += [
            Heading(f"{name}: {scheme.title}", level=3),
            Table(
                ("", ""),
                [
                    ("proven order", scheme.order),
                    ("stages", scheme.stages),
                    ("unit evaluations a step", one.block.evaluations),
                    ("parameters", sum(p.numel() for p in one.block.parameters())),
                    ("stability function", scheme.facts()["stability function"]),
                ],
            ),
            Picture(folder / f"{name}-step.svg", f"The step graph of {name}."),
            Picture(folder / f"{name}-stability.svg", f"Where {name} damps x' = λx, z = hλ."),
            Code(module.read_text(encoding="utf-8"), title=f"Generated module {module.name}"),
        ]
    return sections


def _files(folder: Path, written: Sequence[Path]) -> list[Section]:
    rows = [(path.relative_to(folder), f"{path.stat().st_size:,} bytes") for path in written]
    return [
        Heading("Files"),
        Table(("file", "size"), rows),
        Paragraph(f"Written by odegraph {__version__}."),
    ]
