"""Adjoint graphs as torch.fx nodes: vector-Jacobian products, and gradients of slots."""

import operator
from collections.abc import Callable, Mapping, Sequence, Set
from fractions import Fraction

import torch
from torch import fx, nn

from odegraph._exact import Exact
from odegraph.emit.lowering.fx_values import FxSlots, fx_name
from odegraph.emit.operations.pullback import UnitPullback
from odegraph.emit.unit_call import UnitCall
from odegraph.ir import Part, Pullback, SlotGradient, StepGraph

Blend = Callable[[Sequence[fx.Node], Sequence[Exact | Fraction]], fx.Node]

PULLBACKS: Mapping[Part, str] = {
    Part.WHOLE: "pullback",
    Part.EXPLICIT: "pullback_explicit",
    Part.IMPLICIT: "pullback_implicit",
}


class AdjointLowering:
    """The transposed nodes of one graph; `values`, `thetas` and `drawn` are its nodes so far.

    Attributes:
        modules: the submodules that the nodes call, by name.
        learning: the parameters that get gradients, by their position among the arguments.
    """

    def __init__(
        self,
        source: StepGraph,
        graph: fx.Graph,
        values: Mapping[str, fx.Node],
        thetas: Mapping[str, list[fx.Node]],
        drawn: Mapping[tuple[Part, int | None], list[fx.Node]],
        *,
        call: UnitCall,
        learning: Set[str],
        blend: Blend,
    ) -> None:
        self.source = source
        self.graph = graph
        self.values = values
        self.thetas = thetas
        self.drawn = drawn
        self.call = call
        self.blend = blend
        paths = enumerate(call.parameters)
        self.learning = {position: path for position, path in paths if path in learning}
        self.modules: dict[str, nn.Module] = {}
        self.gradients: dict[str, list[fx.Node]] = {}
        self.totals: dict[int, list[fx.Node]] = {}

    def pullback(self, name: str, node: Pullback) -> fx.Node:
        """The gradient of the state; those of the parameters wait for `slot_gradient`."""
        target = PULLBACKS[node.part]
        if target not in self.modules:
            unit = self.call.graphs[node.part].again
            self.modules[target] = UnitPullback(unit, tuple(self.learning))
        state = self.values[self.source.input(name, "state")]
        theta = self.thetas[self.source.input(name, "theta")]
        drawn = self.drawn.get((node.part, node.draws), [])
        v = self.values[self.source.input(name, "cotangent")]
        result = self.graph.call_module(target, (state, [*theta, *drawn], v))
        self.gradients[name] = [
            self.graph.call_function(operator.getitem, (result, i))
            for i in range(1, len(self.learning) + 1)
        ]
        return self.graph.create_node(
            "call_function", operator.getitem, (result, 0), name=fx_name(name)
        )

    def slot_gradient(self, name: str, node: SlotGradient) -> None:
        """The gradient of one coefficient, of each parameter that learns."""
        inputs = self.source.inputs(name)
        weights = [edge.exact for _, edge in inputs]
        terms = zip(*(self.gradients[source] for source, _ in inputs), strict=True)
        self.gradients[name] = [self.blend(values, weights) for values in terms]
        self.totals[node.index] = self.gradients[name]

    def stacked(self, parameters: Sequence[FxSlots]) -> dict[str, fx.Node]:
        """By path the gradients of whole slots; zeros for coefficients that nothing read."""
        return {
            path: self._stacked(parameters[position], number)
            for number, (position, path) in enumerate(self.learning.items())
        }

    def _stacked(self, slots: FxSlots, number: int) -> fx.Node:
        size = self.source.manifestation.basis.size
        coefficients = [
            self.totals[index][number]
            if index in self.totals
            else self.graph.call_function(torch.zeros_like, (slots[index],))
            for index in range(size)
        ]
        return self.graph.call_function(torch.stack, (coefficients,))
