"""The forward pass of one manifestation as Python statements."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from odegraph._exact import Exact, to_exact
from odegraph.emit.batch_source import batch_statement
from odegraph.emit.halves_source import HalvesSource
from odegraph.emit.matrix_source import function_statement, product_statements
from odegraph.emit.propagator import propagator_statement
from odegraph.emit.rounding import Precision
from odegraph.emit.solve_source import linear_statement, matrix_statement, solve_statement
from odegraph.emit.source_lines import (
    WIDTH,
    call,
    sum_expression,
    sum_statements,
)
from odegraph.emit.theta_source import ThetaSource
from odegraph.emit.unit_call import AGAIN
from odegraph.emit.variables import Variables, last_uses, used_once_as_state
from odegraph.emit.weighted_sum import WeightedSum, weighted_sum
from odegraph.ir import (
    Apply,
    BatchedRate,
    Combine,
    Evaluate,
    EvaluateBatch,
    ExactLinear,
    FunctionOfJacobian,
    Input,
    Jacobian,
    Node,
    Output,
    Part,
    Propagator,
    Rate,
    Solve,
    SolvedRate,
    StageMatrix,
    StepGraph,
    Theta,
    Update,
)

MARGIN = 8  # statements stand in a method of a class


@dataclass(frozen=True)
class UnitNames:
    """What the statements call: the unit's function, and whether it takes and returns slots.

    Attributes:
        functions: the names of the unit's function, or of those of its parts.
        parameters: whether the unit has parameters, passed as `*theta[b]`.
        buffers: whether the unit has buffers, passed as `*state[b]`.
        learns: whether the function returns new statistics after the rate.
        draws: how many random tensors the functions draw and return at the end; those that end
            with `_again` take them as their last arguments instead.
    """

    functions: Mapping[Part, str]
    parameters: bool
    buffers: bool
    learns: bool
    draws: Mapping[Part, int]


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
        self.theta: dict[str, list[str]] = {}
        self.depths = ThetaSource(self.lines, precision, margin=MARGIN)
        self.halves = HalvesSource(graph, self.names, self.lines, precision, margin=MARGIN)
        self.evaluations: list[str] = []
        self.step: int | None = None
        self.drawn: dict[Part, int | None] = {}  # whose random numbers the variables hold

    def write(self) -> list[str]:
        if self.unit.learns:
            self.lines += ["learned: list[list[Tensor]] = []", "", *self._rate_function()]
        outputs = []
        for position, (name, node) in enumerate(self.graph.nodes()):
            self._enter(node.step, position)
            match node:
                case Input():
                    self.names.assign(name, "x", position)
                case Theta():
                    self._theta(name, node)
                case Evaluate():
                    self._evaluate(name, node, position)
                case EvaluateBatch():
                    self._evaluate_batch(name, node, position)
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
        self._learn()
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
        self._rename_recycled_rate(step, position)

    def _rename_recycled_rate(self, step: int, position: int) -> None:
        # First same as last: the first rate of this step is one of the step before.
        evaluated = {node.stage for _, node in self.steps[step] if isinstance(node, Rate)}
        recycled = self._recycled_rates(step)
        whole = set(self.unit.functions) == {Part.WHOLE}
        if whole and 1 not in evaluated and len(recycled) == 1:
            (value,) = recycled
            old = self.names.variable[value]
            if old != "k1" and not self.names.is_live("k1", position):
                self.lines.append(
                    f"k1 = {old}  # the last rate of the step before is the first here"
                )
                del self.names.held[old]
                self.names.held["k1"], self.names.variable[value] = value, "k1"

    def _recycled_rates(self, step: int) -> set[str]:
        return {
            source
            for name, node in self.steps[step]
            if isinstance(node, Combine)
            for source, _ in self.graph.inputs(name)
            if self.graph.is_rate(source) and self.graph.node(source).step != step
        }

    @property
    def steps(self) -> dict[int, list[tuple[str, Node]]]:
        if not hasattr(self, "_steps"):
            self._steps: dict[int, list[tuple[str, Node]]] = {}
            for name, node in self.graph.nodes():
                if node.step is not None:
                    self._steps.setdefault(node.step, []).append((name, node))
        return self._steps

    def _theta(self, name: str, theta: Theta) -> None:
        arguments = []
        if self.unit.parameters:
            arguments.append(f"*{self.depths.at('theta', theta.row, theta.depth)}")
        if self.unit.buffers:
            arguments.append(f"*{self.depths.at('state', theta.state_row, theta.depth)}")
        self.theta[name] = arguments

    def _evaluate(self, name: str, node: Evaluate, position: int) -> None:
        arguments = self.theta[self.graph.input(name, "theta")]
        state_name = self.graph.input(name, "state")
        if state_name in self.inlined:
            state = self._inline(state_name, arguments, node, position)
        else:
            state = self.names.variable[state_name]
        targets = [self.names.assign(name, self._wanted(name, node), position)]
        if self.unit.learns:
            targets.append("*statistics")
        function, noise = self.unit.functions[node.part], self._noise(node.part)
        if noise and self.drawn.get(node.part) != node.draws:
            self.drawn[node.part] = node.draws
            targets += noise
        elif noise:
            function, arguments = f"{function}{AGAIN}", [*arguments, *noise]
        self.lines += call(f"{', '.join(targets)} = {function}", [state, *arguments], margin=MARGIN)
        if self.unit.learns:
            self.lines.append("learned.append(statistics)")
            self.evaluations.append(name)

    def _evaluate_batch(self, name: str, node: EvaluateBatch, position: int) -> None:
        states = [self.names.variable[one] for one in self.graph.by_stage(name, "state")]
        rates = ["_"] * node.size
        for user in self.graph.graph.succ[name]:
            rate = self.graph.node(user)
            assert isinstance(rate, BatchedRate)
            wanted = f"{node.part.value}{rate.stage}"
            rates[rate.position] = self.names.assign(user, wanted, position)
        theta = self.theta[self.graph.input(name, "theta")]
        function = self.unit.functions[node.part]
        self.lines += batch_statement(rates, function, states=states, theta=theta, margin=MARGIN)

    def _noise(self, part: Part) -> list[str]:
        """The variables of what a part of the unit drew in this step."""
        count = self.unit.draws[part]
        name = "noise" if part is Part.WHOLE else f"{part.name.lower()}_noise"
        return [name] if count == 1 else [f"{name}_{i}" for i in range(1, count + 1)]

    def _wanted(self, name: str, node: Evaluate) -> str:
        if name not in self.names.last_use:
            return "_"  # evaluated for the statistics alone
        # In a discrete map what the unit returns is the next state.
        uses = [data["edge"].role for data in self.graph.graph.succ[name].values()]
        return "x" if "state" in uses else f"{node.part.value}{node.stage}"

    def _inline(self, state: str, arguments: list[str], node: Evaluate, position: int) -> str:
        expression = sum_expression(self._sum(state))
        rate = f"{node.part.value}{node.stage}"
        target = f"{rate}, *statistics" if self.unit.learns else rate
        function = self.unit.functions[node.part]
        line = f"{target} = {function}({', '.join([expression, *arguments])})"
        if len(line) + MARGIN + len("_2") <= WIDTH:
            return expression
        total = self._sum(state)
        target = self.names.assign(state, "y", position)
        self.lines += sum_statements(target, total, margin=MARGIN)
        return target

    def _jacobian(self, name: str, position: int) -> None:
        arguments = self.theta[self.graph.input(name, "theta")]
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
        (theta,) = self._named_theta([self.graph.input(name, "theta")])
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
            theta=self._staged_theta(name),
            precision=self.precision,
        )

    def _solve(self, name: str, node: Solve, position: int) -> None:
        states = [self.names.variable[one] for one in self.graph.by_stage(name, "state")]
        theta = self._staged_theta(name)
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

    def _staged_theta(self, name: str) -> list[str]:
        return self._named_theta(self.graph.by_stage(name, "theta"))

    def _named_theta(self, sources: Sequence[str]) -> list[str]:
        slots = [self.theta[source] for source in sources]
        return [
            one[0].removeprefix("*") if len(one) == 1 else f"({', '.join(one)})" for one in slots
        ]

    def _combine(self, name: str, position: int) -> None:
        wanted = "x" if self._is_carried(name) else "y"
        if self.graph.splits_state(name):
            value = self.halves.joined(name)
            self.lines.append(f"{self.names.assign(name, wanted, position)} = {value}")
            return
        total = self._sum(name)
        target = self.names.assign(name, wanted, position)
        self.lines += sum_statements(target, total, margin=MARGIN)

    def _is_carried(self, name: str) -> bool:
        # The state at the end of a step, which may be the state of its last stage too.
        step = self.graph.node(name).step
        return any(self.graph.node(user).step != step for user in self.graph.graph.succ[name])

    def _sum(self, name: str) -> WeightedSum[str]:
        inputs = [(one, edge) for one, edge in self.graph.inputs(name) if edge.role == "term"]
        values = [self.names.variable[source] for source, _ in inputs]
        return weighted_sum(values, [edge.exact for _, edge in inputs], self.precision)

    def _learn(self) -> None:
        basis = self.graph.manifestation.state_basis
        updates = [(name, node) for name, node in self.graph.nodes() if isinstance(node, Update)]
        if not self.unit.learns or basis is None:
            return
        self.lines += ["", "new = list(updated_state)"]
        for name, node in updates:
            row = [(self.evaluations.index(s), edge.exact) for s, edge in self.graph.inputs(name)]
            count = len(self.evaluations)
            row += [(count + index, to_exact(value)) for index, value in node.retained]
            values = "learned + updated_state" if node.retained else "learned"
            self.lines += self._learned(node.index, values, row)
        self.lines += [
            "for slot, values in zip(updated_slots, zip(*new, strict=True), strict=True):",
            "    slot.copy_(torch.stack(values))",
            "",
        ]

    def _learned(self, index: int, values: str, row: list[tuple[int, Exact]]) -> list[str]:
        if len(row) == 1 and row[0][1] == 1:
            return [f"new[{index}] = {values}[{row[0][0]}]"]
        return self.depths.blend(f"new[{index}]", values, row)
