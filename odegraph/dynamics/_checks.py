"""What every function here asks of its matrix."""

import torch
from torch import Tensor

from odegraph._errors import GraphError


def check_real_square(matrix: Tensor, *, name: str) -> None:
    """Refuse what is not a finite real square floating-point matrix."""
    if not isinstance(matrix, Tensor):
        raise GraphError(
            f"{name} is of the type `{type(matrix).__name__}`; it must be a tensor: "
            "`torch.tensor(...)`."
        )
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1] or matrix.numel() == 0:
        raise GraphError(
            f"{name} has the shape `{tuple(matrix.shape)}`; it must be a square matrix, [n, n]."
        )
    if not matrix.is_floating_point():
        raise GraphError(
            f"{name} has the dtype `{matrix.dtype}`; it must be real and floating-point."
        )
    if not bool(torch.isfinite(matrix.detach()).all()):
        raise GraphError(
            f"{name} holds NaN or infinity. Training has diverged; lower the learning rate."
        )
