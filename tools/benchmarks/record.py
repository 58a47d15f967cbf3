"""Measurements as files: a page to read, a table to compare the next run with."""

import csv
import os
import platform
import statistics
import subprocess
from collections.abc import Iterable, Mapping, Sequence
from importlib import metadata
from pathlib import Path

import torch

from benchmarks.row import Row

HEADER = ("group", "case", "median", "least", "unit", "goal", "runs")
TOLERANCE = 0.1  # of the old number
PEERS = ("torch", "torchdiffeq", "torchode", "torchdyn")


def circumstances() -> dict[str, str]:
    """Machine, versions, and commit of a run."""
    commit = subprocess.run(
        ["git", "describe", "--always", "--dirty"], check=False, capture_output=True, text=True
    )
    versions = ", ".join(f"{name} {metadata.version(name)}" for name in PEERS)
    return {
        "machine": f"{_processor()}, {os.cpu_count()} cores, {torch.get_num_threads()} used",
        "versions": f"Python {platform.python_version()}, {versions}",
        "commit": commit.stdout.strip() or "unknown",
        "load": f"{os.getloadavg()[0]:.1f}",
    }


def _processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    lines = cpuinfo.read_text(encoding="utf-8").splitlines() if cpuinfo.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def write_table(path: Path, measured: Mapping[str, Sequence[Row]]) -> None:
    """One line a case, after lines that begin with # and tell the circumstances."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        for name, text in circumstances().items():
            file.write(f"# {name}: {text}\n")
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(HEADER)
        for group, rows in measured.items():
            for row in rows:
                middle, least = statistics.median(row.values), min(row.values)
                numbers = (f"{middle:.5g}", f"{least:.5g}")
                writer.writerow((group, row.case, *numbers, row.unit, row.goal, len(row.values)))


def write_page(path: Path, measured: Mapping[str, Sequence[Row]]) -> None:
    """The same to read."""
    lines = [
        "# Benchmarks",
        "",
        "Written by `tools/bench --write`; the goals say what was hoped for, met or not.",
        "",
        *(f"- {name}: {text}" for name, text in circumstances().items()),
    ]
    for group, rows in measured.items():
        lines += ["", f"## {group.replace('_', ' ')}", "", "| case | median | least | goal |"]
        lines += ["|---|---:|---:|---:|"]
        lines += [f"| {' | '.join(row.cells)} |" for row in rows]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def regressions(old: Path, measured: Mapping[str, Sequence[Row]]) -> list[str]:
    """What is worse than in an older table by more than a tenth, in words."""
    with old.open(encoding="utf-8", newline="") as file:
        before = {
            (line["group"], line["case"]): float(line["median"])
            for line in csv.DictReader(one for one in file if not one.startswith("#"))
        }
    return list(_worse(before, measured))


def _worse(
    before: Mapping[tuple[str, str], float], measured: Mapping[str, Sequence[Row]]
) -> Iterable[str]:
    for group, rows in measured.items():
        for row in rows:
            was, now = before.get((group, row.case)), statistics.median(row.values)
            if was is None:
                continue
            more_is_better = row.goal.startswith("at least")
            if (was > (1 + TOLERANCE) * now) if more_is_better else (now > (1 + TOLERANCE) * was):
                yield f"{group}: {row.case}: {was:.4g} {row.unit} before, {now:.4g} now"
