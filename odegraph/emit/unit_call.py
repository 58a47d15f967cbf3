"""How a lowered graph calls its unit."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from odegraph.ir import Part
from odegraph.unit import HeldDraws, Unit, hold_draws

# The submodules of a lowered graph that compute rates.
UNITS: Mapping[Part, str] = MappingProxyType(
    {Part.WHOLE: "unit", Part.EXPLICIT: "unit_explicit", Part.IMPLICIT: "unit_implicit"}
)
AGAIN = "_again"  # ends the name of what takes random numbers instead of drawing them


@dataclass(frozen=True)
class UnitCall:
    """How a graph calls its unit.

    Attributes:
        graphs: the functional graphs `forward(x, *parameters, *buffers)` of the unit as a whole,
            and of its parts where it has some. Each returns its rate, or a tuple of the rate, the
            new values of `updated` and what it drew.
        parameters: dotted paths, in the order of the arguments.
        buffers: dotted paths, likewise.
        updated: the buffers whose new values the graph returns after the rate.
    """

    graphs: Mapping[Part, HeldDraws]
    parameters: tuple[str, ...]
    buffers: tuple[str, ...]
    updated: tuple[str, ...]


def evaluation_call(unit: Unit) -> UnitCall:
    """The unit in evaluation mode: running statistics are read only."""
    graphs = {part: hold_draws(one.evaluation) for part, one in units_by_part(unit).items()}
    return UnitCall(graphs, unit.parameters, unit.buffers, ())


def training_call(unit: Unit) -> UnitCall:
    """The unit in training mode: it returns the new value of each buffer that it updates."""
    graphs = {part: hold_draws(one.training) for part, one in units_by_part(unit).items()}
    return UnitCall(graphs, unit.parameters, unit.buffers, unit.updated_buffers)


def units_by_part(unit: Unit) -> dict[Part, Unit]:
    """The unit as a whole, and its parts where it has some."""
    explicit, implicit = unit.parts or (None, None)
    found = {Part.WHOLE: unit, Part.EXPLICIT: explicit, Part.IMPLICIT: implicit}
    return {part: one for part, one in found.items() if one is not None}
