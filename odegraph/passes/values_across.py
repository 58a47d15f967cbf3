"""Which values cross from one step to the next."""

from odegraph.ir import Output, StepGraph, Theta, Update


def values_across(graph: StepGraph) -> list[list[str]]:
    """For each step the states and rates from before it that it or anything after it reads.

    One list more tells what is left after the last step.
    """
    steps = graph.manifestation.steps
    across: list[list[str]] = [[] for _ in range(steps + 1)]
    for name, node in graph.nodes():
        if isinstance(node, Theta | Output | Update):
            continue
        made = -1 if node.step is None else node.step
        users = [graph.node(user) for user in graph.graph.succ[name]]
        reads = [
            steps if user.step is None else user.step
            for user in users
            if not isinstance(user, Update)
        ]
        for step in range(made + 1, max(reads, default=-1) + 1):
            across[step].append(name)
    return across
