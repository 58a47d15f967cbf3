"""Recognise x + (F(x) - x) = F(x): a graph that only ever takes whole steps of a map."""

from odegraph.ir import Combine, Evaluate, StepGraph, parts_of, renamed, step_graph


def as_discrete_map(graph: StepGraph) -> StepGraph | None:
    """The same graph as x_{n+1} = F(x_n, theta_n), for a unit with the rate R(x) = F(x) - x.

    In the result an `Evaluate` stands for F itself. None where the graph weighs or adds rates in
    any other way than x + 1 R(x): in all but forward Euler with steps of length one.
    """
    whole_steps = {
        name: _rate_of_whole_step(graph, name)
        for name, node in graph.nodes()
        if isinstance(node, Combine)
    }
    rates = set(whole_steps.values())
    if None in rates or rates != set(graph.of_type(Evaluate)):
        return None
    names = {name: rate for name, rate in whole_steps.items() if rate is not None}
    parts = [
        (name, node, renamed(inputs, names))
        for name, node, inputs in parts_of(graph)
        if name not in names
    ]
    return step_graph(graph.manifestation, parts)


def _rate_of_whole_step(graph: StepGraph, name: str) -> str | None:
    """The k of a sum x + k with k = R(x), where nothing else reads k."""
    terms = graph.inputs(name)
    if len(terms) != 2 or any(edge.weight != 1 for _, edge in terms):
        return None
    (state, _), (rate, _) = terms
    is_rate = isinstance(graph.node(rate), Evaluate) and graph.input(rate, "state") == state
    return rate if is_rate and list(graph.graph.succ[rate]) == [name] else None
