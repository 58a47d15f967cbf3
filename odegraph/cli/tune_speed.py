"""`odegraph tune-speed`: which execution of a model is fastest on this machine."""

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import torch
import typer
from rich.table import Table

from odegraph.cli.output import console, print_json
from odegraph.cli.schemes import Json
from odegraph.diagnostics.speed import tune_speed as measure
from odegraph.models import read_model


def tune_speed(
    model: Annotated[Path, typer.Argument(help="A model file (TOML).")],
    batch: Annotated[int, typer.Option(min=2, help="Size of the batch.")] = 32,
    allow: Annotated[
        list[str] | None, typer.Option(help="Also import layers from this package.")
    ] = None,
    json: Json = False,
) -> None:
    """Measure the executions of a model in turns, and remember the numbers."""
    read = read_model(model, allow=tuple(allow or ()))
    report = measure(read.model, torch.randn(batch, *read.input_shape[1:]))
    if json:
        print_json(dataclasses.asdict(report))
        return
    source = "remembered" if report.remembered else "measured now"
    table = Table(title=f"milliseconds, batch {batch}, {source}", title_justify="left")
    table.add_column("execution")
    for column in ("forward", "training"):
        table.add_column(column, justify="right")
    for name in report.forward:
        table.add_row(
            name,
            _shown(report.forward, name),
            _shown(report.training, name),
        )
    console.print(table)


def _shown(times: Mapping[str, float], name: str) -> str:
    if name not in times:
        return "-"
    mark = " fastest" if times[name] == min(times.values()) else ""
    return f"{times[name]:.3g}{mark}"
