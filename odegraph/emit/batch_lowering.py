"""Several states as one batch, as torch.fx nodes: joined before the call, split after it."""

from collections.abc import Sequence

import torch
from torch import fx

BATCH_DIM = 0


def call_on_batch(
    graph: fx.Graph, unit: str, states: Sequence[fx.Node], theta: Sequence[fx.Node]
) -> fx.Node:
    """The rates of all states in their order, by one call of the module `unit`."""
    together = graph.call_function(torch.cat, (list(states), BATCH_DIM))
    rates = graph.call_module(unit, (together, *theta))
    return graph.call_function(torch.chunk, (rates, len(states), BATCH_DIM))
