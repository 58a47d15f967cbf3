"""Jacobians of units and functions of them, in torch; generated modules carry a copy of these.

J has the shape [batch, d, d], where d counts the numbers of one sample's state.
"""

import inspect
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def jacobian(unit: Callable[..., Tensor], x: Tensor, *slots: Tensor) -> Tensor:
    """dR/dx of every sample, all rows in one sweep; R treats the samples one by one."""
    size = x.shape[1:].numel()
    rows = torch.eye(size, dtype=x.dtype, device=x.device)
    rows = rows.reshape(size, 1, *x.shape[1:])
    copies, directions = (one.expand(size, *x.shape).flatten(0, 1) for one in (x, rows))
    if torch.compiler.is_exporting():
        # forward mode, by columns: torch.export does not follow vjp
        columns = torch.func.jvp(lambda y: unit(y, *slots), (copies,), (directions,))[1]
        return columns.reshape(size, x.shape[0], size).permute(1, 2, 0)
    pull_back = torch.func.vjp(lambda y: unit(y, *slots), copies)[1]
    return pull_back(directions)[0].reshape(size, x.shape[0], size).transpose(0, 1)


def phi_functions(matrix: Tensor, highest: int) -> tuple[Tensor, ...]:
    """phi_0 = exp, phi_1, ..., phi_highest, as blocks of the exponential of one matrix.

    Accurate near zero, where (exp(z) - 1) / z is not (Al-Mohy and Higham 2011).
    """
    size = matrix.shape[-1]
    width = highest * size
    shift = torch.eye(width, dtype=matrix.dtype, device=matrix.device)
    shift = F.pad(shift, (size, 0, 0, size))
    augmented = F.pad(matrix, (0, width, 0, width)) + shift
    return torch.linalg.matrix_exp(augmented)[..., :size, :].split(size, dim=-1)


def resolvent(matrix: Tensor) -> tuple[Tensor, Tensor]:
    """I - matrix, factorised once for all systems of a step."""
    identity = torch.eye(matrix.shape[-1], dtype=matrix.dtype, device=matrix.device)
    factors, pivots = torch.linalg.lu_factor(identity - matrix)
    return factors, pivots


def apply(matrix: Tensor, x: Tensor) -> Tensor:
    """The matrix of every sample times its state."""
    return (matrix @ x.flatten(1).unsqueeze(-1)).reshape(x.shape)


def solve(factorised: tuple[Tensor, Tensor], x: Tensor) -> Tensor:
    """The solution of one linear system for every sample."""
    right = x.flatten(1).unsqueeze(-1)
    return torch.linalg.lu_solve(*factorised, right).reshape(x.shape)


class UnitJacobian(nn.Module):
    """J of a unit graph as a module, so that a torch.fx graph can call it."""

    def __init__(self, unit: nn.Module) -> None:
        super().__init__()
        self.unit = unit

    def forward(self, x: Tensor, *slots: Tensor) -> Tensor:
        """dR/dx at the state and the values of parameters and buffers."""
        return jacobian(self.unit, x, *slots)


HELPERS = (jacobian, phi_functions, resolvent, apply, solve)


def helper_functions(code: str) -> list[str]:
    """The source of the functions that the statements `code` call."""
    return [inspect.getsource(one) for one in HELPERS if f" {one.__name__}(" in code]
