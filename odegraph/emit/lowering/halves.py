"""States of two halves [q, p] as torch.fx nodes: split where they are used, joined where made."""

import operator
from collections.abc import Mapping

import torch
from torch import fx

from odegraph._exact import Exact
from odegraph.emit.lowering.fx_values import FxArithmetic, fx_name
from odegraph.emit.rounding import Precision
from odegraph.emit.weighted_sum import add_up, half_sum
from odegraph.ir import HALVES_DIM, Combine, StepGraph, half_terms


class HalvesLowering:
    """The sums of one graph whose weights are those of halves; `values` are its nodes so far."""

    def __init__(
        self,
        source: StepGraph,
        graph: fx.Graph,
        values: Mapping[str, fx.Node],
        precision: Precision,
    ) -> None:
        self.source = source
        self.graph = graph
        self.values = values
        self.precision = precision
        self.arithmetic = FxArithmetic(graph)
        self.halves: dict[fx.Node, tuple[fx.Node, ...]] = {}
        self.step: int | None = None

    def combine(self, name: str) -> fx.Node:
        """A sum that treats the halves of the state differently."""
        node = self.source.node(name)
        assert isinstance(node, Combine)
        step, fused = node.step, node.fused
        if step != self.step:
            # Whole states cross from step to step, not their halves.
            self.step = step
            self.halves.clear()
        inputs = [(source, edge.any_weight) for source, edge in self.source.inputs(name)]
        halves = tuple(
            self._half_sum(half_terms(inputs, target), fused=fused)
            or self._nothing(inputs[0][0], target)
            for target in (0, 1)
        )
        arguments = (halves, HALVES_DIM)
        node = self.graph.create_node("call_function", torch.cat, arguments, name=fx_name(name))
        self.halves[node] = halves
        return node

    def _nothing(self, like: str, half: int) -> fx.Node:
        """Of a gradient the half that no later value depends on."""
        return self.graph.call_function(torch.zeros_like, (self._half(self.values[like], half),))

    def _half_sum(
        self, terms: list[tuple[tuple[str, int], Exact]], *, fused: bool
    ) -> fx.Node | None:
        if not terms:
            return None
        values = [self._half(self.values[source], half) for (source, half), _ in terms]
        states = sum(not self.source.is_rate(source) for (source, _), _ in terms)
        weights = [weight for _, weight in terms]
        total = half_sum(values, weights, self.precision, states=states, fused=fused)
        return add_up(total, self.arithmetic) if total.terms else values[0]

    def _half(self, value: fx.Node, half: int) -> fx.Node:
        # A sum of halves has them already.
        if value not in self.halves:
            both = self.graph.call_function(torch.chunk, (value, 2, HALVES_DIM))
            first, second = (self.graph.call_function(operator.getitem, (both, i)) for i in (0, 1))
            self.halves[value] = first, second
        return self.halves[value][half]
