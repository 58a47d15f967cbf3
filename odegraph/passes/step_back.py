"""The equations of one step, solved for what went into it."""

from collections.abc import Iterable

from odegraph._errors import GraphError
from odegraph._exact import Exact, to_exact
from odegraph.ir import Combine, Edge, Evaluate, Halves, Node, StepGraph, Theta, Weight
from odegraph.ir.graph import NamedNode
from odegraph.passes.exact_span import ExactSpan
from odegraph.passes.half_states import HalfStates

ONE = to_exact(1)
Part = tuple[str, int]  # a value and one of its halves; half 0 is all of a state that has none
Form = dict[Part, Exact]


class StepBack:
    """One step taken back: values that cross into it from those that leave it."""

    def __init__(
        self,
        graph: StepGraph,
        nodes: list[tuple[str, Node]],
        *,
        step: int,
        before: list[str],
        after: list[str],
        halves: tuple[int, ...],
        known: HalfStates,
    ) -> None:
        self.graph = graph
        self.nodes = nodes
        self.step = step
        self.before = before
        self.after = after
        self.halves = halves
        self.known = known
        self.span: ExactSpan[Part, Part] = ExactSpan()
        self.forms: dict[Part, Form] = {}
        self.used: set[Part] = set()
        self.made: list[NamedNode] = []

    def parts(self) -> list[NamedNode]:
        """Nodes that make the values of `before` from those of `after`."""
        self._note_equations()
        waiting = [name for name, node in reversed(self.nodes) if isinstance(node, Evaluate)]
        missing = [name for name in self.before if name not in self.after]
        # A rate of the step before is that of the state that crosses along with it.
        waiting += [name for name in missing if self.graph.is_rate(name)]
        progress = True
        while progress:
            taken = [self._take_rate(name, missing) for name in waiting]
            progress = any(taken)
        for name in missing:
            if self.graph.is_rate(name):
                self._require(name, self._used_halves(name))
            else:
                self._take_state(name)
        return self.made

    def _note_equations(self) -> None:
        for name in self.before:
            self._is_atom(name)
        for name, node in self.nodes:
            if isinstance(node, Combine):
                for half in self.halves:
                    self.forms[name, half] = self._form(name, half)
            elif isinstance(node, Evaluate):
                self._is_atom(name)
            elif not isinstance(node, Theta):
                raise self._no_inverse(f"its stages are not explicit (`{type(node).__name__}`)")
        for name in self.after:
            for half in self._used_halves(name):
                self.span.learn(self.forms[name, half], (name, half))
                self.used |= set(self.forms[name, half])

    def _is_atom(self, name: str) -> None:
        for half in self.halves:
            self.forms[name, half] = {(name, half): ONE}

    def _form(self, name: str, half: int) -> Form:
        """One half of a sum in terms of what crosses into the step and of its rates."""
        total: Form = {}
        for source, edge in self.graph.inputs(name):
            for part, weight in self._row(edge.any_weight, half):
                for atom, value in self.forms[source, part].items():
                    total[atom] = total.get(atom, 0 * ONE) + weight * value
        return total

    def _row(self, weight: Weight, half: int) -> Iterable[tuple[int, Exact]]:
        if len(self.halves) == 1:
            assert isinstance(weight, Exact)
            return [(0, weight)]
        row = enumerate(Halves.both(weight).rows[half])
        return [(part, one) for part, one in row if one.is_zero is not True]

    def _take_rate(self, name: str, missing: list[str]) -> bool:
        """Evaluate a rate again, for each half of it whose state is known; whether one was.

        A state of `missing` values is taken along.
        """
        state = self._state_of(name)
        if state is None:
            return False
        taken = False
        for half in self._used_halves(name):
            if (name, half) not in self.used or self.span.solve({(name, half): ONE}) is not None:
                continue
            solved = {one: self.span.solve(self.forms[state, one]) for one in self._reads(name)}
            if any(one is None for one in solved.values()):
                continue
            node = self.graph.node(name)
            assert isinstance(node, Evaluate)
            if state in missing and self._reads(name) == self.halves:
                self._take_state(state)
                missing.remove(state)
                source = state
            else:
                source = self._sum(f"{name}.state{half}", {k: v for k, v in solved.items() if v})
            theta = self.graph.input(name, "theta")
            here = f"{theta}.back{self.step}"
            if here not in {one for one, _, _ in self.made}:
                found = self.graph.node(theta)
                assert isinstance(found, Theta)
                own = Theta(self.step, found.depth, found.row, found.state_row)
                self.made.append((here, own, []))
            rate = name if name in self.before else f"{name}.back{half}"
            edges = [(source, Edge("state")), (here, Edge("theta"))]
            self.made.append((rate, Evaluate(self.step, node.stage, node.part, node.reads), edges))
            self.span.learn({(name, half): ONE}, (rate, half))
            taken = True
        return taken

    def _reads(self, name: str) -> tuple[int, ...]:
        """The halves of a state that what is used of its rate depends on."""
        node = self.graph.node(name)
        assert isinstance(node, Evaluate)
        return self.halves if node.reads is None else (node.reads,)

    def _used_halves(self, name: str) -> tuple[int, ...]:
        """The halves of a value that mean something: of f(p) that of q."""
        node = self.graph.node(name)
        reads = node.reads if isinstance(node, Evaluate) else None
        return self.halves if reads is None else (1 - reads,)

    def _state_of(self, name: str) -> str | None:
        """A state that this step knows of, at which the unit has this rate."""
        state = self.graph.input(name, "state")
        if (state, 0) in self.forms:
            return state
        for other in self.before:
            if not self.graph.is_rate(other) and all(
                self.known.value(other, half) == self.known.value(state, half)
                for half in self._reads(name)
            ):
                return other
        return None

    def _take_state(self, name: str) -> None:
        self._sum(name, self._require(name, self.halves), named=True)

    def _require(self, name: str, halves: tuple[int, ...]) -> dict[int, dict[Part, Exact]]:
        solved = {half: self.span.solve({(name, half): ONE}) for half in halves}
        found = {half: one for half, one in solved.items() if one is not None}
        if len(found) < len(solved):
            raise self._no_inverse("its rates belong to states that do not follow from the result")
        return found

    def _sum(self, name: str, halves: dict[int, dict[Part, Exact]], *, named: bool = False) -> str:
        """A state from known values; a half that nothing reads is that of the newest state."""
        newest = next(one for one in self.after if not self.graph.is_rate(one))
        if not named:
            for half in self.halves:
                halves.setdefault(half, {(newest, half): ONE})
        weights: dict[str, Weight] = {}
        for half, terms in halves.items():
            for (source, part), weight in terms.items():
                one = weight if len(self.halves) == 1 else Halves.on(half, part, weight)
                weights[source] = one if source not in weights else weights[source] + one
        plain = {source: _plain(weight) for source, weight in weights.items()}
        if not named and list(plain.values()) == [ONE]:
            return next(iter(plain))
        states = {one for one in self.after if not self.graph.is_rate(one)}
        order = sorted(plain, key=lambda source: source not in states)
        edges = [(source, Edge("term", plain[source])) for source in order]
        self.made.append((name, Combine(self.step), edges))
        return name

    def _no_inverse(self, why: str) -> GraphError:
        scheme = self.graph.manifestation.scheme
        return GraphError(
            f"A step of `{scheme.name}` has no algebraic inverse: {why}. Take a reversible scheme "
            "such as `stormer-verlet` or `reversible-heun`, or `Checkpoints()`."
        )


def _plain(weight: Weight) -> Weight:
    """A weight that acts on both halves alike as a plain one."""
    if isinstance(weight, Halves) and weight == Halves(qq=weight.qq, pp=weight.qq):
        return weight.qq
    return weight
