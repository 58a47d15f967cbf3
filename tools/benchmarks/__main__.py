"""Print what was measured beside the goals: medians of several runs."""

import argparse
import platform
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence

import torch
from rich.console import Console
from rich.table import Table

from benchmarks import compiling, dynamics, overhead, projecting
from benchmarks.row import Row
from odegraph import __version__

GROUPS: Mapping[str, Callable[[int], Iterator[Row]]] = {
    "compiling": compiling.rows,
    "dynamics": dynamics.rows,
    "overhead": overhead.rows,
    "projecting": projecting.rows,
}


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="tools/bench", description=__doc__)
    parser.add_argument("groups", nargs="*", help=f"of {', '.join(GROUPS)}; all by default")
    parser.add_argument("--runs", type=int, default=5, help="runs of each case")
    parser.add_argument("--quick", action="store_true", help="one run of each case")
    options = parser.parse_args(argv)
    unknown = sorted(set(options.groups) - set(GROUPS))
    if unknown:
        parser.error(f"there is no group `{unknown[0]}`; groups are {', '.join(GROUPS)}")
    runs = 1 if options.quick else options.runs
    for name in options.groups or GROUPS:
        Console().print(table_of(name, runs))
    return 0


def table_of(group: str, runs: int) -> Table:
    versions = f"odegraph {__version__}, torch {torch.__version__}"
    python = f"Python {platform.python_version()}, {torch.get_num_threads()} threads"
    table = Table(title=f"{group}: {versions}, {python}, runs: {runs}", title_justify="left")
    table.add_column("case")
    for column in ("median", "least", "goal"):
        table.add_column(column, justify="right", no_wrap=True)
    for row in GROUPS[group](runs):
        table.add_row(*row.cells)
    return table


if __name__ == "__main__":
    sys.exit(main())
