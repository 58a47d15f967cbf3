"""Transpose a step graph: the graph that takes the gradient of the result back to depth 0.

Reverse-mode differentiation of the graph, not of what is inside a unit: an evaluation becomes one
vector-Jacobian product at the state where the unit was evaluated, a weighted sum sends its gradient
to its terms with the same exact weights, and a theta(t) = sum_b phi_b(t) theta^b sends its own to
the coefficients with phi_b(t). Of a Runge-Kutta step this makes one of the scheme with
a^_ij = b_j - b_j a_ji / b_i (Hager 2000; Sanz-Serna 2016): `RungeKuttaScheme.costate`.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from odegraph._errors import GraphError
from odegraph._exact import Exact, to_exact
from odegraph.ir import (
    Combine,
    Edge,
    Evaluate,
    GivenDraws,
    Halves,
    Input,
    KeptDraws,
    Node,
    Output,
    Part,
    Pullback,
    SlotGradient,
    StepGraph,
    Theta,
    Update,
    Weight,
    parts_of,
    step_graph,
)
from odegraph.ir.graph import NamedNode
from odegraph.ir.halves import add_weights
from odegraph.passes.batch_stages import evaluate_apart
from odegraph.passes.own_theta import own_theta
from odegraph.passes.pipeline import run_passes
from odegraph.passes.share_stages import share_stages
from odegraph.passes.simplify import simplify

ONE = to_exact(1)
TRANSPOSED = Input | Theta | Evaluate | Combine | Update | Output


@dataclass(frozen=True)
class Adjoint:
    """A step graph transposed.

    Attributes:
        graph: its inputs are the gradients of the outputs, then the values called `kept`, then
            what random units drew; it hands out the gradient of the state at depth 0, and a
            `SlotGradient` for every coefficient.
        kept: the values that the way back reads: the states at which the unit was evaluated.
    """

    graph: StepGraph
    kept: tuple[str, ...]


def discrete_adjoint(graph: StepGraph) -> Adjoint:
    """The transposed graph.

    Raises:
        GraphError: stages that are solved for, or steps that take a Jacobian.
    """
    graph = evaluate_apart(graph)
    _refuse_what_is_not_explicit(graph)
    transposition = _Transposition(own_theta(graph))
    parts = list(transposition.parts())
    kept = tuple(reversed(transposition.kept))
    given = [*map(cotangent, graph.of_type(Output)), *kept]
    inputs: list[NamedNode] = [(name, Input(), []) for name in given]
    for part, draws in _drawing(graph):
        inputs.append((f"draws_{part.value}{draws}", GivenDraws(None, part, draws), []))
    whole = step_graph(graph.manifestation, [*inputs, *parts])
    return Adjoint(run_passes(whole, (simplify, share_stages)), kept)


def keeping(graph: StepGraph, names: tuple[str, ...]) -> StepGraph:
    """The graph that hands out, after its outputs, some values and what random units drew."""
    parts = list(parts_of(graph))
    for tap, name in enumerate(names):
        parts.append((f"{name}.kept", Output(None, tap), [(name, Edge("state"))]))
    for (part, draws), name in _drawing(graph).items():
        kept = KeptDraws(None, part, draws)
        parts.append((f"{name}.draws", kept, [(name, Edge("evaluation"))]))
    return step_graph(graph.manifestation, parts)


def _drawing(graph: StepGraph) -> dict[tuple[Part, int], str]:
    """The first of the evaluations that share random numbers: it draws them."""
    first: dict[tuple[Part, int], str] = {}
    for name, node in graph.nodes():
        if isinstance(node, Evaluate) and node.draws is not None:
            first.setdefault((node.part, node.draws), name)
    return first


class _Transposition:
    """One walk from the outputs to the inputs: each node sends gradients to what it used."""

    def __init__(self, graph: StepGraph) -> None:
        self.graph = graph
        self.kept: dict[str, None] = {}
        self.sent: dict[str, dict[str, Weight]] = {}
        self.thetas: set[str] = set()
        self.slots: dict[int, list[tuple[str, Exact]]] = {}
        self.totals: dict[int, str] = {}

    def parts(self) -> Iterator[NamedNode]:
        """The nodes, the last step first."""
        now: int | None = None
        for name, node in reversed(list(self.graph.nodes())):
            if node.step is not None and node.step != now:
                yield from self._slot_gradients(now)
                now = node.step
            yield from self._transposed(name, node)
        yield from self._slot_gradients(now)
        for name in self.graph.of_type(Input):
            yield from self._gradient_of(name)
            yield "output0", Output(None, 0), [(cotangent(name), Edge("state"))]

    def _transposed(self, name: str, node: Node) -> Iterator[NamedNode]:
        if isinstance(node, Output):
            self._send(self.graph.input(name, "state"), cotangent(name), ONE)
        elif isinstance(node, Combine) and name in self.sent:
            yield from self._gradient_of(name)
            for source, edge in self.graph.inputs(name):
                self._send(source, cotangent(name), _transposed(edge.any_weight))
        elif isinstance(node, Evaluate) and name in self.sent:
            yield from self._gradient_of(name)
            yield from self._pullback(name, node)

    def _pullback(self, name: str, node: Evaluate) -> Iterator[NamedNode]:
        state, theta = (self.graph.input(name, role) for role in ("state", "theta"))
        at = self.graph.node(theta)
        assert isinstance(at, Theta)
        if theta not in self.thetas:
            self.thetas.add(theta)
            yield theta, at, []
        edges = [(state, Edge("state")), (theta, Edge("theta"))]
        pullback = f"{name}.pullback"
        here = Pullback(node.step, node.stage, node.part, node.draws)
        yield pullback, here, [*edges, (cotangent(name), Edge("cotangent"))]
        self.kept[state] = None
        self._send(state, pullback, ONE)
        for index, value in at.row:
            self.slots.setdefault(index, []).append((pullback, to_exact(value)))

    def _send(self, to: str, source: str, weight: Weight) -> None:
        if weight.is_zero is True:
            return
        sent = self.sent.setdefault(to, {})
        sent[source] = add_weights(sent[source], weight) if source in sent else weight

    def _gradient_of(self, name: str) -> Iterator[NamedNode]:
        """The sum of what was sent; it belongs to the first of the steps that use the value."""
        users = (self.graph.node(user).step for user in self.graph.graph.succ[name])
        step = min((user for user in users if user is not None), default=self._step_of(name))
        terms = [(source, Edge("term", weight)) for source, weight in self.sent[name].items()]
        yield cotangent(name), Combine(step), terms

    def _step_of(self, name: str) -> int:
        step = self.graph.node(name).step
        return 0 if step is None else step

    def _slot_gradients(self, step: int | None) -> Iterator[NamedNode]:
        """What the pullbacks of one step add to the gradients of coefficients."""
        for index, terms in self.slots.items():
            assert step is not None
            before = [(self.totals[index], ONE)] if index in self.totals else []
            edges = [(name, Edge("gradient", weight)) for name, weight in [*before, *terms]]
            self.totals[index] = f"step{step}.gradient{index}"
            yield self.totals[index], SlotGradient(step, index), edges
        self.slots.clear()


def cotangent(name: str) -> str:
    """The name of the gradient of a value."""
    return f"{name}.cotangent"


def _transposed(weight: Weight) -> Weight:
    return weight.transposed if isinstance(weight, Halves) else weight


def _refuse_what_is_not_explicit(graph: StepGraph) -> None:
    for _, node in graph.nodes():
        if not isinstance(node, TRANSPOSED):
            raise GraphError(
                f"A step of `{graph.manifestation.scheme.name}` holds a `{type(node).__name__}`, "
                "and the discrete adjoint is made of explicit stages. Use `Checkpoints()`, or "
                "`Backpropagation()`, which keeps only the solution of stages that are solved for."
            )
