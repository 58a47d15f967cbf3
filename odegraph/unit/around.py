"""Trace what stands around the blocks of a model: plain layers, with the blocks as calls."""

from dataclasses import dataclass

from torch import nn

from odegraph._errors import UnitError
from odegraph.unit.admission import admit
from odegraph.unit.functional import FunctionalGraph, functional_graph, one_or_several_values
from odegraph.unit.symbolic import trace_symbolically


@dataclass(frozen=True)
class Surroundings:
    """The plain part of a model as graphs forward(x, *parameters, *buffers) that call blocks.

    Attributes:
        parameters: dotted paths of the parameters outside of the blocks.
        buffers: dotted paths of the buffers outside of the blocks.
        evaluation: the graph in evaluation mode.
        training: the graph in training mode; it also returns the new values of updated buffers.
    """

    parameters: tuple[str, ...]
    buffers: tuple[str, ...]
    evaluation: FunctionalGraph
    training: FunctionalGraph


def trace_around(model: nn.Module, *, blocks: tuple[type[nn.Module], ...]) -> Surroundings:
    """Trace `model` with modules of the types `blocks` as calls.

    Raises:
        UnitError: torch.fx cannot trace the plain part.
    """
    inside = [f"{path}." for path, m in model.named_modules() if isinstance(m, blocks)]
    parameters = _outside([path for path, _ in model.named_parameters()], inside)
    buffers = _outside([path for path, _ in model.named_buffers()], inside)
    work = admit(model)
    try:
        evaluation = functional_graph(
            trace_symbolically(work.eval(), leaves=blocks),
            parameters=parameters,
            buffers=buffers,
            returned=(),
            result=one_or_several_values,
        )
        training = functional_graph(
            trace_symbolically(work.train(), leaves=blocks),
            parameters=parameters,
            buffers=buffers,
            returned=buffers,
            result=one_or_several_values,
        )
    except Exception as error:
        raise UnitError(
            f"The model `{type(model).__name__}` cannot be traced around its blocks: {error}. "
            "Keep control flow that depends on values out of its forward."
        ) from error
    return Surroundings(parameters, buffers, evaluation, training)


def _outside(paths: list[str], inside: list[str]) -> tuple[str, ...]:
    return tuple(path for path in paths if not path.startswith(tuple(inside)))
