"""Forecasts that need no learning; a learned model is worth what it gains over them."""

import torch
from torch import Tensor

from odegraph._errors import DataError


def persistence(train: Tensor, test: Tensor) -> Tensor:
    """Forecast each frame of `test` [time, features] by the frame before it: [time, features].

    The frame before the first is the last one of `train`.
    """
    return torch.cat([train[-1:], test[:-1]])


def climatology(train: Tensor, *, steps: int, period: int = 1) -> Tensor:
    """Forecast the `steps` frames after `train` [time, features] by the mean at the same phase.

    `period` is that of the cycle in snapshots, 12 for months; 1 gives the mean over all of `train`.
    """
    if not 1 <= period <= len(train):
        raise DataError(
            f"period is `{period}`; it must be 1 to `{len(train)}`, the training snapshots."
        )
    phases = torch.stack([train[phase::period].mean(dim=0) for phase in range(period)])
    return phases[(len(train) + torch.arange(steps, device=train.device)) % period]


def root_mean_square_error(forecast: Tensor, truth: Tensor) -> float:
    """Root of the mean over all times and features of (forecast - truth)^2."""
    return (forecast - truth).square().mean().sqrt().item()
