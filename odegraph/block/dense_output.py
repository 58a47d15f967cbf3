"""States inside the depth of a block, at exact depths, from one pass of a static graph."""

from collections.abc import Sequence
from fractions import Fraction
from typing import Any, final

import torch
from torch import Tensor, fx, nn

from odegraph._errors import GraphError, OdegraphError
from odegraph._exact import as_fraction, shorten
from odegraph.block.memory_format import laid_out
from odegraph.block.ode_block import OdeBlock
from odegraph.compile import solver_for
from odegraph.emit.fx_graph import lower_to_fx
from odegraph.emit.rounding import Precision
from odegraph.emit.unit_call import evaluation_call
from odegraph.ir import build_dense_graph
from odegraph.passes import DEFAULT_PASSES, run_passes

Depth = Fraction | int | str


@final
class DenseOutput(nn.Module):
    """The states of a block at given depths, by the dense output of its scheme.

    It holds the block and reads its slots, so training one trains the other. Units with running
    statistics are evaluated as in evaluation mode.
    """

    def __init__(self, block: OdeBlock, times: Sequence[Depth]) -> None:
        super().__init__()
        form = block.manifestation
        self.block = block
        self.times = checked_times(times)
        solver = solver_for(form, unit=block.unit)
        built = build_dense_graph(form, self.times, solver=solver)
        self.step_graph = run_passes(built, DEFAULT_PASSES)
        self._lowered: dict[Precision, fx.GraphModule] = {}

    @property
    def graph_module(self) -> fx.GraphModule:
        """The static torch.fx graph, with one output for each depth."""
        precision = self.block.precision
        if precision not in self._lowered:
            self._lowered[precision] = lower_to_fx(
                self.step_graph,
                evaluation_call(self.block.unit),
                theta=self.block.theta,
                state=self.block.state,
                precision=precision,
            )
        return self._lowered[precision]

    def forward(self, x: Tensor) -> Tensor:
        """The states [times, *x.shape] from the state `x` at depth 0."""
        states = self.graph_module(laid_out(x, self.block.execution.memory_format))
        return torch.stack(states if isinstance(states, tuple) else (states,))

    def extra_repr(self) -> str:
        """The depths."""
        return f"times=[{', '.join(map(str, self.times))}]"

    def __getstate__(self) -> dict[str, Any]:
        # As in OdeBlock: a copy lowers its own graph, with its own slots.
        return {**self.__dict__, "_lowered": {}}


def dense_output(block: OdeBlock, *, times: Sequence[Depth]) -> DenseOutput:
    """A module that maps x(0) to the states x(t), t in `times`, stacked along a new first axis.

    The error of one step is O(h^(r+1)) at every t, r the scheme's `dense_order`, so with a scheme
    of order p the states are of order min(p, r + 1). They cost no further evaluations of the unit,
    but for last stages that the next step or `drop_dead` would have saved.

    Args:
        block: a block whose scheme has dense output.
        times: depths in [0, 1], exact: fractions, integers or text such as "1/3".

    Raises:
        GraphError: no block, a scheme without dense output, or depths that are not in [0, 1].
    """
    if not isinstance(block, OdeBlock):
        raise GraphError(
            f"`dense_output` takes an `OdeBlock`, not a {type(block).__name__}. Pass the block of "
            "the model whose states you want."
        )
    return DenseOutput(block, times)


def checked_times(times: object) -> tuple[Fraction, ...]:
    """Depths as exact rationals in [0, 1].

    Raises:
        GraphError: no list, an empty one, floats, or a depth outside [0, 1].
    """
    if not isinstance(times, list | tuple) or not times:
        raise GraphError(
            f"`times` is `{shorten(times)}`; it must be a list of depths, such as "
            '["1/4", "1/2", 1].'
        )
    try:
        depths = tuple(as_fraction(depth, name="A depth of `times`") for depth in times)
    except OdegraphError as error:
        raise GraphError(str(error)) from error
    for depth in depths:
        if not 0 <= depth <= 1:
            raise GraphError(f"A depth of `times` is `{depth}`; depth runs from 0 to 1.")
    return depths
