"""Linear(2, 50), tanh, Linear(50, 2) on a batch of 64: what each framework adds to the arithmetic.

Each peer is measured beside the same scheme with the same steps, all in the same turns. The goals
are those of the compiled block: the eager one calls the operations of torch that a loop calls,
which therefore bounds it.
"""

import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence

import torch
from torch import nn

import odegraph as og
from benchmarks import peers
from benchmarks.effort import Effort
from benchmarks.measure import in_turns
from benchmarks.row import AtLeast, Goal, Row
from odegraph.emit.execution.compilation import Compilation
from odegraph.models.units import TanhUnit

BATCH, STEPS = 64, 100
LOOP = "a Python loop"
EXECUTIONS: Mapping[str, Compilation] = {"eager": og.Eager(), "compiled": og.CompiledSteps()}
Cluster = Mapping[str, Mapping[str, float]]
PEERS: Mapping[str, tuple[str, Callable[[nn.Module, int], peers.Solve]]] = {
    "torchdiffeq": ("rk4-38", peers.torchdiffeq),
    "torchdyn": ("rk4-classic", peers.torchdyn),
    LOOP: ("rk4-classic", peers.python_loop),
    "torchode": ("heun-2", peers.torchode),
}
GOALS: Mapping[tuple[str, str], Goal] = {
    ("forward", "compiled"): AtLeast(4),
    ("training step", "compiled"): AtLeast(3),
}
TASKS = ("forward", "training step")


def rows(effort: Effort) -> Iterator[Row]:
    """Milliseconds of all steps, ours beside theirs."""
    unit = TanhUnit(2, 50)
    solvers = {name: make(unit, STEPS) for name, (_, make) in PEERS.items()}
    for scheme in dict.fromkeys(scheme for scheme, _ in PEERS.values()):
        for how, compilation in EXECUTIONS.items():
            solvers[f"{scheme}, {how}"] = block_of(unit, scheme, STEPS, compilation)
    for what in TASKS:
        work = {name: task(what, solve) for name, solve in solvers.items()}
        times = in_turns(work, turns=effort.turns)
        for peer, (scheme, _) in PEERS.items():
            for how in EXECUTIONS:
                goal = AtLeast() if peer == LOOP else GOALS.get((what, how), AtLeast())
                case = case_of(what, scheme, how, peer)
                yield Row(case, times[f"{scheme}, {how}"], times[peer], goal=goal)


def case_of(what: str, scheme: str, how: str, peer: str) -> str:
    """How a row is called."""
    return f"{what}, {scheme}, {STEPS} steps: {how} beside {peer}"


def bars(rows: Sequence[Row]) -> Iterator[tuple[str, Cluster]]:
    """For each task and scheme the microseconds of a step by name, from `rows` of this module."""
    known = {row.case: row for row in rows}
    for what in TASKS:
        clusters: dict[str, dict[str, float]] = {}
        for peer, (scheme, _) in PEERS.items():
            cluster = clusters.setdefault(scheme, {})
            for how in EXECUTIONS:
                row = known[case_of(what, scheme, how, peer)]
                cluster[peer] = microseconds(row.theirs)
                cluster[f"odegraph, {how}"] = microseconds(row.ours)
        yield what, clusters


def microseconds(milliseconds: Sequence[float]) -> float:
    """Of one step, the median."""
    return 1000 * statistics.median(milliseconds) / STEPS


def block_of(unit: nn.Module, scheme: str, steps: int, compilation: Compilation) -> og.OdeBlock:
    """The unit with one set of weights for all depths."""
    basis = og.PiecewiseConstant(1)
    execution = og.Execution(compilation=compilation)
    return og.OdeBlock(unit, scheme=scheme, basis=basis, steps=steps, execution=execution)


def task(what: str, solve: peers.Solve, *, device: str = "cpu") -> Callable[[], object]:
    """The forward pass without gradients, or the pass there and back."""
    x = torch.randn(BATCH, 2, device=device)

    @torch.no_grad()
    def forward() -> None:
        solve(x)

    def training_step() -> None:
        solve(x).square().sum().backward()

    return forward if what == "forward" else training_step
