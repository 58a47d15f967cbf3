"""Train one model of a kind on coordinates of frames."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from odegraph.models import windows
from odegraph.study.recipe import KINDS, Recipe

Advance = Callable[[float], None]
REPORTS = 50  # how often a run tells how far it is


def train(
    kind: str, frames: Tensor, *, recipe: Recipe, seed: int, advance: Advance
) -> tuple[nn.Module, float]:
    """The trained model and its last loss; `advance` is told the fraction done.

    `frames` are [time, features]. The same kind, frames, recipe and seed give the same model.
    """
    torch.manual_seed(seed)
    chosen = KINDS[kind]
    model = chosen.build(frames.shape[1]).to(recipe.device)
    taps: tuple[int, ...] = model.taps  # pyright: ignore[reportAssignmentType]
    window = windows(frames, taps=taps).to(recipe.device)
    optimizer = torch.optim.Adam(
        model.parameters(), lr=recipe.learning_rate, weight_decay=recipe.weight_decay
    )
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, recipe.epochs)
    loss = torch.zeros(())
    for epoch in range(recipe.epochs):
        optimizer.zero_grad()
        loss = chosen.loss(model, window, recipe)
        loss.backward()
        optimizer.step()
        schedule.step()
        if epoch % max(1, recipe.epochs // REPORTS) == 0:
            advance(epoch / recipe.epochs)
    advance(1.0)
    return model.to("cpu").eval(), loss.item()


def noisy(values: Tensor, *, level: float, seed: int) -> Tensor:
    """Values with independent Gaussian noise of standard deviation `level`."""
    generator = torch.Generator().manual_seed(1000 + seed)
    return values + level * torch.randn(values.shape, generator=generator, dtype=values.dtype)
