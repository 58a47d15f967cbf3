"""Evaluations of the unit as Python statements."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from odegraph.emit.rounding import Precision
from odegraph.emit.source.batch import batch_statement
from odegraph.emit.source.lines import WIDTH, call, sum_expression, sum_statements
from odegraph.emit.source.theta import ThetaSource
from odegraph.emit.source.variables import Variables, sum_of_variables, used_once_as_state
from odegraph.emit.unit_call import AGAIN
from odegraph.ir import BatchedRate, Evaluate, EvaluateBatch, Part, StepGraph, Theta


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


class EvaluationSource:
    """The calls of one graph; `names` are its variables so far.

    Attributes:
        evaluations: what was evaluated, in the order of the list `learned` of its statistics.
    """

    def __init__(
        self,
        graph: StepGraph,
        unit: UnitNames,
        names: Variables,
        lines: list[str],
        precision: Precision,
        *,
        margin: int,
    ) -> None:
        self.graph = graph
        self.unit = unit
        self.names = names
        self.lines = lines
        self.precision = precision
        self.margin = margin
        self.depths = ThetaSource(lines, precision, margin=margin)
        self.inlined = used_once_as_state(graph)
        self.evaluations: list[str] = []
        self.theta: dict[str, list[str]] = {}
        self.drawn: dict[Part, int | None] = {}  # whose random numbers the variables hold

    def read_theta(self, name: str, theta: Theta) -> None:
        """Take note of the arguments that are theta at one depth."""
        arguments = []
        if self.unit.parameters:
            arguments.append(f"*{self.depths.at('theta', theta.row, theta.depth)}")
        if self.unit.buffers:
            arguments.append(f"*{self.depths.at('state', theta.state_row, theta.depth)}")
        self.theta[name] = arguments

    def staged_theta(self, name: str) -> list[str]:
        """The expressions for theta of each stage of a solve."""
        return self.named_theta(self.graph.by_stage(name, "theta"))

    def named_theta(self, sources: Sequence[str]) -> list[str]:
        """The expressions for values of theta, each a tuple of slots."""
        slots = [self.theta[source] for source in sources]
        return [
            one[0].removeprefix("*") if len(one) == 1 else f"({', '.join(one)})" for one in slots
        ]

    def evaluate(self, name: str, node: Evaluate, position: int) -> None:
        """`k1 = unit(x, *theta[0])`."""
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
        left = ", ".join(targets)
        self.lines += call(f"{left} = {function}", [state, *arguments], margin=self.margin)
        if self.unit.learns:
            self.lines.append("learned.append(statistics)")
            self.evaluations.append(name)

    def evaluate_batch(self, name: str, node: EvaluateBatch, position: int) -> None:
        """`k2, k3 = unit(batch, *theta[0]).chunk(2)`."""
        states = [self.names.variable[one] for one in self.graph.by_stage(name, "state")]
        rates = ["_"] * node.size
        for user in self.graph.graph.succ[name]:
            rate = self.graph.node(user)
            assert isinstance(rate, BatchedRate)
            wanted = f"{node.part.value}{rate.stage}"
            rates[rate.position] = self.names.assign(user, wanted, position)
        self.lines += batch_statement(
            rates,
            self.unit.functions[node.part],
            states=states,
            theta=self.theta[self.graph.input(name, "theta")],
            margin=self.margin,
        )

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
        total = sum_of_variables(self.graph, state, self.names, self.precision)
        expression = sum_expression(total)
        rate = f"{node.part.value}{node.stage}"
        target = f"{rate}, *statistics" if self.unit.learns else rate
        function = self.unit.functions[node.part]
        line = f"{target} = {function}({', '.join([expression, *arguments])})"
        if len(line) + self.margin + len("_2") <= WIDTH:
            return expression
        target = self.names.assign(state, "y", position)
        self.lines += sum_statements(target, total, margin=self.margin)
        return target
