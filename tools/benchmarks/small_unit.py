"""Linear(2, 50), tanh, Linear(50, 2) on a batch of 64: what each framework adds to the arithmetic.

Seconds of the processor, one thread, measured in turns. The peers integrate the same unit by the
same scheme with the same steps.
"""

from collections.abc import Callable, Iterator, Mapping

import torch
from torch import Tensor, nn

import odegraph as og
from benchmarks.row import Row, least_in_turns
from odegraph.models.units import TanhUnit

BATCH, STEPS, ROUNDS = 64, 100, 10
COMPILED_STEPS = 40

Solve = Callable[[Tensor], Tensor]


def rows(runs: int) -> Iterator[Row]:
    """How many times as long the others take."""
    unit = TanhUnit(2, 50)
    yield from _beside_peers(
        unit, "rk4-classic", {"torchdiffeq": torchdiffeq, "torchdyn": torchdyn}, runs
    )
    yield from _beside_peers(unit, "heun-2", {"torchode": torchode}, runs)
    yield from _beside_hand_written(unit, runs)


def _beside_peers(
    unit: nn.Module, scheme: str, peers: Mapping[str, Callable[..., Solve]], runs: int
) -> Iterator[Row]:
    for compilation in (og.Eager(), og.CompiledSteps()):
        block = _block(unit, scheme, STEPS)
        block.compile(compilation)
        how = type(compilation).__name__
        solvers: dict[str, Solve] = {how: block}
        solvers |= {name: make(unit, STEPS) for name, make in peers.items()}
        for what, task, goal in (("forward", _forward, 4), ("training step", _training_step, 3)):
            times = [_least(solvers, task) for _ in range(runs)]
            for name in peers:
                ratios = [one[name] / one[how] for one in times]
                case = f"{scheme}, {STEPS} steps, {what}: {name} beside {how}"
                yield Row(case, ratios, "times", f"at least {goal}")


def _beside_hand_written(unit: nn.Module, runs: int) -> Iterator[Row]:
    solvers: dict[str, Solve] = {"by hand": torch.compile(by_hand(unit, COMPILED_STEPS))}
    for compilation in (og.CompiledSteps(), og.CompiledWhole()):
        block = _block(unit, "rk4-classic", COMPILED_STEPS)
        block.compile(compilation)
        solvers[type(compilation).__name__] = block
    for what, task in (("forward", _forward), ("training step", _training_step)):
        times = [_least(solvers, task) for _ in range(runs)]
        for name in list(solvers)[1:]:
            ratios = [one[name] / one["by hand"] for one in times]
            case = f"rk4-classic, {COMPILED_STEPS} steps, {what}: {name} beside a compiled loop"
            yield Row(case, ratios, "times", "at most 1.05")


def _block(unit: nn.Module, scheme: str, steps: int) -> og.OdeBlock:
    return og.OdeBlock(unit, scheme=scheme, basis=og.PiecewiseConstant(1), steps=steps)


def _least(solvers: Mapping[str, Solve], task: Callable[[Solve], Callable]) -> dict[str, float]:
    return least_in_turns({name: task(solve) for name, solve in solvers.items()}, rounds=ROUNDS)


def _forward(solve: Solve) -> Callable[[], object]:
    x = torch.randn(BATCH, 2)

    @torch.no_grad()
    def work() -> None:
        solve(x)

    return work


def _training_step(solve: Solve) -> Callable[[], object]:
    x = torch.randn(BATCH, 2)

    def work() -> None:
        solve(x).square().sum().backward()

    return work


def by_hand(unit: nn.Module, steps: int) -> Solve:
    """The classic fourth-order scheme as a loop."""
    h = 1 / steps

    def solve(x: Tensor) -> Tensor:
        for _ in range(steps):
            k1 = unit(x)
            k2 = unit(x + h / 2 * k1)
            k3 = unit(x + h / 2 * k2)
            k4 = unit(x + h * k3)
            x = x + (h / 6 * k1 + h / 3 * k2 + h / 3 * k3 + h / 6 * k4)
        return x

    return solve


def torchdiffeq(unit: nn.Module, steps: int) -> Solve:
    """Its fourth-order scheme is the 3/8 rule: as many evaluations and two more sums."""
    from torchdiffeq import odeint

    times = torch.linspace(0, 1, steps + 1)
    return lambda x: odeint(lambda _, y: unit(y), x, times, method="rk4")[-1]


def torchdyn(unit: nn.Module, steps: int) -> Solve:
    """Fixed steps, gradients by backpropagation."""
    from torchdyn.numerics import odeint

    times = torch.linspace(0, 1, steps + 1)
    return lambda x: odeint(lambda _, y, **__: unit(y), x, times, solver="rk4")[1][-1]


def torchode(unit: nn.Module, steps: int) -> Solve:
    """Heun's scheme with fixed steps: it has no fourth-order scheme without step control."""
    import torchode

    term = torchode.ODETerm(lambda _, y: unit(y))
    solver = torchode.AutoDiffAdjoint(torchode.Heun(term=term), torchode.FixedStepController())

    def solve(x: Tensor) -> Tensor:
        start, end = torch.zeros(len(x)), torch.ones(len(x))
        problem = torchode.InitialValueProblem(y0=x, t_start=start, t_end=end)
        return solver.solve(problem, dt0=torch.full((len(x),), 1 / steps)).ys[:, -1]

    return solve
