"""Measurements as files: a page to read, a table to compare the next run with."""

import csv
import os
import platform
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import final

import torch

from benchmarks.row import HEADINGS, VERDICTS, Row

HEADER = (
    *("group", "case", "median", "least", "measure", "goal", "met"),
    *("ours", "theirs", "unit", "turns", "note"),
)
TOLERANCE = 0.1  # of the old number
LIBRARIES = ("odegraph", "torch", "torchdiffeq", "torchode", "torchdyn")
INTRODUCTION = """\
# Benchmarks

What a static graph saves, beside what a user would take instead. `tools/bench` measures all of it
and writes this page, {picture} and the numbers in [{table}]({table}); `tools/bench --quick` gives a
first look in three minutes, and `tools/bench --compare docs/results/benchmarks.csv` names the cases
that became slower.

One thread, float32. What is compared is measured in turns, in one process, so that other work
disturbs both alike; times are processor seconds, and what is done once is not counted. *Median*
compares the medians of all turns and decides whether a goal is met; *least* compares the least
times. *Ours* and *theirs* are the medians themselves. Milliseconds are those of this machine;
ratios travel better."""


@final
@dataclass(frozen=True)
class Group:
    """The rows of one module of benchmarks.

    Attributes:
        name: of the module.
        text: what was measured, its docstring.
        rows: the measurements.
    """

    name: str
    text: str
    rows: Sequence[Row]


def circumstances() -> dict[str, str]:
    """Machine, versions, commit, and load at the start of a run."""
    commit = subprocess.run(
        ["git", "describe", "--always", "--dirty"], check=False, capture_output=True, text=True
    )
    return {
        "machine": f"{_processor()}, {os.cpu_count()} cores, {torch.get_num_threads()} used",
        "versions": f"Python {platform.python_version()}, {', '.join(_versions())}",
        "commit": commit.stdout.strip() or "unknown",
        "load": f"{os.getloadavg()[0]:.1f} at the start",
    }


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text(encoding="utf-8").splitlines() if cpuinfo.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def _versions() -> Iterator[str]:
    for name in LIBRARIES:
        try:
            yield f"{name} {metadata.version(name)}"
        except metadata.PackageNotFoundError:
            continue


def write_table(path: Path, groups: Sequence[Group], about: Mapping[str, str]) -> None:
    """One line a case, after lines that begin with # and tell the circumstances."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        for name, text in about.items():
            file.write(f"# {name}: {text}\n")
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(HEADER)
        writer.writerows(_line(group.name, row) for group in groups for row in group.rows)


def _line(group: str, row: Row) -> tuple[object, ...]:
    numbers = row.numbers if row.ours else ("", "", "", "")
    median, least, ours, theirs = (f"{one:.5g}" if one != "" else "" for one in numbers)
    return (
        *(group, row.case, median, least, row.measure, row.goal, VERDICTS[row.is_met]),
        *(ours, theirs, row.unit, len(row.ours), row.note),
    )


def write_page(
    path: Path, groups: Sequence[Group], about: Mapping[str, str], *, table: Path, picture: Path
) -> None:
    """The same to read; links are seen from the folder of the page."""
    links = {
        name: os.path.relpath(to, path.parent)
        for name, to in (("table", table), ("picture", picture))
    }
    lines = [
        INTRODUCTION.format(table=links["table"], picture="the picture below"),
        "",
        *(f"- {name}: {text}" for name, text in about.items()),
        "",
        f"![Microseconds of a step of the small unit, by framework]({links['picture']})",
        *(line for group in groups for line in _section(group)),
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _section(group: Group) -> Iterator[str]:
    yield from ("", f"## {group.name.replace('_', ' ').capitalize()}", "", *group.text.splitlines())
    yield from ("", f"| {' | '.join(HEADINGS)} |", f"|---|{'---:|' * (len(HEADINGS) - 2)}---|")
    yield from (f"| {' | '.join(map(_escaped, row.cells))} |" for row in group.rows)
    reasons: dict[str, list[str]] = {}
    for row in group.rows:
        if row.note and (row.is_met is False or not row.ours):
            reasons.setdefault(row.note, []).append(row.case)
    for reason, cases in reasons.items():
        yield from ("", f"*{'; '.join(cases)}*: {reason}.")


def _escaped(cell: str) -> str:
    return cell.replace("|", "\\|")


def regressions(old: Path, groups: Sequence[Group]) -> list[str]:
    """What is worse than in an older table by more than a tenth, in words.

    Both the median and the least have to be: the median alone moves with the load of the machine,
    the least alone with luck. Ratios are compared where there are any, so that the old table may
    come from another machine; cases that only one of the tables has are left out.
    """
    with old.open(encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(one for one in file if not one.startswith("#")))
    before = {(line["group"], line["case"]): line for line in lines if line["median"]}
    return [
        text
        for group in groups
        for row in group.rows
        if row.ours and (group.name, row.case) in before
        for text in _loss(group.name, row, before[group.name, row.case])
    ]


def _loss(group: str, row: Row, before: Mapping[str, str]) -> Iterator[str]:
    median, least = float(before["median"]), float(before["least"])
    loss = min(row.goal.loss(row.median, median), row.goal.loss(row.least, least))
    if loss > 1 + TOLERANCE:
        yield f"{group}: {row.case}: {median:.4g} {row.measure} before, {row.median:.4g} now"
