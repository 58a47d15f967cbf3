"""What commands print: for people with rich, for machines as JSON."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

console = Console(highlight=False)
MAX_SEED = 2**63 - 1  # what torch takes


def print_json(data: Any) -> None:
    """One JSON document on standard output."""
    console.out(json.dumps(data, indent=2, ensure_ascii=False), highlight=False)


def print_facts(facts: Mapping[str, object]) -> None:
    """Two columns: what, and how much of it."""
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in facts.items():
        table.add_row(name, shown(value))
    console.print(table)


def print_written(paths: Iterable[Path]) -> None:
    """Which files were written."""
    for path in paths:
        console.print(f"wrote {path}", soft_wrap=True)


def shown(value: object) -> str:
    """A value as a person reads it."""
    match value:
        case None:
            return "-"
        case bool():
            return "yes" if value else "no"
    return str(value)
