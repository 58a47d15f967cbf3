"""Deep rollouts of a linear latent map by powers of its matrix."""

import torch
from torch import Tensor

from odegraph._errors import GraphError


def linear_rollout(omega: Tensor, start: Tensor, *, steps: int) -> Tensor:
    """All of Omega^k z for k = 0 to `steps`: [steps + 1, ..., size] for z [..., size].

    What is known is doubled: Omega^(2m) takes the first m states to the next m. A rollout of k
    steps costs about log2(k) products, and stays differentiable.
    """
    check_steps(steps)
    states, power = start[None], omega
    while len(states) <= steps:
        states = torch.cat([states, states @ power.mT])
        power = power @ power
    return states[: steps + 1]


def rollout_at(omega: Tensor, start: Tensor, *, step: int) -> Tensor:
    """Omega^step z by repeated squaring, for z [..., size]."""
    check_steps(step)
    return start @ torch.linalg.matrix_power(omega, step).mT


def check_steps(steps: int) -> None:
    """Refuse a rollout that goes backwards."""
    if steps < 0:
        raise GraphError(f"steps is `{steps}`; a rollout goes forward, by 0 or more steps.")
