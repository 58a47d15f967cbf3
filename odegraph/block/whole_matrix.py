"""The block of a linear unit as one matrix: the product of its steps, computed once at `bake`."""

import copy
from fractions import Fraction

import torch
from torch import Tensor, nn

from odegraph.block.ode_block import OdeBlock
from odegraph.emit.slots import slots_of
from odegraph.ir import Edge, Evaluate, Input, Manifestation, Output, StepGraph, Theta, step_graph
from odegraph.passes import collapse_linear
from odegraph.unit import Unit, trace_unit

WEIGHT = "weight"


class Product(nn.Module):
    """x W for one vector x a sample."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.eye(size))

    def forward(self, x: Tensor) -> Tensor:
        """x W, of the shape of x, [batch, size]."""
        return torch.mm(x, self.weight)


def collapsed_size(block: OdeBlock) -> int | None:
    """The size of the vectors that a block multiplies by one matrix when it is baked; else None.

    Those of a linear unit, whose passes collapse steps, which has seen vectors of one size, and
    whose matrix has fewer entries than its steps have products.
    """
    if collapse_linear not in block.execution.passes or not block.unit.is_linear:
        return None
    if len(block.seen_shapes) != 1 or len(shape := next(iter(block.seen_shapes))) != 1:
        return None
    products = sum(slot[0].numel() for slot in slots_of(block.theta).values())
    return shape[0] if shape[0] ** 2 <= products * block.manifestation.steps else None


def product_unit(size: int) -> Unit:
    """The unit that multiplies by the matrix."""
    return trace_unit(Product(size))


def product_graph(form: Manifestation) -> StepGraph:
    """The graph that calls it once, for all steps."""
    theta = Theta(0, Fraction(0), ((0, Fraction(1)),), ())
    edges = [("x0", Edge("state")), ("theta", Edge("theta"))]
    end = f"x{form.steps}"
    parts = [
        ("x0", Input(), []),
        ("theta", theta, []),
        (end, Evaluate(0, 1), edges),
        (f"output{form.steps}", Output(None, form.steps), [(end, Edge("state"))]),
    ]
    return step_graph(form, parts)


@torch.no_grad()
def matrix_of(run: nn.Module, size: int) -> Tensor:
    """The W of x W = run(x), of shape [1, size, size], computed in float64."""
    slot = next(run.buffers())
    basis = torch.eye(size, dtype=torch.float64, device=slot.device)
    return copy.deepcopy(run).double()(basis).to(slot.dtype).unsqueeze(0)
