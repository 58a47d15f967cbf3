"""New running statistics as torch.fx nodes: what evaluations learned, and where it is stored."""

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import fx

from odegraph._exact import Exact
from odegraph.emit.lowering.fx_values import FxSlots
from odegraph.ir import StepGraph, Update

Blend = Callable[[list[fx.Node], list], fx.Node]


class StatisticsLowering:
    """The statistics of one graph.

    `buffers` are the slots by path, `blend` makes a weighted sum, and `learned` holds, by the name
    of an evaluation, the new values by path.
    """

    def __init__(
        self, source: StepGraph, graph: fx.Graph, buffers: Mapping[str, FxSlots], blend: Blend
    ) -> None:
        self.source = source
        self.graph = graph
        self.buffers = buffers
        self.blend = blend
        self.learned: dict[str, dict[str, fx.Node]] = {}
        self.updates: dict[int, dict[str, fx.Node]] = {}

    def update(self, name: str, update: Update) -> None:
        """The new coefficient of one index, for each path that evaluations learned."""
        evaluation = self.source.inputs(name)[0][0]
        self.updates[update.index] = {
            path: self._updated(name, update, path) for path in self.learned[evaluation]
        }

    def _updated(self, name: str, update: Update, path: str) -> fx.Node:
        learned = self.source.inputs(name)
        values = [self.learned[source][path] for source, _ in learned]
        if self.buffers[path].integer:
            return values[0]  # every evaluation counted one call, from the same start
        weights: list[Exact] = [edge.exact for _, edge in learned]
        kept = [self.buffers[path][index] for index, _ in update.retained]
        return self.blend(values + kept, [*weights, *(value for _, value in update.retained)])

    def store(self, paths: Sequence[str]) -> None:
        """Write all coefficients back to their slots, after everything else."""
        basis = self.source.manifestation.state_basis
        if basis is None or not self.updates:
            return
        for path in paths:
            slots = self.buffers[path]
            new = [
                self.updates[index][path] if index in self.updates else slots[index]
                for index in range(basis.size)
            ]
            stacked = self.graph.call_function(torch.stack, (new,))
            self.graph.call_method("copy_", (slots.slot, stacked))
