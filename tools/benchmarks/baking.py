"""What folding theta(t) and BatchNorm to constants saves in inference."""

from collections.abc import Iterator

import torch
from torch import Tensor, nn

import odegraph as og
from benchmarks.by_hand import forward
from benchmarks.effort import Effort
from benchmarks.measure import in_turns
from benchmarks.row import AtMost, Row
from odegraph.emit.compilation import Compilation
from odegraph.models.units import ConvReluNorm, ConvTanh

CHANNELS, STEPS, NODES = 16, 8, 5
GOAL = AtMost(0.8)


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


UNITS = {
    "norms folded": NormedConvolutions,
    "norms after ReLU kept": ConvReluNorm,
    "without norms": ConvTanh,
}


def rows(effort: Effort) -> Iterator[Row]:
    """Baked beside trained, executed alike."""
    compilations: dict[str, Compilation] = {"eager": og.Eager()}
    if effort.is_full:
        compilations["compiled"] = og.CompiledSteps()
    for kind, unit in UNITS.items():
        block = og.OdeBlock(
            unit(CHANNELS), scheme="rk4-classic", basis=og.PiecewiseLinear(NODES), steps=STEPS
        ).eval()
        trained = {
            how: og.with_execution(block, compilation=one) for how, one in compilations.items()
        }
        models = {f"{how} trained": one for how, one in trained.items()}
        models |= {f"{how} baked": og.bake(one) for how, one in trained.items()}
        for batch in effort.batches:
            images = torch.randn(batch, CHANNELS, 32, 32)
            work = {name: forward(model, images) for name, model in models.items()}
            times = in_turns(work, turns=effort.turns)
            for how in compilations:
                case = f"{kind}, {STEPS} steps, piecewise linear, batch {batch}: {how}"
                yield Row(case, times[f"{how} baked"], times[f"{how} trained"], goal=GOAL)
