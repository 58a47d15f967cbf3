"""Sums and slots as torch.fx nodes, with the exact weights in their metadata."""

import operator
from typing import Any

import torch
from torch import fx

from odegraph.emit.weighted_sum import Term

EXACT_WEIGHT = "exact_weight"
VALUE = "value"
"""Key in a node's meta: the name of the value in the step graph."""
STEP = "step"
"""Key in a node's meta: the step that it belongs to; None for what comes before or after all."""


class FxArithmetic:
    """Weighted sums as fx nodes."""

    def __init__(self, graph: fx.Graph) -> None:
        self.graph = graph

    def scale(self, term: Term[fx.Node]) -> fx.Node:
        """weight * value; the metadata keep the exact weight."""
        node = self.graph.call_function(operator.mul, (term.value, term.weight))
        node.meta[EXACT_WEIGHT] = term.exact
        return node

    def add(self, left: fx.Node, right: fx.Node) -> fx.Node:
        """left + right."""
        return self.graph.call_function(operator.add, (left, right))

    def add_scaled(self, left: fx.Node, term: Term[fx.Node]) -> fx.Node:
        """left + weight * value, likewise."""
        weight: dict[str, Any] = {"alpha": term.weight}
        node = self.graph.call_function(torch.add, (left, term.value), weight)
        node.meta[EXACT_WEIGHT] = term.exact
        return node

    def subtract(self, left: fx.Node, right: fx.Node) -> fx.Node:
        """left - right."""
        return self.graph.call_function(operator.sub, (left, right))


def factor_of(node: fx.Node) -> Any:
    """The number that a node with an exact weight multiplies with."""
    return node.kwargs.get("alpha", 1) if node.target is torch.add else node.args[1]


class FxSlots:
    """The coefficients of one slot as fx nodes, each fetched once.

    A slot that may change before they are used is `copied` first.
    """

    def __init__(
        self, graph: fx.Graph, path: str, *, integer: bool = False, copied: bool = False
    ) -> None:
        self.graph = graph
        self.integer = integer
        self.slot = graph.get_attr(path)
        values = graph.call_method("clone", (self.slot,)) if copied else self.slot
        self.unbound = graph.call_method("unbind", (values,))
        self.fetched: dict[int, fx.Node] = {}

    def __getitem__(self, index: int) -> fx.Node:
        if index not in self.fetched:
            node = self.graph.call_function(operator.getitem, (self.unbound, index))
            node.meta[STEP] = None
            self.fetched[index] = node
        return self.fetched[index]


def fx_name(name: str) -> str:
    """The name of a step graph's value as that of an fx node."""
    return name.replace(".", "_")


def mark_step(node: fx.Node, *, step: int | None) -> None:
    """Say of this node and all after it which step they belong to."""
    while node.op != "root":
        node.meta.setdefault(STEP, step)
        node = node.next
