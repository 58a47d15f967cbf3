"""Solves of implicit stages, and matrices of linear units, as torch.fx nodes."""

import operator
from collections.abc import Callable, Hashable, Mapping

from torch import fx, nn

from odegraph.emit.lowering.fx_values import fx_name
from odegraph.emit.operations.linear_stages import linear_stages
from odegraph.emit.operations.propagator import UnitPropagator
from odegraph.emit.operations.solver_call import LinearStageMatrix, StageSolve
from odegraph.emit.rounding import Precision
from odegraph.emit.unit_call import UnitCall
from odegraph.ir import ExactLinear, Part, Propagator, Solve, SolvedRate, StageMatrix, StepGraph


class SolveLowering:
    """The solves of one graph; `values` and `thetas` are its nodes so far.

    Attributes:
        modules: the submodules that the nodes call, by name; steps of one length share one.
    """

    def __init__(
        self,
        source: StepGraph,
        graph: fx.Graph,
        values: Mapping[str, fx.Node],
        thetas: Mapping[str, list[fx.Node]],
        *,
        call: UnitCall,
        precision: Precision,
    ) -> None:
        self.source = source
        self.graph = graph
        self.values = values
        self.thetas = thetas
        self.call = call
        self.precision = precision
        self.modules: dict[str, nn.Module] = {}
        self.names: dict[Hashable, str] = {}

    def propagator(self, name: str, node: Propagator) -> fx.Node:
        """The matrix of many steps."""
        like = self.values[self.source.input(name, "like")]
        theta = self.thetas[self.source.input(name, "theta")]
        target = self._module(
            ("propagator", node.numerator, node.denominator, node.repeats),
            lambda: UnitPropagator(self.call.graphs[Part.WHOLE].first, node),
        )
        return self.graph.call_module(target, (like, *theta))

    def stage_matrix(self, name: str, node: StageMatrix) -> fx.Node:
        """The matrix of the stages of a solve."""
        like = self.values[self.source.input(name, "like")]
        unit = self.call.graphs[node.part].first
        target = self._module(
            ("stage_matrix", node.coefficients, node.part),
            lambda: LinearStageMatrix(unit, node.coefficients, self.precision),
        )
        return self.graph.call_module(target, (like, self._staged_theta(name)))

    def solve(self, name: str, node: Solve) -> fx.Node:
        """The rates of all stages of a solve."""
        states = [self.values[source] for source in self.source.by_stage(name, "state")]
        if isinstance(node.solver, ExactLinear):
            matrix = self.values[self.source.input(name, "matrix")]
            return self.graph.call_function(linear_stages, (matrix, states))
        unit = self.call.graphs[node.part].first
        target = self._module(
            ("solve", node.coefficients, node.solver, node.part),
            lambda: StageSolve(unit, node.coefficients, self.precision, node.solver),
        )
        return self.graph.call_module(target, (states, self._staged_theta(name)))

    def solved_rate(self, name: str, node: SolvedRate) -> fx.Node:
        """One of the rates."""
        rates = self.values[self.source.input(name, "solve")]
        return self.graph.create_node(
            "call_function", operator.getitem, (rates, node.position), name=fx_name(name)
        )

    def _staged_theta(self, name: str) -> list[list[fx.Node]]:
        return [self.thetas[source] for source in self.source.by_stage(name, "theta")]

    def _module(self, key: tuple[Hashable, ...], make: Callable[[], nn.Module]) -> str:
        # Steps of one length share a solver.
        if key not in self.names:
            name = f"{key[0]}{len(self.modules) + 1}"
            self.names[key] = name
            self.modules[name] = make()
        return self.names[key]
