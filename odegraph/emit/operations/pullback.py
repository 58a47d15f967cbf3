"""The transposed derivative of a unit: a vector-Jacobian product that a lowered graph calls."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, fx, nn


class UnitPullback(nn.Module):
    """(dR/dx)^T v, then (dR/dtheta)^T v for the parameters that learn.

    The unit is computed again at (x, theta): nothing of what is inside of it is kept until then.
    """

    def __init__(self, unit: fx.GraphModule, learning: Sequence[int]) -> None:
        super().__init__()
        self.unit = unit
        self.learning = tuple(learning)

    def forward(self, x: Tensor, theta: list[Tensor], v: Tensor) -> tuple[Tensor, ...]:
        """The gradients of v . R(x, theta).

        `theta` holds the parameters, the buffers, and what a random unit drew.
        """

        def rate(x: Tensor, *learned: Tensor) -> Tensor:
            slots = list(theta)
            for position, value in zip(self.learning, learned, strict=True):
                slots[position] = value
            result = self.unit(x, *slots)
            return result[0] if isinstance(result, tuple) else result

        leaves = (x, *(theta[position] for position in self.learning))
        if torch.compiler.is_compiling():
            # Dynamo of torch 2.13 does not trace `torch.autograd.grad`; run as it is, this one
            # takes more than twice the time for a small unit.
            return torch.func.vjp(rate, *leaves)[1](v)
        return _gradients(rate, leaves, v)


def _gradients(
    function: Callable[..., Tensor], values: Sequence[Tensor], v: Tensor
) -> tuple[Tensor, ...]:
    with torch.enable_grad():
        leaves = [value.detach().requires_grad_() for value in values]
        result = function(*leaves)
    if not result.requires_grad:
        return tuple(torch.zeros_like(value) for value in values)
    return torch.autograd.grad(result, leaves, v, allow_unused=True, materialize_grads=True)
