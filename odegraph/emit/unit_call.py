"""How a lowered graph calls its unit."""

from dataclasses import dataclass

from torch import fx

from odegraph.unit import Unit, hold_draws


@dataclass(frozen=True)
class UnitCall:
    """How a graph calls its unit.

    Attributes:
        graph: the functional graph `forward(x, *parameters, *buffers)`; it returns the rate, or a
            tuple of the rate, the new values of `updated` and what it drew.
        parameters: dotted paths, in the order of the arguments.
        buffers: dotted paths, likewise.
        updated: the buffers whose new values the graph returns after the rate.
        draws: how many random tensors it draws.
        again: the graph that takes these as its last arguments instead.
    """

    graph: fx.GraphModule
    parameters: tuple[str, ...]
    buffers: tuple[str, ...]
    updated: tuple[str, ...]
    draws: int
    again: fx.GraphModule


def evaluation_call(unit: Unit) -> UnitCall:
    """The unit in evaluation mode: running statistics are read only."""
    return _call(unit, unit.evaluation, ())


def training_call(unit: Unit) -> UnitCall:
    """The unit in training mode: it returns the new value of each buffer that it updates."""
    return _call(unit, unit.training, unit.updated_buffers)


def _call(unit: Unit, graph: fx.GraphModule, updated: tuple[str, ...]) -> UnitCall:
    held = hold_draws(graph)
    return UnitCall(held.first, unit.parameters, unit.buffers, updated, held.count, held.again)
