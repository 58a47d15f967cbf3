"""Proofs, loading and building."""

import subprocess
import sys
from collections.abc import Callable, Iterator

from benchmarks.row import Row, timed
from odegraph import OdeBlock, PiecewiseConstant, load_scheme, scheme_names, verify
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
FACTS = """
import sys, time
from odegraph.scheme import load_scheme
scheme = load_scheme(sys.argv[1])
start = time.perf_counter()
scheme.facts()
print(time.perf_counter() - start)
"""
IMPORT = """
import time, torch
start = time.perf_counter()
import odegraph
print(time.perf_counter() - start)
"""
ORDER_9 = "verner-efficient-9-8"


def in_fresh_process(source: str, *arguments: str) -> float:
    command = [sys.executable, "-c", source, *arguments]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def prove_catalogue() -> None:
    for name in scheme_names():
        verify(read_scheme_file(scheme_files()[name]))


def prove_order_9() -> None:
    verify(load_scheme(ORDER_9).spec)


def generate_trees() -> None:
    trees._trees.cache_clear()
    for order in range(1, 11):
        trees.rooted_trees(order)


def build_block(steps: int) -> None:
    OdeBlock(TanhUnit(2, 50), scheme="rk4-classic", basis=PiecewiseConstant(1), steps=steps)


def rows(runs: int) -> Iterator[Row]:
    """Seconds of each case."""
    for case, goal, seconds in cases():
        yield Row(case, [seconds() for _ in range(runs)], "s", goal)


def cases() -> list[tuple[str, str, Callable[[], float]]]:
    """What is timed, its goal, and a function that gives seconds."""
    loaded = ("rk4-classic", "dormand-prince", "gauss-3", "verner-8-7", ORDER_9)
    return [
        ("import odegraph, torch loaded", "1.5 s", lambda: in_fresh_process(IMPORT)),
        *(
            (f"load_scheme({name!r})", "0.02 s", lambda name=name: in_fresh_process(LOADING, name))
            for name in loaded
        ),
        ("prove gauss(3)", "0.2 s", lambda: timed(lambda: verify(load_scheme("gauss(3)").spec))),
        (f"prove {ORDER_9}, 16 stages with surds", "4 s", lambda: timed(prove_order_9)),
        (f"all facts of {ORDER_9}", "1 s", lambda: in_fresh_process(FACTS, ORDER_9)),
        ("prove the whole catalogue", "30 s", lambda: timed(prove_catalogue)),
        ("rooted trees to order 10", "1 s", lambda: timed(generate_trees)),
        ("build and lower rk4-classic, 256 steps", "", lambda: timed(lambda: build_block(256))),
        (
            "build and lower rk4-classic, 1024 steps",
            "2 s",
            lambda: timed(lambda: build_block(1024)),
        ),
    ]
