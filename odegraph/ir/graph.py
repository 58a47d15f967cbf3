"""The step graph: the intermediate representation of a manifestation."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import networkx as nx

from odegraph.ir.halves import Halves
from odegraph.ir.manifestation import Manifestation
from odegraph.ir.nodes import BatchedRate, Edge, Evaluate, Node, Rate, Solve


@dataclass(frozen=True, eq=False)
class StepGraph:
    """Frozen nodes joined by edges with exact weights; the order of the nodes is topological.

    Attributes:
        manifestation: what the graph discretises.
        graph: a frozen `networkx.DiGraph`; `graph.nodes[name]["node"]` is a `Node`,
            `graph.edges[source, target]["edge"]` an `Edge`. A sum holds its terms in edge order.
        registers: the register of each value, counted from 0, where a pass has allocated them:
            then executors hold no value longer than it is needed.
    """

    manifestation: Manifestation
    graph: nx.DiGraph
    registers: Mapping[str, int] = field(default_factory=dict)

    def __deepcopy__(self, memo: dict) -> "StepGraph":
        return self  # frozen

    def node(self, name: str) -> Node:
        """The node called `name`."""
        return self.graph.nodes[name]["node"]

    def nodes(self) -> Iterator[tuple[str, Node]]:
        """All nodes with their names, each after everything that it uses."""
        return ((name, data["node"]) for name, data in self.graph.nodes(data=True))

    def inputs(self, name: str) -> list[tuple[str, Edge]]:
        """What the node `name` uses, in the order in which it uses it."""
        # The dicts themselves: the views that `pred` makes of them take longer than all else here.
        used = self.graph._pred[name]  # pyright: ignore[reportAttributeAccessIssue]
        return [(source, data["edge"]) for source, data in used.items()]

    def input(self, name: str, role: str) -> str:
        """The one input of `name` with this role."""
        (found,) = (source for source, edge in self.inputs(name) if edge.role == role)
        return found

    @property
    def evaluations(self) -> int:
        """Unit evaluations in one pass: what the graph costs."""
        solves = [node for _, node in self.nodes() if isinstance(node, Solve)]
        solved = sum(len(one.coefficients) * one.solver.evaluations for one in solves)
        return len(self.of_type(Evaluate)) + len(self.of_type(BatchedRate)) + solved

    def splits_state(self, name: str) -> bool:
        """Whether `name` is a sum that treats the halves of the state differently."""
        return any(isinstance(edge.weight, Halves) for _, edge in self.inputs(name))

    def is_rate(self, name: str) -> bool:
        """Whether `name` is a rate, not a state."""
        return isinstance(self.node(name), Rate)

    def by_stage(self, name: str, role: str) -> tuple[str, ...]:
        """What the stages of a solve, or the places of a batch, use in this role, in order."""
        found = {
            stage: source
            for source, edge in self.inputs(name)
            for stage in edge.stages
            if edge.role == role
        }
        return tuple(found[stage] for stage in range(len(found)))

    def of_type(self, kind: type[Node]) -> list[str]:
        """Names of all nodes of one type."""
        return [name for name, node in self.nodes() if isinstance(node, kind)]


NamedNode = tuple[str, Node, list[tuple[str, Edge]]]


def step_graph(
    manifestation: Manifestation,
    parts: Iterable[NamedNode],
    *,
    registers: Mapping[str, int] | None = None,
) -> StepGraph:
    """A `StepGraph` of named nodes with their inputs, given in topological order."""
    graph = nx.DiGraph()
    named = list(parts)
    graph.add_nodes_from((name, {"node": node}) for name, node, _ in named)
    graph.add_edges_from(
        (source, name, {"edge": edge}) for name, _, inputs in named for source, edge in inputs
    )
    return StepGraph(manifestation, nx.freeze(graph), registers or {})


def parts_of(graph: StepGraph) -> Iterator[NamedNode]:
    """The inverse of `step_graph`: what a pass reads."""
    return ((name, node, graph.inputs(name)) for name, node in graph.nodes())


def renamed(inputs: list[tuple[str, Edge]], names: Mapping[str, str]) -> list[tuple[str, Edge]]:
    """The inputs after some values were replaced by others; terms that now meet add up."""
    merged: dict[str, Edge] = {}
    for source, edge in inputs:
        source = names.get(source, source)
        met = merged.get(source)
        merged[source] = edge if met is None else met.merged(edge)
    return list(merged.items())
