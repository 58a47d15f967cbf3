"""Residual units and the layers around them, by the names that model files use."""

import torch
from torch import Tensor, nn


class TanhUnit(nn.Module):
    """R(x) = W2 tanh(W1 x + b1) + b2: a shallow network that maps a state to its rate.

    Args:
        features: size of the state.
        hidden: size of the hidden layer.
        dtype: of the parameters; torch's default where it is None.
    """

    def __init__(self, features: int, hidden: int, *, dtype: torch.dtype | None = None) -> None:
        super().__init__()
        self.inner = nn.Linear(features, hidden, dtype=dtype)
        self.outer = nn.Linear(hidden, features, dtype=dtype)

    def forward(self, x: Tensor) -> Tensor:
        """Rates of shape [..., features] for states of the same shape."""
        return self.outer(torch.tanh(self.inner(x)))


class ConvReluNorm(nn.Module):
    """The conv-first unit: twice (3 x 3 convolution, ReLU, batch normalisation).

    Args:
        channels: of the state and of the rate.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1)
        self.norm1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1)
        self.norm2 = nn.BatchNorm2d(channels)

    def forward(self, x: Tensor) -> Tensor:
        """Rates of shape [batch, channels, height, width] for states of the same shape."""
        x = self.norm1(torch.relu(self.conv1(x)))
        return self.norm2(torch.relu(self.conv2(x)))


class ConvStem(nn.Module):
    """The first layer of an image network: a 3 x 3 convolution and a ReLU."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """[batch, in_channels, height, width] to [batch, out_channels, height, width]."""
        return torch.relu(self.conv(x))
