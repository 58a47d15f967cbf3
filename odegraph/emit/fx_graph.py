"""Lower a step graph to a static torch.fx graph.

A stage is one `call_module` of the shared unit graph with the coefficients it needs as arguments;
slots are unbound once; every product with a constant keeps its exact weight in the metadata, from
which `read_back` recovers the tableau.
"""

import operator
from collections.abc import Callable, Hashable, Set
from fractions import Fraction

from torch import fx, nn

from odegraph._exact import Exact, to_exact
from odegraph.emit.batch_lowering import call_on_batch
from odegraph.emit.collector import paused_collector
from odegraph.emit.fx_values import VALUE, FxArithmetic, FxSlots, fx_name, mark_step
from odegraph.emit.halves_lowering import HalvesLowering
from odegraph.emit.linear_stages import linear_stages
from odegraph.emit.matrix_functions import UnitJacobian
from odegraph.emit.matrix_lowering import (
    JACOBIAN,
    function_behind,
    lower_function,
    lower_product,
    terms_of,
)
from odegraph.emit.propagator import UnitPropagator, propagate
from odegraph.emit.rounding import Precision
from odegraph.emit.slots import slot_of
from odegraph.emit.solver_call import LinearStageMatrix, StageSolve
from odegraph.emit.statistics_lowering import StatisticsLowering
from odegraph.emit.unit_call import AGAIN, UNITS, UnitCall
from odegraph.emit.weighted_sum import (
    add_terms,
    rounded_terms,
    weighted_sum,
)
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
    Output,
    Part,
    Propagator,
    Row,
    Solve,
    SolvedRate,
    StageMatrix,
    StepGraph,
    Theta,
    Update,
)


@paused_collector()
def lower_to_fx(
    graph: StepGraph, call: UnitCall, *, theta: nn.Module, state: nn.Module, precision: Precision
) -> fx.GraphModule:
    """A GraphModule `forward(x)` that reads its slots from the modules `theta` and `state`.

    The two modules are shared with the result, not copied: moving or loading them moves the graph.
    """
    # Integer buffers count calls; they are never interpolated.
    counters = {path for path in call.buffers if not slot_of(state, path).is_floating_point()}
    lowering = _Lowering(graph, call, precision, counters)
    root = nn.Module()
    for part, unit in call.graphs.items():
        root.add_module(UNITS[part], unit.first)
        if unit.count:
            root.add_module(f"{UNITS[part]}{AGAIN}", unit.again)
    if graph.of_type(Jacobian):
        root.add_module(JACOBIAN, UnitJacobian(call.graphs[Part.WHOLE].first))
    root.add_module("theta", theta)
    root.add_module("state", state)
    lowered = lowering.lower()
    for name, solve in lowering.solvers.items():
        root.add_module(name, solve)
    module = fx.GraphModule(root, lowered, class_name="OdeGraph")
    # GraphModule copied the path to each slot; put the containers themselves there.
    module.add_module("theta", theta)
    module.add_module("state", state)
    return module


