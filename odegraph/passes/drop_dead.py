"""Drop what no output needs, such as a last stage that only an error estimate reads."""

from odegraph.ir import Input, Output, SolvedRate, StepGraph, Update, parts_of, step_graph


def drop_dead(graph: StepGraph) -> StepGraph:
    """The graph without nodes that no output and no statistics update depends on.

    A solve that is needed keeps all of its rates: each is part of its equations.
    """
    needed: set[str] = set()
    for name, node, inputs in reversed(list(parts_of(graph))):
        if name in needed or isinstance(node, Output | Update | Input):
            needed.add(name)
            needed.update(source for source, _ in inputs)
    for name in graph.of_type(SolvedRate):
        if graph.input(name, "solve") in needed:
            needed.add(name)
    return step_graph(graph.manifestation, (part for part in parts_of(graph) if part[0] in needed))
