"""How a lowered graph calls its unit."""

from dataclasses import dataclass

from torch import fx

from odegraph.unit import Unit


@dataclass(frozen=True)
class UnitCall:
    """How a graph calls its unit.

    Attributes:
        graph: the functional graph `forward(x, *parameters, *buffers)`.
        parameters: dotted paths, in the order of the arguments.
        buffers: dotted paths, likewise.
        updated: the buffers whose new values the graph returns after the rate.
    """

    graph: fx.GraphModule
    parameters: tuple[str, ...]
    buffers: tuple[str, ...]
    updated: tuple[str, ...]


def evaluation_call(unit: Unit) -> UnitCall:
    """The unit in evaluation mode: running statistics are read only."""
    return UnitCall(unit.evaluation, unit.parameters, unit.buffers, ())


def training_call(unit: Unit) -> UnitCall:
    """The unit in training mode: it returns the new value of each buffer that it updates."""
    return UnitCall(unit.training, unit.parameters, unit.buffers, unit.updated_buffers)
