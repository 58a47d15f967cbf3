"""Graphs that share what they call, and their slots, with another one."""

from collections.abc import Mapping

from torch import fx, nn


def sharing(module: fx.GraphModule, graph: fx.Graph, name: str) -> fx.GraphModule:
    """`graph` on the submodules of `module`: the containers themselves, so that they move along."""
    piece = fx.GraphModule(nn.Module(), fx.Graph(), class_name=name)
    for child, submodule in module.named_children():
        piece.add_module(child, submodule)
    piece.graph = graph
    return piece


def with_units(module: fx.GraphModule, units: Mapping[str, nn.Module]) -> fx.GraphModule:
    """The same graph with some of its submodules replaced."""
    graph = fx.Graph()
    graph.output(graph.graph_copy(module.graph, {}))
    changed = sharing(module, graph, "OdeGraph")
    for name, unit in units.items():
        changed.add_module(name, unit)
    return changed
