"""An adjoint graph as it is drawn: gradients run along the wires, and nothing else.

The states that were kept stand in the texts of the units, and all that a coefficient gets from any
step comes together in one box.
"""

from collections.abc import Iterator

from odegraph.ir import Edge, GivenDraws, Pullback, SlotGradient, StepGraph, parts_of, step_graph
from odegraph.ir.graph import NamedNode


def transposed(graph: StepGraph) -> StepGraph:
    """The same graph, to look at; any other graph as it is."""
    if not graph.of_type(Pullback):
        return graph
    return step_graph(graph.manifestation, [*_gradients(graph), *_slots(graph)])


def _gradients(graph: StepGraph) -> Iterator[NamedNode]:
    kept = {graph.input(name, "state") for name in graph.of_type(Pullback)}
    for name, node, inputs in parts_of(graph):
        if isinstance(node, Pullback):
            cotangent, theta = (graph.input(name, role) for role in ("cotangent", "theta"))
            yield name, node, [(cotangent, Edge("state")), (theta, Edge("theta"))]
        elif name not in kept and not isinstance(node, SlotGradient | GivenDraws):
            yield name, node, inputs


def _slots(graph: StepGraph) -> Iterator[NamedNode]:
    """One node for each coefficient, which reads the pullbacks of all steps."""
    gathered: dict[int, list[tuple[str, Edge]]] = {}
    for _, node, inputs in parts_of(graph):
        if isinstance(node, SlotGradient):
            own = [one for one in inputs if isinstance(graph.node(one[0]), Pullback)]
            gathered.setdefault(node.index, []).extend(own)
    for index, inputs in sorted(gathered.items()):
        step = min(graph.node(source).step or 0 for source, _ in inputs)
        yield f"gradient{index}", SlotGradient(step, index), inputs
