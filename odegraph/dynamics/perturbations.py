"""How small perturbations grow along a rollout x -> step(x), by derivatives (`torch.func`).

Tangent vectors are pushed forward with the state and made orthonormal again at every step (Benettin
et al. 1980): their lengths never overflow, and the logarithms of what was divided out add up to the
Lyapunov exponents.
"""

import warnings
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.func import jacrev, jvp, vmap

from odegraph._errors import GraphError


@dataclass(frozen=True, eq=False)
class PerturbationGrowth:
    """Growth along a rollout of `steps` from one state."""

    states: Tensor  # [steps + 1, *state]
    log_growth: Tensor  # [steps + 1]: log of the largest growth within the perturbations followed
    exponents: Tensor  # [directions]: mean logarithmic growth a step, the largest first


def linearise(step: Callable[[Tensor], Tensor], state: Tensor) -> Tensor:
    """Return the Jacobian of `step` at `state` as a matrix [n, n], n the numbers in a state."""
    _check_shape(step(state), state)
    jacobian = torch.as_tensor(jacrev(step)(state))
    return jacobian.reshape(state.numel(), state.numel())


def perturbation_growth(
    step: Callable[[Tensor], Tensor],
    start: Tensor,
    *,
    steps: int,
    directions: int | None = None,
    seed: int = 0,
) -> PerturbationGrowth:
    """Follow `directions` seeded random perturbations (by default all n) of `start` for `steps`.

    With all n the growth is |Omega_k ... Omega_1|_2, the norm of the product of the Jacobians; with
    fewer it is a lower bound, and the exponents are the leading ones.
    """
    size = start.numel()
    count = size if directions is None else directions
    if not 1 <= count <= size:
        raise GraphError(f"directions is `{count}`; a state of {size} numbers has 1 to {size}.")
    if steps < 1:
        raise GraphError(f"steps is `{steps}`; growth needs at least one step.")
    tangents = _orthonormal(start, count, seed=seed)
    state, growth = start.detach(), _Growth(tangents)
    states = [state]
    for _ in range(steps):
        state, pushed = _push(step, state, tangents)
        tangents, stretch = torch.linalg.qr(pushed)
        growth.append(stretch)
        states.append(state)
    exponents = (growth.total / steps).sort(descending=True).values
    return PerturbationGrowth(torch.stack(states), torch.stack(growth.logs), exponents)


class _Growth:
    """The product of the triangular factors, scaled to norm 1, with the logarithm beside it."""

    def __init__(self, tangents: Tensor) -> None:
        count = tangents.shape[1]
        self.factor = torch.eye(count, dtype=tangents.dtype, device=tangents.device)
        self.logs = [tangents.new_zeros(())]
        self.total = tangents.new_zeros(count)

    def append(self, stretch: Tensor) -> None:
        self.total = self.total + stretch.diagonal().abs().log()
        product = stretch @ self.factor
        norm = torch.linalg.matrix_norm(product, ord=2)
        self.factor = product / norm.clamp(min=torch.finfo(norm.dtype).tiny)
        self.logs.append(self.logs[-1] + norm.log())


def _orthonormal(start: Tensor, count: int, *, seed: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    random = torch.randn(start.numel(), count, generator=generator, dtype=torch.float64)
    return torch.linalg.qr(random)[0].to(start)


def _push(
    step: Callable[[Tensor], Tensor], state: Tensor, tangents: Tensor
) -> tuple[Tensor, Tensor]:
    """Apply `step` to the state, and its Jacobian to the tangents [n, directions]."""
    image = step(state).detach()
    _check_shape(image, state)
    vectors = tangents.mT.reshape(-1, *state.shape)
    with warnings.catch_warnings():
        # torch 2.13 scripts its own decompositions the first time that a derivative goes forward.
        warnings.filterwarnings("ignore", "`torch.jit.script` is deprecated", DeprecationWarning)
        pushed = vmap(lambda vector: jvp(step, (state,), (vector,))[1])(vectors)
    return image, pushed.detach().reshape(len(vectors), -1).mT


def _check_shape(image: Tensor, state: Tensor) -> None:
    if image.shape != state.shape:
        raise GraphError(
            f"A step maps the shape `{tuple(state.shape)}` to `{tuple(image.shape)}`; a rollout "
            "needs the same shape."
        )
