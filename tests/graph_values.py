"""What a step graph computes, for laws that hold for any graph."""

import torch
from torch import nn

from odegraph.emit.fx_graph import lower_to_fx
from odegraph.emit.rounding import Precision
from odegraph.emit.slots import slot_module
from odegraph.emit.unit_call import evaluation_call
from odegraph.ir import StepGraph
from odegraph.unit import trace_unit


class Square(nn.Module):
    """R(x, theta) = theta x^2 + 1: cheap, and not linear."""

    def __init__(self) -> None:
        super().__init__()
        self.w = nn.Parameter(torch.ones(()))

    def forward(self, x):
        return self.w * x * x + 1


UNIT = trace_unit(Square())


def value(graph: StepGraph) -> torch.Tensor:
    basis = graph.manifestation.basis
    slots = nn.Parameter(torch.linspace(-1, 1.3, basis.size, dtype=torch.float64))
    theta, state = slot_module({"w": slots}), nn.Module()
    module = lower_to_fx(
        graph, evaluation_call(UNIT), theta=theta, state=state, precision=Precision.DOUBLE
    )
    return module(torch.tensor([0.3, -0.2], dtype=torch.float64))
