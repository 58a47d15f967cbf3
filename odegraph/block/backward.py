"""Substeps that run backward, on units that cannot be run backward without harm."""

import warnings
from collections.abc import Sequence

import torch
from torch import Tensor

from odegraph.ir import Manifestation
from odegraph.scheme import CompositionScheme, RungeKuttaScheme
from odegraph.unit import Unit

STEP = 1e-4  # of the difference quotients
PROBES = 16


class BackwardSubstepWarning(UserWarning):
    """A composition with negative coefficients runs a diffusive or stochastic unit backward."""


def has_backward_substeps(form: Manifestation) -> bool:
    """Whether the scheme composes flows of which some run backward."""
    scheme = form.scheme
    composed = isinstance(scheme, CompositionScheme | RungeKuttaScheme)
    return composed and scheme.has_negative_substeps


def warn_of_random_unit(form: Manifestation, unit: Unit) -> None:
    """Warn where a substep would run back over noise that another has drawn."""
    if has_backward_substeps(form) and unit.is_random:
        _warn(form, unit, "draws random numbers, which a step back does not undo")


def warn_of_diffusion(form: Manifestation, unit: Unit, x: Tensor, slots: Sequence[Tensor]) -> None:
    """Warn where the unit contracts volume at the state `x`: diffusion cannot run backward.

    The trace of dR/dx is measured by difference quotients along random signs (Hutchinson 1990); it
    is 0 for reversible and Hamiltonian units. A unit is called diffusive where the mean lies below
    0 by more than three standard errors.
    """
    if not has_backward_substeps(form):
        return
    try:
        traces = _traces(unit, x.detach(), slots)
    except (RuntimeError, NotImplementedError):
        return  # inside vmap, or on tensors without values, there is nothing to measure
    mean, error = traces.mean(), traces.std() / len(traces) ** 0.5
    if mean < -3 * error - STEP:
        shown = f"{mean.item():.3g}"
        _warn(form, unit, f"is diffusive (its divergence at the first state is about {shown})")


@torch.no_grad()
def _traces(unit: Unit, x: Tensor, slots: Sequence[Tensor]) -> Tensor:
    """v . (dR/dx) v for random signs v, averaged over the samples."""
    noise = torch.Generator(device=x.device).manual_seed(0)  # leaves the user's generator alone
    rate = unit.evaluation(x, *slots)
    found = []
    for _ in range(PROBES):
        v = torch.randint(0, 2, x.shape, generator=noise, device=x.device).to(x) * 2 - 1
        moved = unit.evaluation(x + STEP * v, *slots)
        found.append((v * (moved - rate)).sum() / (STEP * max(len(x), 1)))
    return torch.stack(found)


def _warn(form: Manifestation, unit: Unit, why: str) -> None:
    warnings.warn(
        f"`{form.scheme.name}` has negative substeps, which run backward, and `{unit.name}` {why}: "
        "what a step back restores is amplified, not found. Take a composition without negative "
        "coefficients such as `strang`, or a scheme of another kind.",
        BackwardSubstepWarning,
        stacklevel=3,
    )