class _Lowering:
    """One walk over the step graph, one small method a node type."""

    def __init__(
        self, source: StepGraph, call: UnitCall, precision: Precision, counters: Set[str]
    ) -> None:
        self.source = source
        self.counters = counters
        self.call = call
        self.precision = precision
        self.graph = fx.Graph()
        self.arithmetic = FxArithmetic(self.graph)
        self.values: dict[str, fx.Node] = {}
        self.halves = HalvesLowering(source, self.graph, self.values, precision)
        self.thetas: dict[str, list[fx.Node]] = {}
        self.drawn: dict[tuple[Part, int | None], list[fx.Node]] = {}
        self.solvers: dict[str, nn.Module] = {}
        self.solver_names: dict[Hashable, str] = {}

    def lower(self) -> fx.Graph:
        given = self.source.of_type(Input)
        # A block has one input, its way back may have several.
        arguments = ["x"] if len(given) == 1 else [fx_name(name) for name in given]
        inputs = dict(zip(given, map(self.graph.placeholder, arguments), strict=True))
        self.parameters = [FxSlots(self.graph, f"theta.{path}") for path in self.call.parameters]
        self.buffers = {
            path: FxSlots(self.graph, f"state.{path}", integer=path in self.counters)
            for path in self.call.buffers
        }
        self.statistics = StatisticsLowering(self.source, self.graph, self.buffers, self._blend)
        outputs = []
        for name, node in self.source.nodes():
            last = next(reversed(self.graph.nodes))
            match node:
                case Input():
                    self.values[name] = inputs[name]
                case Theta():
                    self.thetas[name] = self._theta(node)
                case Evaluate():
                    self.values[name] = self._evaluate(name, node)
                case EvaluateBatch():
                    self.values[name] = self._evaluate_batch(name, node)
                case Jacobian():
                    self.values[name] = self._jacobian(name)
                case FunctionOfJacobian():
                    self.values[name] = self._matrix_function(name, node)
                case Apply():
                    self.values[name] = self._apply(name, node)
                case Propagator():
                    self.values[name] = self._propagator(name, node)
                case StageMatrix():
                    self.values[name] = self._stage_matrix(name, node)
                case Solve():
                    self.values[name] = self._solve(name, node)
                case SolvedRate() | BatchedRate():
                    self.values[name] = self._one_of_several(name, node.position)
                case Combine():
                    self.values[name] = self._combine(name)
                case Update():
                    self.statistics.update(name, node)
                case Output():
                    outputs.append(self.values[self.source.input(name, "state")])
            mark_step(last.next, step=node.step)
            if name in self.values:
                self.values[name].meta.setdefault(VALUE, name)
        self.statistics.store(self.call.updated)
        self.graph.output(outputs[0] if len(outputs) == 1 else tuple(outputs))
        return self.graph

    def _theta(self, theta: Theta) -> list[fx.Node]:
        parameters = [self._at(slots, theta.row) for slots in self.parameters]
        return parameters + [self._at(slots, theta.state_row) for slots in self.buffers.values()]

    def _at(self, slots: FxSlots, row: Row) -> fx.Node:
        if slots.integer:
            return slots[row[0][0]]
        return self._blend([slots[index] for index, _ in row], [value for _, value in row])

    def _blend(self, values: list[fx.Node], weights: list[Exact | Fraction]) -> fx.Node:
        if len(values) == 1 and weights[0] == 1:
            return values[0]
        exact = [to_exact(weight) for weight in weights]
        return add_terms(rounded_terms(values, exact, self.precision), self.arithmetic)

    def _combine(self, name: str) -> fx.Node:
        if self.source.splits_state(name):
            return self.halves.combine(name)
        inputs = self.source.inputs(name)
        values = [self.values[source] for source, _ in inputs]
        total = weighted_sum(values, [edge.exact for _, edge in inputs], self.precision)
        increment = add_terms(total.terms, self.arithmetic)
        if total.base is None:
            return increment
        addends = (total.base, increment)
        return self.graph.create_node("call_function", operator.add, addends, name=fx_name(name))

    def _evaluate(self, name: str, node: Evaluate) -> fx.Node:
        state = self.values[self.source.input(name, "state")]
        theta = self.thetas[self.source.input(name, "theta")]
        drawn = self.drawn.get((node.part, node.draws))
        target = UNITS[node.part] if drawn is None else f"{UNITS[node.part]}{AGAIN}"
        arguments = (state, *theta, *(drawn or ()))
        updated = len(self.call.updated)
        count = updated + (self.call.graphs[node.part].count if drawn is None else 0)
        if not count:
            return self.graph.create_node("call_module", target, arguments, name=fx_name(name))
        result = self.graph.call_module(target, arguments)
        rest = [
            self.graph.call_function(operator.getitem, (result, i)) for i in range(1, count + 1)
        ]
        self.statistics.learned[name] = dict(zip(self.call.updated, rest[:updated], strict=True))
        if node.draws is not None and drawn is None:
            self.drawn[node.part, node.draws] = rest[updated:]
        return self.graph.create_node(
            "call_function", operator.getitem, (result, 0), name=fx_name(name)
        )

    def _evaluate_batch(self, name: str, node: EvaluateBatch) -> fx.Node:
        states = [self.values[source] for source in self.source.by_stage(name, "state")]
        theta = self.thetas[self.source.input(name, "theta")]
        return call_on_batch(self.graph, UNITS[node.part], states, theta)

    def _jacobian(self, name: str) -> fx.Node:
        state = self.values[self.source.input(name, "state")]
        theta = self.thetas[self.source.input(name, "theta")]
        return self.graph.call_module(JACOBIAN, (state, *theta))

    def _matrix_function(self, name: str, node: FunctionOfJacobian) -> fx.Node:
        jacobian = self.values[self.source.input(name, "jacobian")]
        return lower_function(self.graph, node, jacobian, self.arithmetic)

    def _propagator(self, name: str, node: Propagator) -> fx.Node:
        like = self.values[self.source.input(name, "like")]
        theta = self.thetas[self.source.input(name, "theta")]
        target = self._solver(
            ("propagator", node.numerator, node.denominator, node.repeats),
            lambda: UnitPropagator(self.call.graphs[Part.WHOLE].first, node),
        )
        return self.graph.call_module(target, (like, *theta))

    def _apply(self, name: str, node: Apply) -> fx.Node:
        matrix = self.source.input(name, "matrix")
        if isinstance(self.source.node(matrix), Propagator):
            arguments = (self.values[matrix], self.values[self.source.input(name, "term")])
            return self.graph.call_function(propagate, arguments)
        return lower_product(
            self.graph,
            weighted_sum(*terms_of(self.source, name, self.values), self.precision),
            order=node.order,
            matrix=self.values[matrix],
            function=function_behind(self.source, matrix),
            arithmetic=self.arithmetic,
        )

    def _stage_matrix(self, name: str, node: StageMatrix) -> fx.Node:
        like = self.values[self.source.input(name, "like")]
        unit = self.call.graphs[node.part].first
        target = self._solver(
            ("stage_matrix", node.coefficients, node.part),
            lambda: LinearStageMatrix(unit, node.coefficients, self.precision),
        )
        return self.graph.call_module(target, (like, self._staged_theta(name)))

    def _solve(self, name: str, node: Solve) -> fx.Node:
        states = [self.values[source] for source in self.source.by_stage(name, "state")]
        if isinstance(node.solver, ExactLinear):
            matrix = self.values[self.source.input(name, "matrix")]
            return self.graph.call_function(linear_stages, (matrix, states))
        unit = self.call.graphs[node.part].first
        target = self._solver(
            ("solve", node.coefficients, node.solver, node.part),
            lambda: StageSolve(unit, node.coefficients, self.precision, node.solver),
        )
        return self.graph.call_module(target, (states, self._staged_theta(name)))

    def _staged_theta(self, name: str) -> list[list[fx.Node]]:
        return [self.thetas[source] for source in self.source.by_stage(name, "theta")]

    def _solver(self, key: tuple[Hashable, ...], make: Callable[[], nn.Module]) -> str:
        # Steps of one length share a solver.
        if key not in self.solver_names:
            name = f"{key[0]}{len(self.solvers) + 1}"
            self.solver_names[key] = name
            self.solvers[name] = make()
        return self.solver_names[key]

    def _one_of_several(self, name: str, position: int) -> fx.Node:
        ((several, _),) = self.source.inputs(name)
        arguments = (self.values[several], position)
        return self.graph.create_node(
            "call_function", operator.getitem, arguments, name=fx_name(name)
        )
