"""Coupled stages of a linear unit, solved exactly on torch; generated modules carry the text."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor


def unit_matrix(unit: Callable, x: Tensor, slots: Sequence[Tensor]) -> Tensor:
    """M with R(x) = M x for one flattened sample x, by the unit at unit vectors."""
    shape = x.shape[1:] if x.dim() > 1 else x.shape
    identity = torch.eye(shape.numel(), dtype=x.dtype, device=x.device)
    if x.dim() > 1:
        columns = unit(identity.reshape(-1, *shape), *slots)
    else:
        columns = torch.stack([unit(one.reshape(shape), *slots) for one in identity])
    return columns.reshape(identity.shape).mT


def stage_matrix(
    unit: Callable,
    A: Sequence[Sequence],
    x: Tensor,
    theta: Sequence[Sequence[Tensor]],
) -> Tensor:
    """P = (I - A (x) M)^-1 diag(M_1, ..., M_s): the rates of coupled stages are k = P y."""
    matrices = [unit_matrix(unit, x, slots) for slots in theta]
    blocks = []
    for row, M in zip(A, matrices, strict=True):
        blocks.append(torch.cat([a * M for a in row], dim=1))
    coupling = torch.cat(blocks)
    identity = torch.eye(len(coupling), dtype=x.dtype, device=x.device)
    return torch.linalg.solve(identity - coupling, torch.block_diag(*matrices))


def linear_stages(P: Tensor, states: list[Tensor]) -> tuple[Tensor, ...]:
    """Rates k = P y of all stages, for states y_i."""
    y = torch.stack(states, dim=1 if states[0].dim() > 1 else 0)
    if states[0].dim() > 1:
        k = (y.flatten(1) @ P.mT).reshape(y.shape)
        return k.unbind(1)
    return (P @ y.flatten()).reshape(y.shape).unbind()
