"""One step of a graph as a `Program` of events over linear combinations, and back."""

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from odegraph.ir import (
    Apply,
    Combine,
    Edge,
    Evaluate,
    EvaluateBatch,
    Node,
    Part,
    Solve,
    StepGraph,
    Theta,
    renamed,
)
from odegraph.ir.graph import NamedNode
from odegraph.ir.number_domain import NumberDomain
from odegraph.passes.exact_vectors import Vector, combined
from odegraph.passes.register_plan import Event, Program
from odegraph.passes.register_schedule import Add, Run, schedule
from odegraph.passes.registers import EVENTS, STATE_SIZED

MATRICES = ("matrix", "jacobian")


@dataclass(frozen=True)
class StepPlan:
    """The actions of all steps of one form; vectors and atoms count the values of the step.

    Attributes:
        actions: events and sums in order.
        vectors: what each value is, by its number in the step.
        domain: the field of the weights.
    """

    actions: tuple[Run | Add, ...]
    vectors: Mapping[int, Vector]
    domain: NumberDomain


class StepProgram:
    """The nodes of one step; `inputs` and `outs` are the states and rates that cross its ends."""

    def __init__(
        self,
        graph: StepGraph,
        step: int,
        nodes: Sequence[str],
        *,
        inputs: Sequence[str],
        outs: Sequence[str],
    ) -> None:
        self.graph = graph
        self.step = step
        self.names = [*inputs, *nodes]
        self.number = {name: number for number, name in enumerate(self.names)}
        self.inputs = inputs
        self.nodes = nodes
        self.outs = outs

    @cached_property
    def form(self) -> Hashable:
        """Equal for steps that have one plan."""
        drawn: dict[object, int] = {}
        nodes = tuple(
            (
                type(node := self.graph.node(name)),
                drawn.setdefault(draws, len(drawn)) if (draws := _draws(node)) else None,
                tuple((self.number.get(one, -1), edge) for one, edge in self.graph.inputs(name)),
            )
            for name in self.nodes
        )
        rates = tuple(map(self.graph.is_rate, self.inputs))
        return rates, nodes, tuple(self.number[name] for name in self.outs)

    def plan(self) -> StepPlan:
        """What to do in which order, with as few registers as possible."""
        weights = [
            edge.exact
            for name in self.nodes
            for _, edge in self.graph.inputs(name)
            if edge.role == "term"
        ]
        domain = NumberDomain(weights)
        vectors = self._vectors(domain)
        states = [n for n, name in enumerate(self.inputs) if not self.graph.is_rate(name)]
        program = Program(
            inputs=tuple(range(len(self.inputs))),
            states=frozenset(states),
            events=tuple(self._events(vectors, domain)),
            outs=tuple(dict.fromkeys(vectors[self.number[name]] for name in self.outs)),
        )
        return StepPlan(tuple(schedule(program, one=domain.one)), vectors, domain)

    def written(self, plan: StepPlan) -> Iterator[NamedNode]:
        """The nodes of the step as planned."""
        at_last = self._value_names(plan)
        names = {**at_last, **self._atom_names(plan)}
        thetas = {name: None for name in self.nodes if isinstance(self.graph.node(name), Theta)}
        for action in plan.actions:
            if isinstance(action, Add):
                terms = [
                    (names[one], Edge("term", plan.domain.exact(x))) for one, x in action.terms
                ]
                names[action.target] = at_last[action.target]
                yield names[action.target], Combine(self.step), terms
                continue
            name = self._event_names[action.event]
            like = names[action.held[0]] if action.held else ""
            inputs = self._event_inputs(name, plan, names, like)
            for source, _ in inputs:
                if source in thetas:
                    del thetas[source]
                    yield source, self.graph.node(source), []
            yield name, self.graph.node(name), inputs
            yield from (
                (rate, self.graph.node(rate), self.graph.inputs(rate)) for rate in self._rates(name)
            )
        # What no event of this step reads, later ones do.
        yield from ((name, self.graph.node(name), []) for name in thetas)

    def renamed_outs(self, plan: StepPlan) -> dict[str, str]:
        """What leaves the step, by the names that the values have now."""
        names = self._value_names(plan)
        return {name: names[plan.vectors[self.number[name]]] for name in self.outs}

    @cached_property
    def _event_names(self) -> list[str]:
        return [name for name in self.nodes if isinstance(self.graph.node(name), EVENTS)]

    def _rates(self, event: str) -> list[str]:
        """The rates of a solve, or of stages that are evaluated together."""
        if not isinstance(self.graph.node(event), Solve | EvaluateBatch):
            return []
        return [name for name in self.nodes if event in self.graph.graph.pred[name]]

    def _vectors(self, domain: NumberDomain) -> dict[int, Vector]:
        """Every value of the step as a combination of what enters it and what its events make."""
        vectors: dict[int, Vector] = {}
        for number, name in enumerate(self.names):
            if number >= len(self.inputs) and isinstance(self.graph.node(name), Combine):
                vectors[number] = self._sum(name, vectors, domain)
            elif isinstance(self.graph.node(name), STATE_SIZED):
                vectors[number] = ((number, domain.one),)
        return vectors

    def _sum(self, name: str, vectors: Mapping[int, Vector], domain: NumberDomain) -> Vector:
        return combined(
            (vectors[self.number[source]], domain.number(edge.exact))
            for source, edge in self.graph.inputs(name)
            if edge.role == "term"
        )

    def _arguments(
        self, name: str, vectors: Mapping[int, Vector], domain: NumberDomain
    ) -> tuple[Vector, ...]:
        """The states that an event reads, each once."""
        if isinstance(self.graph.node(name), Apply):
            return (self._sum(name, vectors, domain),)
        states = (one for one, edge in self.graph.inputs(name) if edge.role == "state")
        return tuple(dict.fromkeys(vectors[self.number[one]] for one in states))

    def _events(self, vectors: Mapping[int, Vector], domain: NumberDomain) -> Iterator[Event]:
        made = {name: number for number, name in enumerate(self._event_names)}
        made |= {rate: number for name, number in made.items() for rate in self._rates(name)}
        drawn: dict[object, int] = {}
        for number, name in enumerate(self._event_names):
            arguments = self._arguments(name, vectors, domain)
            used = {self.names[atom] for one in arguments for atom, _ in one}
            used |= {one for one, edge in self.graph.inputs(name) if edge.role in MATRICES}
            after = {made[one] for one in used if one in made}
            node = self.graph.node(name)
            if draws := _draws(node):
                # The first of those that share random numbers draws them.
                after |= {drawn.setdefault(draws, number)} - {number}
            makes = self._rates(name) or ([name] if isinstance(node, STATE_SIZED) else [])
            results = tuple(self.number[one] for one in makes)
            yield Event(arguments, results, frozenset(after))

    def _value_names(self, plan: StepPlan) -> dict[Vector, str]:
        """A name for every value: one that it had, or a new one for a sum that is new."""
        atoms = self._atom_names(plan)
        names = dict(atoms)
        for number, vector in plan.vectors.items():
            names.setdefault(vector, self.names[number])
        added = (one.target for one in plan.actions if isinstance(one, Add))
        new = (one for one in added if one in atoms or one not in names)
        return names | {one: f"step{self.step}.sum{n}" for n, one in enumerate(new, start=1)}

    def _atom_names(self, plan: StepPlan) -> dict[Vector, str]:
        one = plan.domain.one
        atoms = {n: ((n, one),) for n in plan.vectors}
        return {v: self.names[n] for n, v in atoms.items() if plan.vectors[n] == v}

    def _event_inputs(
        self, name: str, plan: StepPlan, names: Mapping[Vector, str], like: str
    ) -> list[tuple[str, Edge]]:
        """What an event reads, by the names that the values have now."""
        inputs = self.graph.inputs(name)
        if isinstance(self.graph.node(name), Apply):
            vector = self._sum(name, plan.vectors, plan.domain)
            matrix = [(one, edge) for one, edge in inputs if edge.role == "matrix"]
            return [*matrix, (names[vector], Edge("term", plan.domain.exact(plan.domain.one)))]
        known = {
            source: names[plan.vectors[self.number[source]]] if edge.role == "state" else like
            for source, edge in inputs
            if edge.role in ("state", "like")
        }
        return renamed(inputs, known)


def _draws(node: Node) -> tuple[Part, int] | None:
    """Which random numbers an evaluation shares with others."""
    if not isinstance(node, Evaluate) or node.draws is None:
        return None
    return node.part, node.draws
