"""What of a step graph is shown: every node, or one of many steps that have the same form.

The form of a step is its units and sums with the coefficients of the tableau (exact weights of
rates divided by the step's h), and where each value comes from: it says nothing of theta(t), whose
depths differ from step to step.
"""

from collections.abc import Callable, Hashable, Iterator
from dataclasses import dataclass

from odegraph._exact import Exact, exact_text, to_exact
from odegraph.ir import (
    Apply,
    Combine,
    Edge,
    Evaluate,
    FunctionOfJacobian,
    Halves,
    Input,
    Jacobian,
    Node,
    Output,
    PhiFunctions,
    Pullback,
    SlotGradient,
    StepGraph,
    Theta,
    Update,
)

MAX_STEPS = 6
FIRST_STEPS = 2
SHORTEST_RUN = 2
Computed = Evaluate | Pullback | Combine | Jacobian | FunctionOfJacobian | Apply


@dataclass(frozen=True)
class LeftOut:
    """Steps `first` to `last` of the form of the step before; `thetas` are the theta(t) inside."""

    step: int
    last: int
    thetas: tuple[Theta, ...]

    @property
    def count(self) -> int:
        """How many steps are left out."""
        return self.last - self.step + 1


@dataclass(frozen=True)
class Item:
    """A node to draw: the values that it takes, and the values that it gives, by graph name."""

    name: str
    node: Node | LeftOut
    inputs: tuple[tuple[str, Edge], ...]
    values: tuple[str, ...]


View = Callable[[StepGraph], list[Item]]


def every_step(graph: StepGraph) -> list[Item]:
    """All nodes of the graph."""
    return [_item(graph, name, node) for name, node in graph.nodes()]


def repeated_steps_left_out(graph: StepGraph) -> list[Item]:
    """Of more than six steps the first two, the last, and each that differs from the one before.

    A graph that learns statistics, or adds up gradients, is drawn whole: these read every step.
    """
    steps = graph.manifestation.steps
    if steps <= MAX_STEPS or graph.of_type(Update) or graph.of_type(SlotGradient):
        return every_step(graph)
    runs = list(_runs(_left_out(graph, steps)))
    if not runs:
        return every_step(graph)
    return _with_ellipses(graph, {step: run for run in runs for step in run})


def step_forms(graph: StepGraph) -> list[Hashable]:
    """The form of each step; equal forms compute the same formulas, up to h and theta(t)."""
    members = _by_step(graph)
    return [_form(graph, step, members.get(step, [])) for step in range(graph.manifestation.steps)]


def _left_out(graph: StepGraph, steps: int) -> list[int]:
    forms = step_forms(graph)
    tapped = {graph.node(graph.input(name, "state")).step for name in graph.of_type(Output)}
    return [
        step
        for step in range(FIRST_STEPS, steps - 1)
        if forms[step] == forms[step - 1] and step not in tapped
    ]


def _runs(steps: list[int]) -> Iterator[range]:
    start = 0
    for index, step in enumerate(steps):
        if index + 1 == len(steps) or steps[index + 1] != step + 1:
            if index + 1 - start >= SHORTEST_RUN:
                yield range(steps[start], step + 1)
            start = index + 1


def _by_step(graph: StepGraph) -> dict[int, list[str]]:
    members: dict[int, list[str]] = {}
    for name, node in graph.nodes():
        if isinstance(node, Computed):
            members.setdefault(node.step, []).append(name)
    return members


def _form(graph: StepGraph, step: int, members: list[str]) -> Hashable:
    start, end = graph.manifestation.intervals[step]
    h = to_exact(graph.manifestation.span * (end - start))
    places: dict[str, Hashable] = {name: ("here", i) for i, name in enumerate(members)}
    form = []
    for name in members:
        node = graph.node(name)
        terms = []
        for source, edge in graph.inputs(name):
            if edge.role == "theta":
                continue
            is_rate = isinstance(graph.node(source), Evaluate)
            place = places.setdefault(source, ("before", is_rate, len(places)))
            terms.append((place, edge.any_weight / h if is_rate and edge.weight else edge.weight))
        form.append((_sort(node, h), tuple(terms)))
    return tuple(form)


def _sort(node: Node, h: Exact) -> Hashable:
    match node:
        case Evaluate(stage=stage, part=part):
            return Evaluate, stage, part
        case FunctionOfJacobian(function=PhiFunctions(scale, highest)):
            return PhiFunctions, scale / h, highest
        case FunctionOfJacobian(function=function):
            return type(function), function.scale / h
        case Apply(order=order):
            return Apply, order
    return type(node)


def _with_ellipses(graph: StepGraph, run_of: dict[int, range]) -> list[Item]:
    hidden = {
        name: run_of[node.step]
        for name, node in graph.nodes()
        if isinstance(node, Computed) and node.step in run_of
    }
    read = {
        source
        for name, _ in graph.nodes()
        if name not in hidden
        for source, edge in graph.inputs(name)
        if edge.role == "theta"
    }
    items: list[Item] = []
    begun: set[range] = set()
    for name, node in graph.nodes():
        if name in hidden:
            if hidden[name] not in begun:
                begun.add(hidden[name])
                items.append(_ellipsis(graph, hidden[name], hidden))
        elif not isinstance(node, Theta) or name in read:
            items.append(_item(graph, name, node))
    return items


def _ellipsis(graph: StepGraph, run: range, hidden: dict[str, range]) -> Item:
    inside = [name for name, its_run in hidden.items() if its_run == run]
    taken: dict[str, Edge] = {}
    thetas: dict[str, None] = {}
    for name in inside:
        for source, edge in graph.inputs(name):
            if edge.role == "theta":
                thetas[source] = None
            elif hidden.get(source) != run:
                taken.setdefault(source, Edge("state"))
    given = [n for n in inside if any(hidden.get(user) != run for user in graph.graph.succ[n])]
    nodes = [graph.node(name) for name in thetas]
    return Item(
        f"steps{run[0]}to{run[-1]}",
        LeftOut(run[0], run[-1], tuple(node for node in nodes if isinstance(node, Theta))),
        tuple(taken.items()),
        tuple(given),
    )


def _item(graph: StepGraph, name: str, node: Node) -> Item:
    return Item(name, node, tuple(graph.inputs(name)), (name,))


def states_of(graph: StepGraph) -> frozenset[str]:
    """The values that are states of the network, as opposed to rates, matrices and their products.

    A sum is a state where a term is one, and so is exp(hJ) times a state.
    """
    found: set[str] = set()
    for name, node in graph.nodes():
        if isinstance(node, Input) or _adds_to_state(graph, name, node, found):
            found.add(name)
    return frozenset(found)


def _adds_to_state(graph: StepGraph, name: str, node: Node, states: set[str]) -> bool:
    if isinstance(node, Apply):
        matrix = graph.node(graph.input(name, "matrix"))
        keeps = isinstance(matrix, FunctionOfJacobian) and node.order == 0
    else:
        keeps = isinstance(node, Combine)
    return keeps and any(source in states for source, _ in graph.inputs(name))


def exact_weight(edge: Edge) -> str:
    """The weight as exact text; empty for roles without one."""
    if edge.weight is None:
        return ""
    return str(edge.weight) if isinstance(edge.weight, Halves) else exact_text(edge.weight)
