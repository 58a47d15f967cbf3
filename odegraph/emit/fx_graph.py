"""Lower a step graph to a static torch.fx graph.

A stage is one `call_module` of the shared unit graph with the coefficients it needs as arguments;
slots are unbound once; every product with a constant keeps its exact weight in the metadata, from
which `read_back` recovers the tableau.
"""

import operator
from collections.abc import Sequence, Set
from fractions import Fraction

from torch import fx, nn

from odegraph._exact import Exact, to_exact
from odegraph.emit.collector import paused_collector
from odegraph.emit.lowering.adjoint import AdjointLowering
from odegraph.emit.lowering.batch import BatchLowering
from odegraph.emit.lowering.fx_values import VALUE, FxArithmetic, FxSlots, fx_name, mark_step
from odegraph.emit.lowering.halves import HalvesLowering
from odegraph.emit.lowering.matrix import (
    JACOBIAN,
    function_behind,
    lower_function,
    lower_product,
    terms_of,
)
from odegraph.emit.lowering.solve import SolveLowering
from odegraph.emit.lowering.statistics import StatisticsLowering
from odegraph.emit.operations.matrix_functions import UnitJacobian
from odegraph.emit.operations.propagator import propagate
from odegraph.emit.rounding import Precision
from odegraph.emit.slots import slot_of
from odegraph.emit.unit_call import AGAIN, UNITS, UnitCall
from odegraph.emit.weighted_sum import (
    add_terms,
    add_up,
    rounded_terms,
    weighted_sum,
)
from odegraph.ir import (
    Apply,
    BatchedRate,
    Combine,
    Evaluate,
    EvaluateBatch,
    FunctionOfJacobian,
    GivenDraws,
    Input,
    Jacobian,
    KeptDraws,
    Output,
    Part,
    Propagator,
    Pullback,
    Row,
    SlotGradient,
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
    learning = {path for path in call.parameters if slot_of(theta, path).requires_grad}
    lowering = _Lowering(graph, call, precision, counters=counters, learning=learning)
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
    for name, called in (lowering.solves.modules | lowering.adjoint.modules).items():
        root.add_module(name, called)
    module = fx.GraphModule(root, lowered, class_name="OdeGraph")
    # GraphModule copied the path to each slot; put the containers themselves there.
    module.add_module("theta", theta)
    module.add_module("state", state)
    return module


class _Lowering:
    """One walk over the step graph, one small method a node type."""

    def __init__(
        self,
        source: StepGraph,
        call: UnitCall,
        precision: Precision,
        *,
        counters: Set[str],
        learning: Set[str],
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
        self.solves = SolveLowering(
            source, self.graph, self.values, self.thetas, call=call, precision=precision
        )
        self.drawn: dict[tuple[Part, int | None], list[fx.Node]] = {}
        self.adjoint = AdjointLowering(
            source,
            self.graph,
            self.values,
            self.thetas,
            self.drawn,
            call=call,
            learning=learning,
            blend=self._blend,
        )
        self.batches = BatchLowering(source, self.graph, self.values, self.thetas)

    def lower(self) -> fx.Graph:
        is_adjoint = bool(self.source.of_type(Pullback))
        given = self.source.of_type(Input)
        # A block has one input, its way back may have several.
        arguments = ["x"] if len(given) == 1 else [fx_name(name) for name in given]
        inputs = dict(zip(given, map(self.graph.placeholder, arguments), strict=True))
        self.parameters = [FxSlots(self.graph, f"theta.{path}") for path in self.call.parameters]
        self.buffers = {
            path: FxSlots(
                self.graph,
                f"state.{path}",
                integer=path in self.counters,
                copied=is_adjoint and path in self.call.updated,
            )
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
                    self.values[name] = self.batches.evaluate(name, node)
                case BatchedRate():
                    self.values[name] = self.batches.rate(name, node)
                case Jacobian():
                    self.values[name] = self._jacobian(name)
                case FunctionOfJacobian():
                    self.values[name] = self._matrix_function(name, node)
                case Apply():
                    self.values[name] = self._apply(name, node)
                case Propagator():
                    self.values[name] = self.solves.propagator(name, node)
                case StageMatrix():
                    self.values[name] = self.solves.stage_matrix(name, node)
                case Solve():
                    self.values[name] = self.solves.solve(name, node)
                case SolvedRate():
                    self.values[name] = self.solves.solved_rate(name, node)
                case KeptDraws():
                    outputs.extend(self.drawn[node.part, node.draws])
                case GivenDraws():
                    self.drawn[node.part, node.draws] = self._given(name, node)
                case Pullback():
                    self.values[name] = self.adjoint.pullback(name, node)
                case SlotGradient():
                    self.adjoint.slot_gradient(name, node)
                case Combine():
                    self.values[name] = self._combine(name, node)
                case Update():
                    self.statistics.update(name, node)
                case Output():
                    outputs.append(self.values[self.source.input(name, "state")])
            mark_step(last.next, step=node.step)
            if name in self.values:
                self.values[name].meta.setdefault(VALUE, name)
        self.statistics.store(self.call.updated)
        results = outputs[0] if len(outputs) == 1 else tuple(outputs)
        slots = self.adjoint.stacked(self.parameters) if is_adjoint else None
        self.graph.output(results if slots is None else (results, slots))
        return self.graph

    def _given(self, name: str, node: GivenDraws) -> list[fx.Node]:
        count = self.call.graphs[node.part].count
        return [self.graph.placeholder(f"{fx_name(name)}_{i + 1}") for i in range(count)]

    def _theta(self, theta: Theta) -> list[fx.Node]:
        parameters = [self._at(slots, theta.row) for slots in self.parameters]
        return parameters + [self._at(slots, theta.state_row) for slots in self.buffers.values()]

    def _at(self, slots: FxSlots, row: Row) -> fx.Node:
        if slots.integer:
            return slots[row[0][0]]
        return self._blend([slots[index] for index, _ in row], [value for _, value in row])

    def _blend(self, values: Sequence[fx.Node], weights: Sequence[Exact | Fraction]) -> fx.Node:
        if len(values) == 1 and weights[0] == 1:
            return values[0]
        exact = [to_exact(weight) for weight in weights]
        return add_terms(rounded_terms(values, exact, self.precision), self.arithmetic)

    def _combine(self, name: str, node: Combine) -> fx.Node:
        if self.source.splits_state(name):
            return self.halves.combine(name)
        inputs = self.source.inputs(name)
        values = [self.values[source] for source, _ in inputs]
        weights = [edge.exact for _, edge in inputs]
        total = weighted_sum(values, weights, self.precision, fused=node.fused)
        value = add_up(total, self.arithmetic)
        if total.base is not None:
            value.name = fx_name(name)
        return value

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

    def _jacobian(self, name: str) -> fx.Node:
        state = self.values[self.source.input(name, "state")]
        theta = self.thetas[self.source.input(name, "theta")]
        return self.graph.call_module(JACOBIAN, (state, *theta))

    def _matrix_function(self, name: str, node: FunctionOfJacobian) -> fx.Node:
        jacobian = self.values[self.source.input(name, "jacobian")]
        return lower_function(self.graph, node, jacobian, self.arithmetic)

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
