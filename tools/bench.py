"""Timings of proofs, loading and building, beside their goals; the medians of several runs."""

import argparse
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence

from rich.console import Console
from rich.table import Table

from odegraph import OdeBlock, PiecewiseConstant, __version__, load_scheme, scheme_names, verify
from odegraph.dynamics import lyapunov_prior
from odegraph.models.units import TanhUnit
from odegraph.scheme import rooted_trees as trees
from odegraph.scheme.file import read_scheme_file
from odegraph.scheme.folder import scheme_files

LOADING = """
import sys, time
from odegraph.scheme import load_scheme
start = time.perf_counter()
load_scheme(sys.argv[1])
print(time.perf_counter() - start)
"""
IMPORT = """
import time, torch
start = time.perf_counter()
import odegraph
print(time.perf_counter() - start)
"""


def timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def in_fresh_process(source: str, *arguments: str) -> float:
    command = [sys.executable, "-c", source, *arguments]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def prove_catalogue() -> None:
    for name in scheme_names():
        verify(read_scheme_file(scheme_files()[name]))


def generate_trees() -> None:
    trees._trees.cache_clear()
    for order in range(1, 11):
        trees.rooted_trees(order)


def build_block(steps: int) -> None:
    OdeBlock(TanhUnit(2, 50), scheme="rk4-classic", basis=PiecewiseConstant(1), steps=steps)


def solve_lyapunov() -> None:
    import torch

    generator = torch.Generator().manual_seed(0)
    omega = torch.randn(32, 32, generator=generator, dtype=torch.float64) / 6
    lyapunov_prior(omega.requires_grad_()).backward()


def cases() -> list[tuple[str, str, Callable[[], float]]]:
    """What is timed, its goal, and a function that gives seconds."""
    loaded = ("rk4-classic", "dormand-prince", "gauss-3", "verner-8-7")
    return [
        ("import odegraph, torch loaded", "1.5 s", lambda: in_fresh_process(IMPORT)),
        *(
            (f"load_scheme({name!r})", "0.02 s", lambda name=name: in_fresh_process(LOADING, name))
            for name in loaded
        ),
        ("prove gauss(3)", "0.2 s", lambda: timed(lambda: verify(load_scheme("gauss(3)").spec))),
        ("prove the whole catalogue", "30 s", lambda: timed(prove_catalogue)),
        ("rooted trees to order 10", "1 s", lambda: timed(generate_trees)),
        ("build and lower rk4-classic, 256 steps", "", lambda: timed(lambda: build_block(256))),
        (
            "build and lower rk4-classic, 1024 steps",
            "2 s",
            lambda: timed(lambda: build_block(1024)),
        ),
        ("Lyapunov prior with gradient, n = 32", "0.06 s", lambda: timed(solve_lyapunov)),
    ]


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5, help="runs of each case")
    parser.add_argument("--quick", action="store_true", help="one run of each case")
    options = parser.parse_args(argv)
    runs = 1 if options.quick else options.runs
    table = Table(
        title=f"odegraph {__version__}, Python {platform.python_version()}, median of {runs}"
    )
    table.add_column("case")
    for column in ("median", "fastest", "goal"):
        table.add_column(column, justify="right")
    for name, goal, seconds in cases():
        measured = [seconds() for _ in range(runs)]
        middle, least = statistics.median(measured), min(measured)
        table.add_row(name, f"{middle:.4f} s", f"{least:.4f} s", goal)
    Console().print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
