"""What image networks have around their blocks: stems, stitches and the classifier."""

import torch
from torch import Tensor, nn


class NormedStem(nn.Module):
    """The first layer: 3 x 3 convolution without bias, batch normalisation, ReLU.

    Args:
        in_channels: of the images.
        out_channels: of the first state.
    """

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(out_channels)

    def forward(self, x: Tensor) -> Tensor:
        """[batch, in_channels, height, width] to [batch, out_channels, height, width]."""
        return torch.relu(self.norm(self.conv(x)))


class ConvFirstStitch(nn.Module):
    """A residual unit that changes the shape, in the order of `ConvReluNorm`.

    It stands between two blocks, whose states have other channels and resolutions; the shortcut is
    a 1 x 1 convolution.

    Args:
        in_channels: of the block before.
        out_channels: of the block after.
        stride: 2 halves the resolution.
    """

    def __init__(self, in_channels: int, out_channels: int, stride: int = 1) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, out_channels, 3, stride=stride, padding=1)
        self.norm1 = nn.BatchNorm2d(out_channels)
        self.conv2 = nn.Conv2d(out_channels, out_channels, 3, padding=1)
        self.norm2 = nn.BatchNorm2d(out_channels)
        self.shortcut = nn.Conv2d(in_channels, out_channels, 1, stride=stride, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """[batch, in_channels, height, width] to [batch, out_channels, height / stride, ...]."""
        residual = self.norm1(torch.relu(self.conv1(x)))
        return self.shortcut(x) + self.norm2(torch.relu(self.conv2(residual)))


class ActivationFirstStitch(nn.Module):
    """A residual unit that changes the shape, in the order of `NormReluConv`.

    Args:
        in_channels: of the block before.
        out_channels: of the block after.
        stride: 2 halves the resolution.
    """

    def __init__(self, in_channels: int, out_channels: int, stride: int = 1) -> None:
        super().__init__()
        self.norm1 = nn.BatchNorm2d(in_channels)
        self.conv1 = nn.Conv2d(in_channels, out_channels, 3, stride=stride, padding=1)
        self.norm2 = nn.BatchNorm2d(out_channels)
        self.conv2 = nn.Conv2d(out_channels, out_channels, 3, padding=1)
        self.shortcut = nn.Conv2d(in_channels, out_channels, 1, stride=stride, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """[batch, in_channels, height, width] to [batch, out_channels, height / stride, ...]."""
        residual = self.conv1(torch.relu(self.norm1(x)))
        return self.shortcut(x) + self.conv2(torch.relu(self.norm2(residual)))


class PlainStitch(nn.Module):
    """A residual unit that changes the shape, without normalisation, for `SkipInit` blocks.

    Args:
        in_channels: of the block before.
        out_channels: of the block after.
        stride: 2 halves the resolution.
    """

    def __init__(self, in_channels: int, out_channels: int, stride: int = 1) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, out_channels, 3, stride=stride, padding=1)
        self.conv2 = nn.Conv2d(out_channels, out_channels, 3, padding=1)
        self.scale = nn.Parameter(torch.zeros(()))
        self.shortcut = nn.Conv2d(in_channels, out_channels, 1, stride=stride, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """[batch, in_channels, height, width] to [batch, out_channels, height / stride, ...]."""
        residual = self.conv2(torch.relu(self.conv1(torch.relu(x))))
        return self.shortcut(x) + self.scale * residual


class Classifier(nn.Module):
    """The mean over all positions, and one linear layer to the logits of the classes.

    Args:
        channels: of the last state.
        classes: number of logits.
    """

    def __init__(self, channels: int, classes: int) -> None:
        super().__init__()
        self.linear = nn.Linear(channels, classes)

    def forward(self, x: Tensor) -> Tensor:
        """[batch, channels, height, width] to logits [batch, classes]."""
        return self.linear(x.mean(dim=(2, 3)))
