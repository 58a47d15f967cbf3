"""Rates that one step takes over from the step before it: first same as last."""

from functools import cached_property

from odegraph.emit.source.variables import Variables
from odegraph.ir import Combine, Node, Rate, StepGraph


class RecycledRates:
    """Which variables hold a rate of the step before, as each step of a graph begins."""

    def __init__(self, graph: StepGraph, names: Variables) -> None:
        self.graph = graph
        self.names = names

    def renamed(self, step: int, position: int) -> list[str]:
        """`k1 = k4` where the fourth rate of one step is the first of `step`, and k1 is free."""
        evaluated = {node.stage for _, node in self._steps[step] if isinstance(node, Rate)}
        recycled = self._recycled(step)
        if 1 in evaluated or len(recycled) != 1:
            return []
        (value,) = recycled
        old = self.names.variable[value]
        if old == "k1" or self.names.is_live("k1", position):
            return []
        self.names.hold_until_released(old)
        self.names.held["k1"], self.names.variable[value] = value, "k1"
        return [f"k1 = {old}  # the last rate of the step before is the first here"]

    def _recycled(self, step: int) -> set[str]:
        return {
            source
            for name, node in self._steps[step]
            if isinstance(node, Combine)
            for source, _ in self.graph.inputs(name)
            if self.graph.is_rate(source) and self.graph.node(source).step != step
        }

    @cached_property
    def _steps(self) -> dict[int, list[tuple[str, Node]]]:
        steps: dict[int, list[tuple[str, Node]]] = {}
        for name, node in self.graph.nodes():
            if node.step is not None:
                steps.setdefault(node.step, []).append((name, node))
        return steps
