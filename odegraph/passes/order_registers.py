"""Order and rewrite each step so that as few state-sized values as possible are held at once.

For incremental accumulation, and for the recursions of low-storage schemes, see
`register_schedule`; that no step can do with fewer, see `register_plan`.
"""

from collections.abc import Hashable, Iterator
from dataclasses import replace

from odegraph.ir import (
    BatchedRate,
    Combine,
    Input,
    SolvedRate,
    StepGraph,
    Theta,
    renamed,
    step_graph,
)
from odegraph.ir.graph import NamedNode
from odegraph.passes.registers import EVENTS, STATE_SIZED, registers
from odegraph.passes.step_program import StepPlan, StepProgram
from odegraph.passes.values_across import values_across

KNOWN = (Theta, Combine, SolvedRate, BatchedRate, *EVENTS)


def order_registers(graph: StepGraph) -> StepGraph:
    """The graph in which each step holds the fewest values that its coefficients allow.

    Comes last. The numbers are those of the graph to rounding. Steps that treat the halves of the
    state differently stay as they are: they update the halves in place already.
    """
    ordered = step_graph(graph.manifestation, _ordered(graph))
    return replace(ordered, registers=registers(ordered).allocation)


def _ordered(graph: StepGraph) -> Iterator[NamedNode]:
    plans: dict[Hashable, StepPlan] = {}
    names: dict[str, str] = {}
    across = values_across(graph)
    for step, nodes in _by_step(graph):
        if step is None or not _is_linear_between_events(graph, nodes):
            for name in nodes:
                yield name, graph.node(name), renamed(graph.inputs(name), names)
            continue
        inputs, outs = (
            [name for name in crossing if isinstance(graph.node(name), STATE_SIZED)]
            for crossing in across[step : step + 2]
        )
        program = StepProgram(graph, step, nodes, inputs=inputs, outs=outs)
        if program.form not in plans:
            plans[program.form] = program.plan()
        plan = plans[program.form]
        for name, node, edges in program.written(plan):
            yield name, node, renamed(edges, names)
        names |= program.renamed_outs(plan)


def _by_step(graph: StepGraph) -> list[tuple[int | None, list[str]]]:
    """The nodes of each step, after the inputs of the graph and before its outputs."""
    steps: dict[int, list[str]] = {}
    first, last = [], []
    for name, node in graph.nodes():
        if node.step is not None:
            steps.setdefault(node.step, []).append(name)
        else:
            (first if isinstance(node, Input) else last).append(name)
    return [(None, first), *sorted(steps.items()), (None, last)]


def _is_linear_between_events(graph: StepGraph, nodes: list[str]) -> bool:
    known = all(isinstance(graph.node(name), KNOWN) for name in nodes)
    return known and not any(map(graph.splits_state, nodes))
