"""R(h M)^k of a linear unit as one matrix, in torch; generated modules carry a copy of these."""

import inspect
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from odegraph._exact import to_float, to_source
from odegraph.emit.operations.linear_stages import unit_matrix
from odegraph.emit.source.lines import call
from odegraph.ir import Propagator


def horner(coefficients: Sequence[float], M: Tensor) -> Tensor:
    """sum_j c_j M^j."""
    identity = torch.eye(len(M), dtype=M.dtype, device=M.device)
    *lower, highest = coefficients
    value = highest * identity
    for c in reversed(lower):
        value = value @ M + c * identity
    return value


def propagator(
    unit: nn.Module,
    x: Tensor,
    slots: Sequence[Tensor],
    P: Sequence[float],
    Q: Sequence[float],
    steps: int,
) -> Tensor:
    """(Q(M)^-1 P(M))^steps with R(x) = M x for one flattened sample x, by repeated squaring."""
    M = unit_matrix(unit, x, slots)
    step = horner(P, M)
    if len(Q) > 1:
        step = torch.linalg.solve(horner(Q, M), step)
    return torch.linalg.matrix_power(step, steps)


def propagate(matrix: Tensor, x: Tensor) -> Tensor:
    """The matrix times every sample."""
    if x.dim() == 1:
        return matrix @ x
    return (x.flatten(1) @ matrix.mT).reshape(x.shape)


class UnitPropagator(nn.Module):
    """R(h M)^k of a unit graph as a module, so that a torch.fx graph can call it."""

    def __init__(self, unit: nn.Module, node: Propagator) -> None:
        super().__init__()
        self.unit = unit
        self.P, self.Q = ([to_float(c) for c in row] for row in (node.numerator, node.denominator))
        self.repeats = node.repeats

    def forward(self, x: Tensor, *slots: Tensor) -> Tensor:
        """The matrix, for states like x."""
        return propagator(self.unit, x, slots, self.P, self.Q, self.repeats)


def propagator_statement(
    target: str, node: Propagator, *, unit: str, like: str, theta: str, margin: int
) -> list[str]:
    """`S = propagator(unit, x, theta[0], [1, 1 / 2], [1, -1 / 2], 1000)`."""
    rows = [
        f"[{', '.join(to_source(to_float(c), c) for c in row)}]"
        for row in (node.numerator, node.denominator)
    ]
    arguments = [unit, like, theta, *rows, str(node.repeats)]
    return call(f"{target} = propagator", arguments, margin=margin)


def propagator_functions(code: str) -> list[str]:
    """The source of the functions that the statements `code` call."""
    if " propagator(" not in code:
        return []
    known = [] if " stage_matrix(" in code else [unit_matrix]
    return [inspect.getsource(one) for one in (*known, horner, propagator, propagate)]
