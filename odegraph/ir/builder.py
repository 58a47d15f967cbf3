"""What the step builders of all scheme kinds share: names, depths and edges."""

from collections.abc import Sequence
from fractions import Fraction

from odegraph._exact import Exact, to_exact, to_rational
from odegraph.ir.graph import NamedNode
from odegraph.ir.halves import Weight
from odegraph.ir.manifestation import Manifestation
from odegraph.ir.nodes import (
    Combine,
    Edge,
    Evaluate,
    Input,
    Matrix,
    Node,
    Output,
    Solve,
    SolvedRate,
    StageMatrix,
    Theta,
)
from odegraph.ir.part import Part
from odegraph.ir.solver import ExactLinear, NewtonKrylov, Solver


class GraphBuilder:
    """Collects named nodes in topological order; each method returns the name of what it added."""

    def __init__(self, manifestation: Manifestation, solver: Solver | None = None) -> None:
        self.manifestation = manifestation
        self.solver = solver or manifestation.solver or NewtonKrylov()
        self.parts: list[NamedNode] = []
        self._weights: dict[tuple[Fraction, Exact], Exact] = {}

    def input(self) -> str:
        """The state at depth 0."""
        return self.add("x0", Input(), [])

    def theta(self, step: int, stage: int, node: Exact, *, part: Part = Part.WHOLE) -> str:
        """theta at t_n + c dt, seen from inside the step: never beyond a jump at its ends."""
        start, end = interval = self.manifestation.intervals[step]
        depth = _depth(start, end, node)
        statistics = self.manifestation.state_basis
        theta = Theta(
            step,
            depth,
            self.manifestation.basis.row_within(depth, interval=interval),
            () if statistics is None else statistics.row_within(depth, interval=interval),
        )
        of_part = "" if part is Part.WHOLE else f"_{part.value}"
        return self.add(f"step{step}.theta{of_part}{stage}", theta, [])

    def evaluate(
        self,
        step: int,
        stage: int,
        state: str,
        node: Exact,
        *,
        part: Part = Part.WHOLE,
        reads: int | None = None,
    ) -> str:
        """k_i = R(state, theta(t_n + c_i dt)), or the rate f_i or g_i of a part of R.

        `reads` is the half of the state that what is used of the rate depends on.
        """
        theta = self.theta(step, stage, node, part=part)
        edges = [(state, Edge("state")), (theta, Edge("theta"))]
        evaluate = Evaluate(step, stage, part, reads)
        return self.add(f"step{step}.{part.value}{stage}", evaluate, edges)

    def solve(
        self,
        step: int,
        stages: Sequence[int],
        *,
        states: Sequence[str],
        nodes: Sequence[Exact],
        coefficients: Matrix,
        part: Part = Part.WHOLE,
    ) -> list[str]:
        """The rates of stages that need one another, each at its state and depth t_n + c_i dt."""
        depths = zip(stages, nodes, strict=True)
        thetas = [self.theta(step, i, node, part=part) for i, node in depths]
        edges = _staged("state", states) + _staged("theta", thetas)
        first = stages[0]
        if isinstance(self.solver, ExactLinear):
            inputs = [*_staged("theta", thetas), (states[0], Edge("like"))]
            name = f"step{step}.matrix{first}"
            edges.append(
                (self.add(name, StageMatrix(step, coefficients, part), inputs), Edge("matrix"))
            )
        node = Solve(step, coefficients, self.solver, part)
        solve = self.add(f"step{step}.solve{first}", node, edges)
        return [
            self.add(
                f"step{step}.{part.value}{i}", SolvedRate(step, i, n), [(solve, Edge("solve"))]
            )
            for n, i in enumerate(stages)
        ]

    def combine(self, name: str, step: int, terms: Sequence[tuple[str, Weight]]) -> str:
        """The sum of weight * value over `terms`."""
        edges = [(source, Edge("term", weight)) for source, weight in terms]
        return self.add(name, Combine(step), edges)

    def output(self, state: str, tap: int) -> str:
        """Hand out `state` after `tap` steps."""
        return self.add(f"output{tap}", Output(None, tap), [(state, Edge("state"))])

    def scaled(self, step: int, coefficient: Exact) -> Exact:
        """h_n times a tableau coefficient, exact; equal steps share the product."""
        start, end = self.manifestation.intervals[step]
        h = self.manifestation.span * (end - start)
        key = (h, coefficient)
        if key not in self._weights:
            self._weights[key] = to_exact(h) * coefficient
        return self._weights[key]

    def add(self, name: str, node: Node, inputs: list[tuple[str, Edge]]) -> str:
        """Add any node."""
        self.parts.append((name, node, inputs))
        return name


def _staged(role: str, values: Sequence[str]) -> list[tuple[str, Edge]]:
    stages: dict[str, tuple[int, ...]] = {}
    for stage, value in enumerate(values):
        stages[value] = (*stages.get(value, ()), stage)
    return [(value, Edge(role, None, used)) for value, used in stages.items()]


def _depth(start: Fraction, end: Fraction, node: Exact) -> Exact | Fraction:
    rational = to_rational(node)
    if rational is not None:
        return start + rational * (end - start)
    return to_exact(start) + node * to_exact(end - start)
