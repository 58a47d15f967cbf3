"""Reading scheme files and proving what they claim."""

import subprocess
import sys
from collections.abc import Callable, Iterator

from benchmarks.effort import Effort
from benchmarks.measure import wall_seconds
from benchmarks.row import AtMost, Row
from odegraph import load_scheme, scheme_names, verify
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
TURNS = 3


def in_fresh_process(source: str, *arguments: str) -> float:
    command = [sys.executable, "-c", source, *arguments]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def prove_catalogue() -> None:
    for name in scheme_names():
        verify(read_scheme_file(scheme_files()[name]))


def prove_gauss() -> None:
    verify(load_scheme("gauss(3)").spec)


def prove_order_9() -> None:
    verify(load_scheme(ORDER_9).spec)


def generate_trees() -> None:
    trees._trees.cache_clear()
    for order in range(1, 11):
        trees.rooted_trees(order)


def rows(effort: Effort) -> Iterator[Row]:
    """Seconds of each case."""
    for case, limit, seconds in cases():
        # As often in a quick run: the first proof in a process takes longer than the second.
        yield Row(case, [seconds() for _ in range(TURNS)], unit="s", goal=AtMost(limit))
    if effort.is_full:
        catalogue = [wall_seconds(prove_catalogue)]
        yield Row("prove the whole catalogue", catalogue, unit="s", goal=AtMost(30))


def cases() -> list[tuple[str, float, Callable[[], float]]]:
    """What is timed, the most seconds hoped for, and a function that gives seconds."""
    loaded = ("rk4-classic", "dormand-prince", "gauss-3", "verner-8-7", ORDER_9)
    return [
        ("import odegraph, torch loaded", 1.5, lambda: in_fresh_process(IMPORT)),
        *(
            (f"load_scheme({name!r})", 0.02, lambda name=name: in_fresh_process(LOADING, name))
            for name in loaded
        ),
        ("prove gauss(3)", 0.2, lambda: wall_seconds(prove_gauss)),
        (f"prove {ORDER_9}, 16 stages with surds", 4, lambda: wall_seconds(prove_order_9)),
        (f"all facts of {ORDER_9}", 1, lambda: in_fresh_process(FACTS, ORDER_9)),
        ("rooted trees to order 10", 1, lambda: wall_seconds(generate_trees)),
    ]
