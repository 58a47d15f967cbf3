"""Networks with loops over the same layers and weights in place of the blocks."""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

import odegraph as og
from odegraph.emit.slots import slots_of
from odegraph.models import ContinuousNet
from odegraph.models.units import ConvReluNorm


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


class RungeKuttaLoop(nn.Module):
    """The classic fourth-order step with one layer, layer by layer."""

    def __init__(self, layers: list[nn.Module]) -> None:
        super().__init__()
        self.layers = nn.ModuleList(layers)

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


def loops_of(net: ContinuousNet) -> nn.Sequential:
    """The same layers and weights, with loops in place of the blocks."""
    layers = {
        name: LOOPS[layer.manifestation.scheme.name](layers_of(layer))
        if isinstance(layer, og.OdeBlock)
        else layer
        for name, layer in net.named_children()
    }
    return nn.Sequential(*layers.values())


def layers_of(block: og.OdeBlock) -> list[nn.Module]:
    """The unit of each element of a piecewise constant basis."""
    slots = {**slots_of(block.theta), **slots_of(block.state)}
    layers: list[nn.Module] = []
    for k in range(block.manifestation.basis.size):
        values = {path: slot[k] for path, slot in slots.items()}
        layer = ConvReluNorm(values["conv1.bias"].numel())
        layer.load_state_dict(values)
        layers.append(layer)
    return layers


def forward(model: nn.Module, images: Tensor) -> Callable[[], object]:
    """In evaluation mode, without gradients."""

    @torch.no_grad()
    def work() -> None:
        model.eval()(images)

    return work


def training_step(model: nn.Module, images: Tensor) -> Callable[[], object]:
    """There and back, and a step of the optimiser."""
    labels = torch.zeros(len(images), dtype=torch.long, device=images.device)
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-4, momentum=0.9)

    def work() -> None:
        optimizer.zero_grad()
        F.cross_entropy(model.train()(images), labels).backward()
        optimizer.step()

    return work
