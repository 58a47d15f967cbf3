"""Evaluate stages of a step that do not need one another in one call, along the batch axis.

Stages of one step that read the same theta(t), none of which depends on another, become one call of
the unit on their states concatenated: a step then calls the unit as often as it has stages that
wait for one another. Stages that read another theta(t) are other functions, and stay apart.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import networkx as nx

from odegraph.ir import (
    BatchedRate,
    Edge,
    Evaluate,
    EvaluateBatch,
    Part,
    StepGraph,
    parts_of,
    step_graph,
)
from odegraph.ir.graph import NamedNode


def batch_stages(graph: StepGraph) -> StepGraph:
    """The graph that evaluates independent stages together.

    Rates are those of the single stages to rounding, for units that treat each sample of a batch by
    itself; compiling refuses others. Comes after `share_stages`, which finds what reads the same
    theta(t). Stages that share random numbers, and implicit ones, stay as they are.
    """
    batches = {one.members[0]: one for one in _batches(graph) if len(one.members) > 1}
    return step_graph(graph.manifestation, _in_order(graph, batches)) if batches else graph


def evaluate_apart(graph: StepGraph) -> StepGraph:
    """The graph that evaluates each stage by itself: the reverse of `batch_stages`."""
    if not graph.of_type(EvaluateBatch):
        return graph
    return step_graph(graph.manifestation, _stage_by_stage(graph))


class _Kind(NamedTuple):
    """Evaluations of one kind may share a call."""

    step: int
    part: Part
    theta: str


@dataclass(frozen=True)
class _Batch:
    """Evaluations that share a call; `needs` are the numbers of batches of the step before it."""

    kind: _Kind
    members: list[str]
    needs: set[int]


def _batches(graph: StepGraph) -> list[_Batch]:
    """Each evaluation joins the first batch of its kind that it does not depend on.

    With one theta(t) a step, that is the longest chain of stages: a batch for each link.
    """
    batches: list[_Batch] = []
    of_kind: dict[_Kind, list[int]] = {}
    needs: dict[str, set[int]] = {}
    for name, node, inputs in parts_of(graph):
        within = (s for s, _ in inputs if graph.node(s).step == node.step)
        needs[name] = set().union(*(needs[source] for source in within))
        if not isinstance(node, Evaluate) or node.draws is not None:
            continue
        kind = _Kind(node.step, node.part, graph.input(name, "theta"))
        taken = _with_their_needs(batches, needs[name])
        free = (one for one in of_kind.setdefault(kind, []) if one not in taken)
        number = next(free, len(batches))
        if number == len(batches):
            batches.append(_Batch(kind, [], set()))
            of_kind[kind].append(number)
        batches[number].members.append(name)
        batches[number].needs.update(needs[name])
        needs[name] = {number}
    return batches


def _with_their_needs(batches: list[_Batch], numbers: set[int]) -> set[int]:
    found: set[int] = set()
    waiting = [*numbers]
    while waiting:
        number = waiting.pop()
        if number not in found:
            found.add(number)
            waiting += batches[number].needs
    return found


def _in_order(graph: StepGraph, batches: dict[str, _Batch]) -> Iterator[NamedNode]:
    """The nodes with their batches, each after what it uses, else in the order that they had."""
    parts: dict[str, NamedNode] = {}
    place: dict[str, tuple[int, int]] = {}
    batched = {name for one in batches.values() for name in one.members}
    for position, (name, node, inputs) in enumerate(parts_of(graph)):
        if name in batches:
            for number, part in enumerate(_as_one_call(graph, batches[name])):
                parts[part[0]], place[part[0]] = part, (position, number)
        elif name not in batched:
            parts[name], place[name] = (name, node, inputs), (position, 0)
    uses = nx.DiGraph()
    uses.add_nodes_from(parts)
    uses.add_edges_from(
        (source, name) for name, _, inputs in parts.values() for source, _ in inputs
    )
    return (parts[name] for name in nx.lexicographical_topological_sort(uses, key=place.get))


def _as_one_call(graph: StepGraph, batch: _Batch) -> Iterator[NamedNode]:
    """The call and its rates, under the names that they had."""
    step, part, theta = batch.kind
    states: dict[str, tuple[int, ...]] = {}
    for position, rate in enumerate(batch.members):
        state = graph.input(rate, "state")
        states[state] = (*states.get(state, ()), position)
    name = f"{batch.members[0]}.batch"
    edges = [(state, Edge("state", None, places)) for state, places in states.items()]
    yield name, EvaluateBatch(step, len(batch.members), part), [*edges, (theta, Edge("theta"))]
    for position, rate in enumerate(batch.members):
        node = graph.node(rate)
        assert isinstance(node, Evaluate)
        one = BatchedRate(step, node.stage, position, node.reads)
        yield rate, one, [(name, Edge("batch"))]


def _stage_by_stage(graph: StepGraph) -> Iterator[NamedNode]:
    for name, node, inputs in parts_of(graph):
        if isinstance(node, BatchedRate):
            batch = graph.input(name, "batch")
            one = graph.node(batch)
            assert isinstance(one, EvaluateBatch)
            state = graph.by_stage(batch, "state")[node.position]
            edges = [(state, Edge("state")), (graph.input(batch, "theta"), Edge("theta"))]
            yield name, Evaluate(node.step, node.stage, one.part, node.reads), edges
        elif not isinstance(node, EvaluateBatch):
            yield name, node, inputs
