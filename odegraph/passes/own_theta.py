"""Let every step read theta(t) for itself, so that only states and rates cross the steps."""

import dataclasses
from collections.abc import Iterator

from odegraph.ir import StepGraph, Theta, parts_of, step_graph
from odegraph.ir.graph import NamedNode


def own_theta(graph: StepGraph) -> StepGraph:
    """The graph in which no step reads a theta(t) of another: the reverse of sharing them."""
    return step_graph(graph.manifestation, _with_copies(graph))


def _with_copies(graph: StepGraph) -> Iterator[NamedNode]:
    copies: dict[tuple[int, str], str] = {}
    for name, node, inputs in parts_of(graph):
        own = []
        for source, edge in inputs:
            theta = graph.node(source)
            if not isinstance(theta, Theta) or node.step in (None, theta.step):
                own.append((source, edge))
                continue
            key = node.step, source
            if key not in copies:
                copies[key] = f"{source}.in_step{node.step}"
                yield copies[key], dataclasses.replace(theta, step=node.step), []
            own.append((copies[key], edge))
        yield name, node, own
