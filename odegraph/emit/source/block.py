"""The forward pass of one manifestation as Python statements."""

from odegraph.emit.operations.propagator import propagator_statement
from odegraph.emit.rounding import Precision
from odegraph.emit.source.evaluation import EvaluationSource, UnitNames
from odegraph.emit.source.halves import HalvesSource
from odegraph.emit.source.lines import INCREMENT, call, sum_statements
from odegraph.emit.source.matrix import function_statement, product_statements
from odegraph.emit.source.recycled_rates import RecycledRates
from odegraph.emit.source.solve import linear_statement, matrix_statement, solve_statement
from odegraph.emit.source.statistics import statistics_statements
from odegraph.emit.source.variables import (
    Variables,
    last_uses,
    sum_of_variables,
    used_once_as_state,
)
from odegraph.emit.weighted_sum import WeightedSum
from odegraph.ir import (
    Apply,
    Combine,
    Evaluate,
    EvaluateBatch,
    ExactLinear,
    FunctionOfJacobian,
    Input,
    Jacobian,
    Output,
    Part,
    Propagator,
    Solve,
    SolvedRate,
    StageMatrix,
    StepGraph,
    Theta,
)
from odegraph.passes.registers import EVENTS

MARGIN = 8  # statements stand in a method of a class


def forward_statements(graph: StepGraph, names: UnitNames, precision: Precision) -> list[str]:
    """The statements from the input `x` to the `return`, step by step, unindented."""
    return _ForwardWriter(graph, names, precision).write()


