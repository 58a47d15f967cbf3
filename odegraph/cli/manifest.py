"""`odegraph manifest`: another discrete form of a trained model, and what it costs."""

import warnings
from pathlib import Path
from typing import Annotated, Any

import torch
import typer
from rich.table import Table
from torch import Tensor, nn

from odegraph._errors import GraphError
from odegraph.block import OdeBlock, load, save
from odegraph.block import manifest as manifested
from odegraph.cli.output import MAX_SEED, console, print_json, print_written
from odegraph.cli.schemes import Json
from odegraph.diagnostics import drift_report
from odegraph.ir import OrderLossWarning
from odegraph.models import ModelFile, read_model


def manifest(
    model: Annotated[Path, typer.Argument(help="A model file (TOML).")],
    weights: Annotated[
        Path | None, typer.Option(help="A checkpoint of the model (.safetensors).")
    ] = None,
    scheme: Annotated[str | None, typer.Option(help="The new scheme of every block.")] = None,
    steps: Annotated[int | None, typer.Option(help="The new number of steps.")] = None,
    project_first: Annotated[
        bool, typer.Option("--project-first", help="Project the weights to the new steps first.")
    ] = False,
    compare: Annotated[
        bool, typer.Option("--compare", help="Show both: weights sampled, and projected first.")
    ] = False,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write the new model here.")
    ] = None,
    batch: Annotated[int, typer.Option(help="Random inputs that the drift is measured on.")] = 8,
    seed: Annotated[
        int, typer.Option(min=0, max=MAX_SEED, help="Seed of the inputs (and of fresh weights).")
    ] = 0,
    allow: Annotated[
        list[str] | None, typer.Option(help="Also import layers from this package.")
    ] = None,
    json: Json = False,
) -> None:
    """Run a model with another scheme or other steps: the same weights, no data needed."""
    torch.manual_seed(seed)
    old = _read(model, weights, tuple(allow or ()))
    ways = (False, True) if compare else (project_first,)
    x = torch.randn(_batch(batch), *old.input_shape[1:])
    found = {way: _remanifested(old.model, scheme, steps, way) for way in ways}
    rows = [_row(old.model, found[way], x, "projected first" if way else "sampled") for way in ways]
    written = [] if output is None else [save(found[project_first], output)]
    if json:
        print_json({"manifestations": rows, "written": [str(path) for path in written]})
        return
    _print_rows(rows)
    print_written(written)


def _read(path: Path, weights: Path | None, allow: tuple[str, ...]) -> ModelFile:
    read = read_model(path, allow=allow)
    model = read.model if weights is None else load(weights, model=read.model)
    return ModelFile(read.title, read.input_shape, model)


def _batch(size: int) -> int:
    if size < 1:
        raise GraphError(f"`--batch` is `{size}`; the drift needs at least one input.")
    return size


def _remanifested(
    model: nn.Module, scheme: str | None, steps: int | None, project_first: bool
) -> nn.Module:
    with warnings.catch_warnings():
        if project_first:
            # Said of the basis before it is projected to the steps.
            warnings.simplefilter("ignore", OrderLossWarning)
        return manifested(model, scheme=scheme, steps=steps, project_first=project_first)


def _row(old: nn.Module, new: nn.Module, x: Tensor, weights: str) -> dict[str, Any]:
    blocks = {name: one for name, one in new.named_modules() if isinstance(one, OdeBlock)}
    drift = drift_report(old, new, x)
    return {
        "weights": weights,
        "unit evaluations": sum(block.evaluations for block in blocks.values()),
        "parameters": sum(parameter.numel() for parameter in new.parameters()),
        "drift": drift.output,
        "blocks": {row.name: row.own for row in drift.rows[:-1]},
    }


def _print_rows(rows: list[dict[str, Any]]) -> None:
    table = Table(box=None, padding=(0, 2, 0, 0))
    names = [f"drift of {name}" for name in rows[0]["blocks"]]
    for column in ("weights", "unit evaluations", "parameters", *names, "drift of output"):
        table.add_column(column, overflow="fold")
    for row in rows:
        drifts = [f"{value:.3g}" for value in (*row["blocks"].values(), row["drift"])]
        counts = (f"{row['unit evaluations']:,}", f"{row['parameters']:,}")
        table.add_row(row["weights"], *counts, *drifts)
    console.print(table)
