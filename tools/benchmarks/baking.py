"""Baked inference beside the trained form of the same graph, executed alike.

Blocks of two convolutions take 8 steps of `rk4-classic` with theta(t) piecewise linear; the
network 8 steps of `euler`.
"""

from collections.abc import Iterator, Mapping

import torch
from torch import Tensor, nn

import odegraph as og
from benchmarks.by_hand import forward
from benchmarks.effort import Effort
from benchmarks.measure import in_turns
from benchmarks.row import AtMost, Row
from odegraph.emit.execution.compilation import Compilation
from odegraph.models import ContinuousNet
from odegraph.models.units import ConvTanh

STEPS, NODES = 8, 5
SIZES = {16: 32, 64: 8}  # channels, and height and width of their images
GOAL = AtMost(0.8)
NOTE = (
    "both sides already call oneDNN where they are compiled, and a segment that many steps share "
    "takes its weights as arguments, so it cannot keep them packed as the eager baked block does; "
    "at batch 32 the convolutions are most of either side, and theta(t) is a small part of it"
)


class NormedConvolutions(nn.Module):
    """Twice (3 x 3 convolution, batch normalisation, ReLU): the norms can be folded.

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
        x = torch.relu(self.norm1(self.conv1(x)))
        return torch.relu(self.norm2(self.conv2(x)))


UNITS = {"convolutions with norms, folded": NormedConvolutions, "convolutions": ConvTanh}


def rows(effort: Effort) -> Iterator[Row]:
    """Baked beside trained, executed alike."""
    compilations: dict[str, Compilation] = {"eager": og.Eager()}
    if effort.is_full:
        compilations["compiled"] = og.CompiledSteps()
    for batch in effort.batches:
        for kind, unit in UNITS.items():
            for channels, size in SIZES.items():
                case = f"{kind}, {channels} channels, {size} x {size}, batch {batch}"
                images = torch.randn(batch, channels, size, size)
                yield from _beside(case, _block(unit(channels)), images, compilations, effort)
        net = ContinuousNet(scheme="euler", elements=8, steps=8)
        case = f"ContinuousNet 8-8-8, norms kept, batch {batch}"
        yield from _beside(case, net, torch.randn(batch, 3, 32, 32), compilations, effort)


def _block(unit: nn.Module) -> og.OdeBlock:
    return og.OdeBlock(unit, scheme="rk4-classic", basis=og.PiecewiseLinear(NODES), steps=STEPS)


def _beside(
    case: str,
    model: nn.Module,
    images: Tensor,
    compilations: Mapping[str, Compilation],
    effort: Effort,
) -> Iterator[Row]:
    work = {}
    for how, one in compilations.items():
        trained = og.with_execution(model, compilation=one).eval()
        work |= {how: forward(trained, images), f"baked {how}": forward(og.bake(trained), images)}
    times = in_turns(work, turns=effort.turns)
    for how in compilations:
        yield Row(f"{case}: {how}", times[f"baked {how}"], times[how], goal=GOAL, note=NOTE)
