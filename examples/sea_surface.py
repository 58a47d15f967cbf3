r"""Sea-surface temperature from real monthly fields: learned models beside simple forecasts.

    python examples/sea_surface.py             # OSTIA, 54 months; needs odegraph[ocean]
    python examples/sea_surface.py --long      # 6000 epochs
    python examples/sea_surface.py --files oisst/*.nc --variable sst --period 365 \
        --region -98 -80 18 31                 # daily fields of the Gulf of Mexico

It writes tables, figures and a report page into `sea-surface-output/`. A second call resumes.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import torch

from odegraph.cli.errors import errors_as_messages
from odegraph.cli.train_dynamics import print_study, study_with_progress
from odegraph.data import sea_surface
from odegraph.study import KINDS, Recipe, make_problem


@errors_as_messages()
def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--output", type=Path, default=Path("sea-surface-output"))
    parser.add_argument("--files", type=Path, nargs="+", help="netCDF files in order of time")
    parser.add_argument("--variable", help="of the files")
    parser.add_argument(
        "--region",
        type=float,
        nargs=4,
        metavar=("WEST", "EAST", "SOUTH", "NORTH"),
        help="a box in degrees; everything by default",
    )
    parser.add_argument("--period", type=int, default=12, help="frames in a year")
    parser.add_argument("--long", action="store_true", help="6000 epochs")
    parser.add_argument("--epochs", type=int, help="instead of 1000, or 6000 with --long")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--kinds", nargs="+", choices=list(KINDS), default=list(KINDS))
    options = parser.parse_args(argv)

    field = sea_surface.load(options.files, variable=options.variable, region=box(options.region))
    problem = make_problem(
        field.snapshots,
        name="sea-surface",
        title="Sea-surface temperature",
        unit=field.units,
        period=options.period,
    )
    device = "cuda" if options.long and torch.cuda.is_available() else "cpu"
    epochs = options.epochs or (6000 if options.long else 1000)
    recipe = Recipe(epochs=epochs, seeds=options.seeds, noise=(0.0, 0.1), device=device)
    study = study_with_progress(problem, options.output, recipe=recipe, kinds=options.kinds)
    print_study(study)
    return 0


def box(edges: Sequence[float] | None) -> sea_surface.Region | None:
    if edges is None:
        return None
    west, east, south, north = edges
    return sea_surface.Region(west=west, east=east, south=south, north=north)


if __name__ == "__main__":
    sys.exit(main())
