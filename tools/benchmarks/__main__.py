"""Print what was measured beside the goals: medians of several runs."""

import argparse
import platform
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import torch
from rich.console import Console
from rich.table import Table

from benchmarks import (
    compiling,
    convolutions,
    dynamics,
    linear_latent,
    overhead,
    projecting,
    record,
    small_unit,
)
from benchmarks.row import Row
from odegraph import __version__

GROUPS: Mapping[str, Callable[[int], Iterator[Row]]] = {
    "compiling": compiling.rows,
    "convolutions": convolutions.rows,
    "dynamics": dynamics.rows,
    "linear_latent": linear_latent.rows,
    "overhead": overhead.rows,
    "projecting": projecting.rows,
    "small_unit": small_unit.rows,
}

PAGE, TABLE = Path("docs/benchmarks.md"), Path("docs/results/benchmarks.csv")


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="tools/bench", description=__doc__)
    parser.add_argument("groups", nargs="*", help=f"of {', '.join(GROUPS)}; all by default")
    parser.add_argument("--runs", type=int, default=5, help="runs of each case")
    parser.add_argument("--quick", action="store_true", help="one run of each case")
    parser.add_argument("--compare", type=Path, metavar="CSV", help="fail where 10 % was lost")
    parser.add_argument(
        "--write", action="store_true", help=f"write {PAGE} and {TABLE}: measure all groups"
    )
    options = parser.parse_args(argv)
    unknown = sorted(set(options.groups) - set(GROUPS))
    if unknown:
        parser.error(f"there is no group `{unknown[0]}`; groups are {', '.join(GROUPS)}")
    runs = 1 if options.quick else options.runs
    measured: dict[str, list[Row]] = {}
    for name in options.groups or GROUPS:
        measured[name] = list(GROUPS[name](runs))
        Console().print(table_of(name, measured[name], runs))
    if options.write:
        record.write_page(PAGE, measured)
        record.write_table(TABLE, measured)
    worse = record.regressions(options.compare, measured) if options.compare else []
    for line in worse:
        Console().print(f"slower: {line}", highlight=False)
    return 1 if worse else 0


def table_of(group: str, rows: Sequence[Row], runs: int) -> Table:
    versions = f"odegraph {__version__}, torch {torch.__version__}"
    python = f"Python {platform.python_version()}, {torch.get_num_threads()} threads"
    table = Table(title=f"{group}: {versions}, {python}, runs: {runs}", title_justify="left")
    table.add_column("case")
    for column in ("median", "least", "goal"):
        table.add_column(column, justify="right", no_wrap=True)
    for row in rows:
        table.add_row(*row.cells)
    return table


if __name__ == "__main__":
    sys.exit(main())