class _ForwardWriter:
    def __init__(self, graph: StepGraph, names: UnitNames, precision: Precision) -> None:
        self.graph = graph
        self.unit = names
        self.precision = precision
        self.lines: list[str] = []
        self.names = Variables(last_uses(graph))
        self.inlined = used_once_as_state(graph)
        self.calls = EvaluationSource(
            graph, names, self.names, self.lines, precision, margin=MARGIN
        )
        self.halves = HalvesSource(graph, self.names, self.lines, precision, margin=MARGIN)
        self.recycled = RecycledRates(graph, self.names)
        self.step: int | None = None

    def write(self) -> list[str]:
        if self.unit.learns:
            self.lines += ["learned: list[list[Tensor]] = []", "", *self._rate_function()]
        outputs = []
        for position, (name, node) in enumerate(self.graph.nodes()):
            self._enter(node.step, position)
            if self.graph.registers and isinstance(node, EVENTS):
                self.lines += self.names.release(position)
            match node:
                case Input():
                    self.names.assign(name, "x", position)
                case Theta():
                    self.calls.read_theta(name, node)
                case Evaluate():
                    self.calls.evaluate(name, node, position)
                case EvaluateBatch():
                    self.calls.evaluate_batch(name, node, position)
                case Jacobian():
                    self._jacobian(name, position)
                case FunctionOfJacobian():
                    target = self.names.assign(name, "M", position)
                    jacobian = self.names.variable[self.graph.input(name, "jacobian")]
                    self.lines.append(function_statement(target, node, jacobian))
                case Apply():
                    self._apply(name, node, position)
                case Propagator():
                    self._propagator(name, node, position)
                case StageMatrix():
                    self._stage_matrix(name, node, position)
                case Solve():
                    self._solve(name, node, position)
                case Combine() if name not in self.inlined:
                    self._combine(name, position)
                case Output():
                    outputs.append(self.names.variable[self.graph.input(name, "state")])
        self.lines += statistics_statements(self.graph, self.calls)
        self.lines.append(f"return {', '.join(outputs)}")
        return self.lines

    def _enter(self, step: int | None, position: int) -> None:
        if step is None or step == self.step:
            return
        if self.step is not None:
            self.lines.append("")
        self.step = step
        start, end = self.graph.manifestation.intervals[step]
        self.lines.append(f"# depth {start} to {end}")
        if set(self.unit.functions) == {Part.WHOLE}:
            self.lines += self.recycled.renamed(step, position)

    def _jacobian(self, name: str, position: int) -> None:
        arguments = self.calls.theta[self.graph.input(name, "theta")]
        state = self.names.variable[self.graph.input(name, "state")]
        target = self.names.assign(name, "J", position)
        opening = f"{target} = jacobian"
        function = self.unit.functions[Part.WHOLE]
        self.lines += call(opening, [function, state, *arguments], margin=MARGIN)

    def _apply(self, name: str, node: Apply, position: int) -> None:
        source = self.graph.input(name, "matrix")
        matrix = self.names.variable[source], self.graph.node(source)
        total = self._sum(name)
        target = self.names.assign(name, "v", position)
        self.lines += product_statements(target, node, matrix, total, margin=MARGIN)

    def _rate(self, part: Part) -> str:
        return "rate" if self.unit.learns else self.unit.functions[part]

    def _rate_function(self) -> list[str]:
        if not self.graph.of_type(Solve):
            return []
        call_ = f"return {self.unit.functions[Part.WHOLE]}(x, *slots)[0]"
        return ["def rate(x: Tensor, *slots: Tensor) -> Tensor:", f"    {call_}", ""]

    def _propagator(self, name: str, node: Propagator, position: int) -> None:
        (theta,) = self.calls.named_theta([self.graph.input(name, "theta")])
        self.lines += propagator_statement(
            self.names.assign(name, "S", position),
            node,
            unit=self.unit.functions[Part.WHOLE],
            like=self.names.variable[self.graph.input(name, "like")],
            theta=theta,
            margin=MARGIN,
        )

    def _stage_matrix(self, name: str, node: StageMatrix, position: int) -> None:
        like = self.names.variable[self.graph.input(name, "like")]
        self.lines += matrix_statement(
            self.names.assign(name, "P", position),
            node.coefficients,
            unit=self._rate(node.part),
            like=like,
            theta=self.calls.staged_theta(name),
            precision=self.precision,
        )

    def _solve(self, name: str, node: Solve, position: int) -> None:
        states = [self.names.variable[one] for one in self.graph.by_stage(name, "state")]
        theta = self.calls.staged_theta(name)
        rates = ["_"] * len(node.coefficients)
        for user in self.graph.graph.succ[name]:
            rate = self.graph.node(user)
            assert isinstance(rate, SolvedRate)
            wanted = f"{node.part.value}{rate.stage}"
            rates[rate.position] = self.names.assign(user, wanted, position)
        if isinstance(node.solver, ExactLinear):
            matrix = self.names.variable[self.graph.input(name, "matrix")]
            self.lines += linear_statement(rates, matrix=matrix, states=states)
            return
        unit, precision = self._rate(node.part), self.precision
        self.lines += solve_statement(
            rates, node, unit=unit, states=states, theta=theta, precision=precision
        )

    def _combine(self, name: str, position: int) -> None:
        wanted = "x" if self._is_carried(name) else "y" if self._is_state(name) else "s"
        if self.graph.splits_state(name):
            value = self.halves.joined(name)
            self.lines.append(f"{self.names.assign(name, wanted, position)} = {value}")
            return
        total = self._sum(name)
        target = self.names.assign(name, wanted, position)
        lines = sum_statements(target, total, margin=MARGIN)
        if len(lines) > 1:
            self.names.hold_until_released(INCREMENT)
        self.lines += lines

    def _is_carried(self, name: str) -> bool:
        # The state at the end of a step, which may be the state of its last stage too.
        step = self.graph.node(name).step
        return any(self.graph.node(user).step != step for user in self.graph.graph.succ[name])

    def _is_state(self, name: str) -> bool:
        # What no unit is called with is part of sums to come.
        uses = self.graph.graph.succ[name].values()
        return not self.graph.registers or any(use["edge"].role == "state" for use in uses)

    def _sum(self, name: str) -> WeightedSum[str]:
        return sum_of_variables(self.graph, name, self.names, self.precision)
