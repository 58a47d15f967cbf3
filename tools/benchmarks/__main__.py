"""Measure what odegraph promises to do quickly, beside its peers; see docs/benchmarks.md."""

import argparse
import inspect
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType

import torch
from rich.console import Console
from rich.table import Table

from benchmarks import (
    baking,
    building,
    convolutions,
    dynamics,
    graphics,
    linear_latent,
    memory,
    picture,
    projecting,
    record,
    schemes,
    small_unit,
    unrolled,
)
from benchmarks.effort import FULL, QUICK, Effort
from benchmarks.record import Group
from benchmarks.row import HEADINGS

MODULES = (
    *(small_unit, unrolled, convolutions, baking, linear_latent, building, memory, graphics),
    *(dynamics, projecting, schemes),
)
GROUPS: Mapping[str, ModuleType] = {one.__name__.rpartition(".")[2]: one for one in MODULES}

PAGE, TABLE = Path("docs/benchmarks.md"), Path("docs/results/benchmarks.csv")
PICTURE = Path("docs/pictures/benchmarks.svg")


def main(argv: Sequence[str] | None = None) -> int:
    options = parsed(argv)
    about = {**record.circumstances(), "effort": effort_of(options).text}
    groups: list[Group] = []
    failed: list[str] = []
    for name in options.groups or GROUPS:
        # One group that fails must not take the measurements of all others with it.
        try:
            groups.append(measured(name, effort_of(options)))
        except Exception:
            Console(stderr=True).print_exception()
            failed.append(name)
    worse = record.regressions(options.compare, groups) if options.compare else []
    for line in (*(f"slower: {line}" for line in worse), *(f"failed: {name}" for name in failed)):
        Console().print(line, highlight=False, soft_wrap=True)
    write(options, groups, about)
    return 1 if worse or failed else 0


def parsed(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="tools/bench",
        description=f"{__doc__} A full run of all groups writes {PAGE}, {TABLE} and {PICTURE}; "
        "with --quick or with some groups only it prints.",
    )
    parser.add_argument("groups", nargs="*", help=f"of {', '.join(GROUPS)}; all by default")
    parser.add_argument("--quick", action="store_true", help="fewer turns and cases: 3 minutes")
    parser.add_argument("--compare", type=Path, metavar="CSV", help="fail where 10 %% was lost")
    parser.add_argument("--csv", type=Path, metavar="FILE", help="write the table there")
    parser.add_argument("--write", action="store_true", help="write the page of a quick run, too")
    options = parser.parse_args(argv)
    unknown = sorted(set(options.groups) - set(GROUPS))
    if unknown:
        parser.error(f"there is no group `{unknown[0]}`; groups are {', '.join(GROUPS)}")
    if options.groups and options.write:
        parser.error("--write is for all groups; --csv FILE writes the table of some")
    return options


def effort_of(options: argparse.Namespace) -> Effort:
    return QUICK if options.quick else FULL


def measured(name: str, effort: Effort) -> Group:
    torch.compiler.reset()
    torch.manual_seed(0)
    module = GROUPS[name]
    group = Group(name, inspect.getdoc(module) or "", tuple(module.rows(effort)))
    table = Table(title=name, title_justify="left")
    for heading in HEADINGS:
        table.add_column(heading, justify="left" if heading == "case" else "right")
    for row in group.rows:
        table.add_row(*row.cells)
    Console(width=140).print(table)
    return group


def write(options: argparse.Namespace, groups: Sequence[Group], about: Mapping[str, str]) -> None:
    if options.csv:
        record.write_table(options.csv, groups, about)
    if options.write or not (options.quick or options.groups):
        record.write_table(TABLE, groups, about)
        record.write_page(PAGE, groups, about, table=TABLE, picture=PICTURE)
        small = [group for group in groups if group.name == "small_unit"]
        for group in small:
            picture.draw_bars(group.rows, PICTURE)


if __name__ == "__main__":
    sys.exit(main())
