"""Train a unit inside a scheme to predict the pendulum one sample ahead."""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

import torch
from torch import Tensor

from odegraph.basis import PiecewiseConstant
from odegraph.block import OdeBlock
from odegraph.data.pendulum import Pendulum
from odegraph.models.units import TanhUnit

SAMPLE_STEP = Fraction(1, 10)  # seconds
DURATION = 10.0  # seconds
HIDDEN = 50
LBFGS_CHUNK = 50
HISTORY = 100

Advance = Callable[[float], None]


@dataclass(frozen=True)
class Recipe:
    """Adam finds the basin, L-BFGS its floor; full batches in double precision.

    Attributes:
        seed: of the initial parameters.
        adam_steps: with a learning rate that falls from 1e-2 to 0 as a cosine.
        lbfgs_iterations: with a strong Wolfe line search.
    """

    seed: int = 0
    adam_steps: int = 3000
    lbfgs_iterations: int = 1000


@dataclass(frozen=True)
class Trained:
    """A trained block and its mean squared one-step error, in units of the sample step."""

    block: OdeBlock
    loss: float


def samples() -> tuple[Tensor, Tensor]:
    """States [100, 2] every 0.1 s for 10 s, and the states one sample later."""
    trajectory = Pendulum().trajectory(duration=DURATION, step=float(SAMPLE_STEP))
    states = torch.as_tensor(trajectory.states, dtype=torch.float64)
    return states[:-1], states[1:]


def train(scheme: str, recipe: Recipe, *, advance: Advance) -> Trained:
    """A block that takes one sample step in one step of `scheme`.

    `advance` is told the fraction of the work that is done.
    """
    torch.manual_seed(recipe.seed)
    block = OdeBlock(
        TanhUnit(features=2, hidden=HIDDEN, dtype=torch.float64),
        scheme=scheme,
        basis=PiecewiseConstant(1),
        steps=1,
        span=SAMPLE_STEP,
    )
    now, later = samples()
    _adam(block, now, later, recipe.adam_steps, lambda done: advance(0.4 * done))
    _lbfgs(block, now, later, recipe.lbfgs_iterations, lambda done: advance(0.4 + 0.6 * done))
    return Trained(block, _loss(block, now, later).item())


def _loss(block: OdeBlock, now: Tensor, later: Tensor) -> Tensor:
    # Divided by the step, the loss is that of the rate, of order one whatever the step.
    return torch.mean(((block(now) - later) / float(SAMPLE_STEP)) ** 2)


def _adam(block: OdeBlock, now: Tensor, later: Tensor, steps: int, advance: Advance) -> None:
    optimizer = torch.optim.Adam(block.parameters(), lr=1e-2)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    for step in range(steps):
        optimizer.zero_grad()
        _loss(block, now, later).backward()
        optimizer.step()
        schedule.step()
        advance((step + 1) / steps)


def _lbfgs(block: OdeBlock, now: Tensor, later: Tensor, iterations: int, advance: Advance) -> None:
    optimizer = torch.optim.LBFGS(
        block.parameters(),
        max_iter=LBFGS_CHUNK,
        max_eval=10 * LBFGS_CHUNK,
        history_size=HISTORY,
        tolerance_grad=0.0,
        tolerance_change=0.0,
        line_search_fn="strong_wolfe",
    )

    def closure() -> Tensor:
        optimizer.zero_grad()
        loss = _loss(block, now, later)
        loss.backward()
        return loss

    for done in range(0, iterations, LBFGS_CHUNK):
        optimizer.step(closure)
        advance(min(1.0, (done + LBFGS_CHUNK) / iterations))
