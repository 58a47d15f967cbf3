"""Several states as one batch, as torch.fx nodes: joined before the call, split after it."""

import operator
from collections.abc import Mapping

import torch
from torch import fx

from odegraph.emit.lowering.fx_values import fx_name
from odegraph.emit.unit_call import UNITS
from odegraph.ir import BatchedRate, EvaluateBatch, StepGraph

BATCH_DIM = 0


class BatchLowering:
    """The batches of one graph; `values` and `thetas` are its nodes so far."""

    def __init__(
        self,
        source: StepGraph,
        graph: fx.Graph,
        values: Mapping[str, fx.Node],
        thetas: Mapping[str, list[fx.Node]],
    ) -> None:
        self.source = source
        self.graph = graph
        self.values = values
        self.thetas = thetas

    def evaluate(self, name: str, node: EvaluateBatch) -> fx.Node:
        """All rates by one call of the unit."""
        states = [self.values[source] for source in self.source.by_stage(name, "state")]
        theta = self.thetas[self.source.input(name, "theta")]
        together = self.graph.call_function(torch.cat, (states, BATCH_DIM))
        rates = self.graph.call_module(UNITS[node.part], (together, *theta))
        return self.graph.call_function(torch.chunk, (rates, node.size, BATCH_DIM))

    def rate(self, name: str, node: BatchedRate) -> fx.Node:
        """One of the rates."""
        rates = self.values[self.source.input(name, "batch")]
        return self.graph.create_node(
            "call_function", operator.getitem, (rates, node.position), name=fx_name(name)
        )
