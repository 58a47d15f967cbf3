"""ResNet v2 for small images, as plain modules: what a ContinuousNet is compared with."""

from typing import final

import torch
from torch import Tensor, nn

from odegraph._errors import GraphError
from odegraph._exact import shorten
from odegraph.models.image_layers import Classifier

CHANNELS = (16, 32, 64)


@final
class Residual(nn.Module):
    """Twice (batch normalisation, ReLU, 3 x 3 convolution without bias).

    With equal channels and stride 1 it is a unit R(x), whose forward Euler steps are the layers of
    a residual network.

    Args:
        in_channels: of the state.
        out_channels: of the result.
        stride: 2 halves the resolution.
    """

    def __init__(self, in_channels: int, out_channels: int, stride: int = 1) -> None:
        super().__init__()
        self.norm1 = nn.BatchNorm2d(in_channels)
        self.conv1 = _conv3(in_channels, out_channels, stride)
        self.norm2 = nn.BatchNorm2d(out_channels)
        self.conv2 = _conv3(out_channels, out_channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """[batch, in_channels, height, width] to [batch, out_channels, height / stride, ...]."""
        x = self.conv1(torch.relu(self.norm1(x)))
        return self.conv2(torch.relu(self.norm2(x)))


@final
class PreActivation(nn.Module):
    """x + residual(x), the residual with normalisation and ReLU before each convolution.

    Args:
        in_channels: of the state.
        out_channels: of the next state; where it differs, the shortcut is a normalised 1 x 1
            convolution.
        stride: 2 halves the resolution.
    """

    def __init__(self, in_channels: int, out_channels: int, stride: int = 1) -> None:
        super().__init__()
        same = in_channels == out_channels and stride == 1
        self.shortcut = nn.Identity() if same else _projection(in_channels, out_channels, stride)
        self.residual = Residual(in_channels, out_channels, stride)

    def forward(self, x: Tensor) -> Tensor:
        """[batch, in_channels, height, width] to [batch, out_channels, height / stride, ...]."""
        return self.shortcut(x) + self.residual(x)


class FinalNorm(nn.Module):
    """Batch normalisation and ReLU, which the last pre-activation unit leaves to do."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(channels)

    def forward(self, x: Tensor) -> Tensor:
        """The normalised and rectified state."""
        return torch.relu(self.norm(x))


@final
class ResNet(nn.Sequential):
    """The residual network of He et al. for small images, with identity mappings (v2, 2016).

    Three stages of (depth - 2) / 6 units with 16, 32 and 64 channels. Depth 20, 56 and 200 have
    272,474, 855,770 and 3,188,954 parameters for ten classes.

    Args:
        depth: number of layers, 6 n + 2.
        classes: number of logits.
        in_channels: of the images.

    Raises:
        GraphError: a depth that is not 6 n + 2.
    """

    def __init__(self, *, depth: int = 20, classes: int = 10, in_channels: int = 3) -> None:
        super().__init__()
        units = _units_a_stage(depth)
        self.add_module("stem", _conv3(in_channels, CHANNELS[0], 1))
        before = CHANNELS[0]
        for number, width in enumerate(CHANNELS, start=1):
            first = PreActivation(before, width, stride=1 if number == 1 else 2)
            rest = [PreActivation(width, width) for _ in range(units - 1)]
            self.add_module(f"stage{number}", nn.Sequential(first, *rest))
            before = width
        self.add_module("norm", FinalNorm(before))
        self.add_module("classifier", Classifier(before, classes))


def _units_a_stage(depth: int) -> int:
    valid = isinstance(depth, int) and not isinstance(depth, bool)
    if not valid or depth < 8 or (depth - 2) % 6:
        raise GraphError(
            f"`depth` is `{shorten(depth)}`; a residual network of three stages has depth 6 n + 2: "
            "8, 14, 20, 56, 110, 200."
        )
    return (depth - 2) // 6


def _conv3(in_channels: int, out_channels: int, stride: int) -> nn.Conv2d:
    return nn.Conv2d(in_channels, out_channels, 3, stride=stride, padding=1, bias=False)


def _projection(in_channels: int, out_channels: int, stride: int) -> nn.Sequential:
    conv = nn.Conv2d(in_channels, out_channels, 1, stride=stride, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(out_channels))
