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


class NormReluConv(nn.Module):
    """The activation-first unit: twice (batch normalisation, ReLU, 3 x 3 convolution).

    The residual of He et al., Identity Mappings in Deep Residual Networks (2016).

    Args:
        channels: of the state and of the rate.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm1 = nn.BatchNorm2d(channels)
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1)
        self.norm2 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """Rates of shape [batch, channels, height, width] for states of the same shape."""
        x = self.conv1(torch.relu(self.norm1(x)))
        return self.conv2(torch.relu(self.norm2(x)))


class SkipInit(nn.Module):
    """A unit without normalisation: twice (ReLU, 3 x 3 convolution), times a scale.

    The scale starts at zero, so that a block starts as the identity at any depth (De and Smith,
    Batch Normalization Biases Residual Blocks Towards the Identity Function, 2020).

    Args:
        channels: of the state and of the rate.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1)
        self.scale = nn.Parameter(torch.zeros(()))

    def forward(self, x: Tensor) -> Tensor:
        """Rates of shape [batch, channels, height, width] for states of the same shape."""
        return self.scale * self.conv2(torch.relu(self.conv1(torch.relu(x))))


class ConvTanh(nn.Module):
    """A smooth unit: 3 x 3 convolution, tanh, 3 x 3 convolution.

    A rate with a kink, such as one of ReLU, caps the order that a scheme reaches at about two;
    where the order itself is measured, this unit shows it.

    Args:
        channels: of the state and of the rate.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """Rates of shape [batch, channels, height, width] for states of the same shape."""
        return self.conv2(torch.tanh(self.conv1(x)))


class ConvStem(nn.Module):
    """The first layer of an image network: a 3 x 3 convolution and a ReLU."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """[batch, in_channels, height, width] to [batch, out_channels, height, width]."""
        return torch.relu(self.conv(x))
