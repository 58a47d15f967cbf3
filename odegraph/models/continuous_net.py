"""ContinuousNet: image networks whose blocks are continuous in depth (Queiruga et al., 2020)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from types import MappingProxyType
from typing import final

from torch import nn

from odegraph._errors import GraphError
from odegraph._exact import shorten
from odegraph._toml import nearest
from odegraph.basis import PiecewiseConstant
from odegraph.block import OdeBlock, block_of_units
from odegraph.models.image_layers import (
    ActivationFirstStitch,
    Classifier,
    ConvFirstStitch,
    NormedStem,
    PlainStitch,
)
from odegraph.models.units import ConvReluNorm, ConvStem, ConvTanh, NormReluConv, SkipInit
from odegraph.scheme import Scheme

Span = Fraction | int | float | str

CHANNELS = (16, 32, 64)


@dataclass(frozen=True)
class UnitFamily:
    """The unit of the blocks, and the layers around them that are in its order."""

    unit: type[nn.Module]
    stem: type[nn.Module]
    stitch: type[nn.Module]


UNITS: Mapping[str, UnitFamily] = MappingProxyType(
    {
        "conv-first": UnitFamily(ConvReluNorm, NormedStem, ConvFirstStitch),
        "activation-first": UnitFamily(NormReluConv, NormedStem, ActivationFirstStitch),
        "skip-init": UnitFamily(SkipInit, ConvStem, PlainStitch),
        "tanh": UnitFamily(ConvTanh, ConvStem, PlainStitch),
    }
)


@final
class ContinuousNet(nn.Sequential):
    """A stem, three stitches each followed by a continuous block, and a classifier.

    Each block solves dx/dt = span * R(x, theta(t)) with theta(t) piecewise constant on `elements`
    elements. By default an element is one unit of the rate's own time (span = elements), so that
    forward Euler with one step an element is a residual network: x + R(x, theta_k).

    With the unit `conv-first` the network for three colours and ten classes has
    78,330 + 97,440 elements parameters.

    Args:
        scheme: of all blocks.
        elements: of the basis in depth of each block.
        steps: time steps of each block.
        classes: number of logits.
        unit: `conv-first`, `activation-first`, `skip-init` (no normalisation, starts as the
            identity) or `tanh` (smooth, no normalisation).
        in_channels: of the images.
        channels: of the three blocks.
        span: length of the depth interval in the unit's own time; by default `elements`.

    Raises:
        GraphError: no such unit, or steps and span that make no manifestation.
    """

    def __init__(
        self,
        *,
        scheme: Scheme | str = "rk4-classic",
        elements: int = 8,
        steps: int = 8,
        classes: int = 10,
        unit: str = "conv-first",
        in_channels: int = 3,
        channels: Sequence[int] = CHANNELS,
        span: Span | None = None,
    ) -> None:
        super().__init__()
        family = _family(unit)
        basis = PiecewiseConstant(elements)
        length = basis.size if span is None else span
        before = channels[0]
        self.add_module("stem", family.stem(in_channels, before))
        for number, width in enumerate(channels, start=1):
            stitch = family.stitch(before, width, stride=1 if number == 1 else 2)
            self.add_module(f"stitch{number}", stitch)
            block = continuous_block(
                family.unit, width, scheme=scheme, basis=basis, steps=steps, span=length
            )
            self.add_module(f"block{number}", block)
            before = width
        self.add_module("classifier", Classifier(before, classes))


@final
class WideContinuousNet(nn.Sequential):
    """A `ContinuousNet` whose blocks have `width` times the channels, as wide residual networks.

    Args:
        width: factor of the channels 16, 32, 64 of the blocks (Zagoruyko and Komodakis, 2016).
        scheme: of all blocks.
        elements: of the basis in depth of each block.
        steps: time steps of each block.
        classes: number of logits.
        unit: see `ContinuousNet`.
        in_channels: of the images.

    Raises:
        GraphError: see `ContinuousNet`.
    """

    def __init__(
        self,
        *,
        width: int = 4,
        scheme: Scheme | str = "rk4-classic",
        elements: int = 2,
        steps: int = 2,
        classes: int = 10,
        unit: str = "activation-first",
        in_channels: int = 3,
    ) -> None:
        super().__init__()
        if isinstance(width, bool) or not isinstance(width, int) or width < 1:
            raise GraphError(f"`width` is `{shorten(width)}`; it must be an integer of at least 1.")
        net = ContinuousNet(
            scheme=scheme,
            elements=elements,
            steps=steps,
            classes=classes,
            unit=unit,
            in_channels=in_channels,
            channels=[width * channels for channels in CHANNELS],
        )
        for name, layer in net.named_children():
            self.add_module(name, layer)


def continuous_block(
    unit: type[nn.Module],
    channels: int,
    *,
    scheme: Scheme | str,
    basis: PiecewiseConstant,
    steps: int,
    span: Span,
) -> OdeBlock:
    """A block whose coefficients start independently, as the layers of a residual network do."""
    units = [unit(channels) for _ in range(basis.size)]
    return block_of_units(units, scheme=scheme, basis=basis, steps=steps, span=span)


def _family(unit: str) -> UnitFamily:
    if unit not in UNITS:
        raise GraphError(f"There is no unit `{shorten(unit)}`. {nearest(str(unit), UNITS)}")
    return UNITS[unit]
