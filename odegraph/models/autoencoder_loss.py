"""What dynamics models are trained on: windows of a sequence, and the terms of the loss."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from odegraph._errors import DataError, GraphError
from odegraph.dynamics import lyapunov_prior
from odegraph.models.lyapunov_autoencoder import LyapunovAutoencoder, checked_taps


@dataclass(frozen=True)
class LossTerms:
    """The terms, each with its weight in it, and their sum."""

    prediction: Tensor
    reconstruction: Tensor
    prior: Tensor

    @property
    def total(self) -> Tensor:
        """What to minimise."""
        return self.prediction + self.reconstruction + self.prior


def windows(values: Tensor, *, taps: Sequence[int]) -> Tensor:
    """All windows (y_t, y_{t+tap}, ...) of values [time, features]: [count, 1 + taps, features].

    Raises:
        DataError: a tap that reaches beyond the sequence, or another shape.
    """
    steps = checked_taps(taps)
    if values.ndim != 2:
        raise DataError(
            f"The sequence has the shape `{tuple(values.shape)}`; windows are cut from [time, "
            "features]. Flatten each frame first."
        )
    check_taps_fit(steps, len(values))
    count = len(values) - steps[-1]
    return torch.stack([values[k : k + count] for k in (0, *steps)], dim=1)


def check_taps_fit(taps: Sequence[int], frames: int) -> None:
    """Refuse taps of which the last lies beyond a sequence of `frames`."""
    if frames <= taps[-1]:
        raise DataError(
            f"The tap `{taps[-1]}` reaches beyond the sequence of `{frames}` frames; it needs at "
            "least one frame more than the tap. Take fewer steps or a longer sequence."
        )


def prediction_loss(model: nn.Module, window: Tensor) -> Tensor:
    """The sum over the taps of the mean squared error of model(y_t): a scalar.

    `window` is [batch, 1 + taps, features], from `windows`.
    """
    now, *later = window.unbind(dim=1)
    predictions = model(now)
    if len(predictions) != len(later):
        raise GraphError(
            f"The model has `{len(predictions)}` taps and the window `{len(later)}` later frames; "
            "cut the windows with `windows(values, taps=model.taps)`."
        )
    errors = [F.mse_loss(y, truth) for y, truth in zip(predictions, later, strict=True)]
    return torch.stack(errors).sum()


def autoencoder_loss(
    model: LyapunovAutoencoder,
    window: Tensor,
    *,
    reconstruction: float = 1.0,
    kappa: float | None = None,
    gamma: float = 4.0,
) -> LossTerms:
    """Prediction at the taps + lambda |y_t - Phi Psi y_t|^2 + kappa sum_i rho(p_i).

    Args:
        model: an autoencoder.
        window: [batch, 1 + taps, features], from `windows`.
        reconstruction: lambda.
        kappa: weight of the Lyapunov prior, see `lyapunov_prior`; None leaves it out.
        gamma: width of the prior.

    Raises:
        GraphError: a weight that is not positive.
    """
    if not reconstruction >= 0:
        raise GraphError(f"reconstruction is `{reconstruction}`; the weight is 0 or more.")
    if kappa is not None and not kappa > 0:
        raise GraphError(
            f"kappa is `{kappa}`; the weight of the Lyapunov prior is positive. To train without "
            "the prior leave kappa out."
        )
    now = window[:, 0]
    prior = now.new_zeros(()) if kappa is None else kappa * lyapunov_prior(model.omega(), gamma)
    return LossTerms(
        prediction_loss(model, window),
        reconstruction * F.mse_loss(model.reconstruct(now), now),
        prior.to(now.dtype),
    )
