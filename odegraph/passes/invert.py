"""Take the steps back: the graph that computes x at depth 0 from x at depth 1, by algebra alone.

A step gives linear equations for what went into it, in which rates are unknown, too. A rate becomes
known as soon as the state at which it was computed follows from what is known: symplectic pairs,
compositions, leapfrog and other reversible schemes are solved from their last stage to the first.
Reversible Heun is, too, and on any system: the last rate belongs to a value that it carries along.
On a separable system the rate of one half of the state depends on the other half alone.
"""

from dataclasses import dataclass

from odegraph._errors import GraphError
from odegraph.ir import (
    Edge,
    Evaluate,
    Input,
    Node,
    Output,
    StepGraph,
    parts_of,
    step_graph,
)
from odegraph.ir.graph import NamedNode
from odegraph.passes.batch_stages import evaluate_apart
from odegraph.passes.drop_dead import drop_dead
from odegraph.passes.half_states import HalfStates
from odegraph.passes.pipeline import run_passes
from odegraph.passes.share_stages import share_stages
from odegraph.passes.step_back import StepBack
from odegraph.passes.values_across import values_across
from odegraph.scheme import GeneralLinearScheme


@dataclass(frozen=True)
class Inverse:
    """The way back.

    Attributes:
        graph: its inputs are the values that the last step hands out, and it hands out, as tap n,
            every value that crosses into step n.
        first: the first step that is taken back; those before it were made by a start rule.
    """

    graph: StepGraph
    first: int

    @property
    def found(self) -> dict[str, str]:
        """By the name of a value on the way there the name of the same value in `graph`."""
        outputs = self.graph.of_type(Output)
        return {name.split(".", 1)[1]: self.graph.input(name, "state") for name in outputs}


def invert(graph: StepGraph) -> Inverse:
    """The inverse of a step graph.

    Raises:
        GraphError: the scheme has no algebraic inverse.
    """
    graph = evaluate_apart(graph)
    history = getattr(graph.manifestation.scheme, "history", 1)
    crossing = values_across(graph)
    crossing[-1] += _remembered(graph, crossing[-2], history=history)
    crossing[-1] += _carried(graph, but=crossing[-1])
    first = history - 1
    parts: list[NamedNode] = [(name, Input(), []) for name in crossing[-1]]
    outputs: list[NamedNode] = []
    known = HalfStates()
    nodes: dict[int | None, list[tuple[str, Node]]] = {}
    for name, node in graph.nodes():
        nodes.setdefault(node.step, []).append((name, node))
        known.add(name, node, graph.inputs(name))
    splits = any(graph.splits_state(name) for name, _ in graph.nodes())
    for step in reversed(range(first, graph.manifestation.steps)):
        parts += StepBack(
            graph,
            nodes[step],
            step=step,
            before=crossing[step],
            after=crossing[step + 1],
            halves=(0, 1) if splits else (0,),
            known=known,
        ).parts()
        for name in crossing[step]:
            tap = f"output{step}.{name}"
            outputs.append((tap, Output(None, step), [(name, Edge("state"))]))
    whole = step_graph(graph.manifestation, [*parts, *outputs])
    return Inverse(run_passes(whole, (share_stages, drop_dead)), first)


def _remembered(graph: StepGraph, before: list[str], *, history: int) -> list[str]:
    """The values from before the last step that a scheme with a history would need in the next."""
    last = graph.manifestation.steps
    return [name for name in before if (graph.node(name).step or 0) >= last - history > 0]


def _carried(graph: StepGraph, *, but: list[str]) -> list[str]:
    """The external values that another step would need: those that the last step computes.

    That is where they are states of its stages; for others nothing is left after the last step.
    """
    form = graph.manifestation
    if not isinstance(form.scheme, GeneralLinearScheme):
        return []
    stages = {stage + 1 for stage in form.scheme.stage_of_value if stage is not None}
    rates = {name: graph.node(name) for name in graph.of_type(Evaluate)}
    found = [
        graph.input(name, "state")
        for name, node in rates.items()
        if isinstance(node, Evaluate) and node.step == form.steps - 1 and node.stage in stages
    ]
    return [name for name in found if name not in but]


def only_start(inverse: Inverse) -> StepGraph:
    """The graph from the state at depth 1 to the state at depth 0 alone.

    Raises:
        GraphError: the way back begins with more than one state, or ends at a start rule.
    """
    graph = inverse.graph
    if len(graph.of_type(Input)) > 1 or inverse.first > 0:
        name = graph.manifestation.scheme.name
        raise GraphError(
            f"`{name}` goes back from its last states together, and the state at depth 1 is only "
            "one of them. Take a one-step scheme such as `stormer-verlet`."
        )
    outputs = [one for one in graph.of_type(Output) if graph.node(one) != Output(None, 0)]
    parts = (part for part in parts_of(graph) if part[0] not in outputs)
    return drop_dead(step_graph(graph.manifestation, parts))
