"""Let the stages of a step share the random numbers of their unit."""

from dataclasses import replace

from odegraph.ir import Evaluate, StepGraph, parts_of, step_graph


def draw_once_a_step(graph: StepGraph) -> StepGraph:
    """The graph of a random unit, such as one with dropout: one mask a step.

    Within a step the unit is then one vector field, and the scheme has its order there; each step
    draws anew, as each layer of a residual network does. Must run before `share_stages`, which
    would otherwise take a rate of the next step from this one.
    """
    parts = (
        (name, replace(node, draws=node.step) if isinstance(node, Evaluate) else node, inputs)
        for name, node, inputs in parts_of(graph)
    )
    return step_graph(graph.manifestation, parts)
