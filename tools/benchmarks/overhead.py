"""A compiled ContinuousNet 8-8-8 beside a hand-written loop of the same convolutions."""

from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from benchmarks.row import Row, extra_percent
from odegraph import OdeBlock
from odegraph.emit.slots import slots_of
from odegraph.models import ContinuousNet
from odegraph.models.units import ConvReluNorm

BATCH = 32
PAIRS = 15  # of measurements in one run: single ones differ by several percent
GOAL = "3 %"


class EulerLoop(nn.Module):
    """x + R_k(x), layer by layer, as people write a residual network."""

    def __init__(self, layers: list[nn.Module]) -> None:
        super().__init__()
        self.layers = nn.ModuleList(layers)

    def forward(self, x: Tensor) -> Tensor:
        """The state after all layers."""
        for layer in self.layers:
            x = x + layer(x)
        return x


class RungeKuttaLoop(EulerLoop):
    """The classic fourth-order step with one layer, layer by layer."""

    def forward(self, x: Tensor) -> Tensor:
        """The state after all layers."""
        for layer in self.layers:
            k1 = layer(x)
            k2 = layer(x + 0.5 * k1)
            k3 = layer(x + 0.5 * k2)
            k4 = layer(x + k3)
            x = x + (1 / 6 * k1 + 1 / 3 * k2 + 1 / 3 * k3 + 1 / 6 * k4)
        return x


LOOPS = {"euler": EulerLoop, "rk4-classic": RungeKuttaLoop}


def by_hand(net: ContinuousNet) -> nn.Sequential:
    """The same layers and weights, with loops in place of the blocks."""
    layers: dict[str, nn.Module] = dict(net.named_children())
    for name, block in layers.items():
        if isinstance(block, OdeBlock):
            layers[name] = LOOPS[block.manifestation.scheme.name](layers_of(block))
    return nn.Sequential(*layers.values())


def layers_of(block: OdeBlock) -> list[nn.Module]:
    slots = {**slots_of(block.theta), **slots_of(block.state)}
    layers: list[nn.Module] = []
    for k in range(block.manifestation.basis.size):
        values = {path: slot[k] for path, slot in slots.items()}
        layer = ConvReluNorm(values["conv1.bias"].numel())
        layer.load_state_dict(values)
        layers.append(layer)
    return layers


def rows(runs: int) -> Iterator[Row]:
    """What the network takes more than the loop."""
    for scheme in LOOPS:
        net = ContinuousNet(scheme=scheme, elements=8, steps=8)
        loop = by_hand(net)
        for what, work in (("forward", _forward), ("training step", _training_step)):
            mine, other = work(net), work(loop)
            extra = [extra_percent(mine, other, pairs=PAIRS) for _ in range(runs)]
            yield Row(f"8-8-8, {scheme}, beside a loop: {what}, batch {BATCH}", extra, "%", GOAL)


def _forward(model: nn.Module) -> Callable[[], object]:
    images = torch.randn(BATCH, 3, 32, 32)

    @torch.no_grad()
    def work() -> None:
        model.eval()(images)

    return work


def _training_step(model: nn.Module) -> Callable[[], object]:
    images, labels = torch.randn(BATCH, 3, 32, 32), torch.zeros(BATCH, dtype=torch.long)
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-4, momentum=0.9)

    def work() -> None:
        optimizer.zero_grad()
        F.cross_entropy(model.train()(images), labels).backward()
        optimizer.step()

    return work
