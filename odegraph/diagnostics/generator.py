"""The continuous system behind a step of a model: the spectrum of its generator."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from odegraph.block import OdeBlock, manifest
from odegraph.dynamics import eigenvalues, linearise, numerical_abscissa
from odegraph.models import LyapunovAutoencoder, StableLatent
from odegraph.models.stable_latent import growth_factor
from odegraph.scheme import RungeKuttaScheme


@dataclass(frozen=True, eq=False)
class Generator:
    """The continuous system behind a step: dx/dt = L x, taken by `scheme` with step h."""

    scheme: RungeKuttaScheme
    step: float
    rates: Tensor  # eigenvalues of L, complex [n]
    abscissa: float  # the fastest rate at which |x| can grow at once

    @property
    def growth(self) -> tuple[float, ...]:
        """|R(h lambda)| of each rate."""
        return tuple(growth_factor(self.scheme, self.step * complex(z)) for z in self.rates)


def generator_of(model: nn.Module) -> Generator | None:
    """Of latent dynamics that are one step of a scheme; None for others."""
    latent = model.dynamics if isinstance(model, LyapunovAutoencoder) else model
    if not isinstance(latent, StableLatent):
        return None
    rate = latent.generator().detach()
    return Generator(latent.scheme, latent.step, eigenvalues(rate), numerical_abscissa(rate))


def linearised_generator(model: nn.Module, state: Tensor) -> Generator | None:
    """Of a block whose theta is one constant: an Euler step of size 1 is x + R(x)."""
    if not isinstance(model, OdeBlock):
        return None
    form = model.manifestation
    if form.basis.size != 1 or not isinstance(form.scheme, RungeKuttaScheme):
        return None
    euler = step_of(manifest(model, scheme="euler", steps=1, span=1).eval())
    rate = linearise(euler, state).detach().to(torch.float64) - torch.eye(state.numel()).double()
    step = float(form.span * (form.grid[1] - form.grid[0]))
    return Generator(form.scheme, step, eigenvalues(rate), numerical_abscissa(rate))


def step_of(model: nn.Module) -> Callable[[Tensor], Tensor]:
    """One step of a single state; models take batches."""
    step = getattr(model, "step", model)
    return lambda x: step(x[None])[0]
