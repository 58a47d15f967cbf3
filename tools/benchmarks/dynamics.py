"""Latent dynamics: the Lyapunov equation, matrices of stable maps, long rollouts, the wake."""

from collections.abc import Callable, Iterator

import torch

from benchmarks.effort import Effort
from benchmarks.measure import in_turns
from benchmarks.row import AtMost, Goal, Row
from odegraph.data.wake.cylinder import WakeParameters, make_flow
from odegraph.dynamics import lyapunov_prior, lyapunov_solve
from odegraph.models import StableLatent, linear_rollout

STEPS = 100


def rows(effort: Effort) -> Iterator[Row]:
    """Milliseconds of each case."""
    for case, goal, work in cases():
        (times,) = in_turns({case: work}, turns=effort.turns).values()
        yield Row(case, times, goal=goal)


def cases() -> list[tuple[str, Goal, Callable[[], object]]]:
    """What is timed, its goal, and the work."""
    generator = torch.Generator().manual_seed(0)
    omega = torch.randn(32, 32, generator=generator, dtype=torch.float64) / 6
    weight = omega.clone().requires_grad_()
    latent = StableLatent(15)
    start = torch.randn(15, generator=generator)
    flow = make_flow(WakeParameters())
    return [
        ("lyapunov_solve, n = 32", AtMost(60), lambda: lyapunov_solve(omega)),
        (
            "Lyapunov prior with gradient, n = 32",
            AtMost(60),
            lambda: lyapunov_prior(weight).backward(),
        ),
        ("StableLatent(15).omega()", AtMost(), latent.omega),
        ("rollout of 10,000 steps, n = 15", AtMost(), lambda: long_rollout(latent, start)),
        (f"{STEPS} time steps of the wake, diameter 10", AtMost(), lambda: advance(flow.step)),
    ]


@torch.no_grad()
def long_rollout(latent: StableLatent, start: torch.Tensor) -> torch.Tensor:
    return linear_rollout(latent.omega(), start, steps=10_000)


def advance(step: Callable[[], None]) -> None:
    for _ in range(STEPS):
        step()
