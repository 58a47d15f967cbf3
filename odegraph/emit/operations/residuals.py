"""What solvers of implicit stages leave over, measured on the lowered graph."""

from typing import Any

import torch
from torch import Tensor, fx

from odegraph.emit.operations.implicit_stages import rows, stage_rates
from odegraph.emit.operations.linear_stages import linear_stages
from odegraph.emit.operations.solver_call import StageSolve, called_stages


def stage_residuals(module: fx.GraphModule, x: Tensor) -> list[Tensor]:
    """For each solve in the order of the graph, max |k_i - R(y_i + sum_j a_ij k_j)| a sample."""
    run = _Recorder(module)
    run.run(x)
    return run.residuals


class _Recorder(fx.Interpreter):
    """Runs the graph, and each stage equation at what was found."""

    def __init__(self, module: fx.GraphModule) -> None:
        super().__init__(module)
        self.residuals: list[Tensor] = []
        self.matrices: dict[fx.Node, tuple[Any, list[list[Tensor]]]] = {}

    def run_node(self, n: fx.Node) -> Any:
        value = super().run_node(n)
        stages = called_stages(self.module, n)
        args, _ = self.fetch_args_kwargs_from_env(n)
        if n.op == "call_function" and n.target is linear_stages:
            matrix = n.args[0]
            assert isinstance(matrix, fx.Node)
            self._record(*self.matrices[matrix], args[1], value)
        elif isinstance(stages, StageSolve):
            self._record(stages, args[1], args[0], value)
        elif stages is not None:
            self.matrices[n] = (stages, args[1])
        return value

    def _record(
        self, stages: Any, theta: list[list[Tensor]], states: list[Tensor], rates: Any
    ) -> None:
        k, y = torch.stack(list(rates)), torch.stack(list(states))
        left = stage_rates(stages.rate, stages.coefficients, k, y, theta) - k
        self.residuals.append(rows(left).abs().amax(1))
