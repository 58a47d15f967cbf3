"""How a `Solve` node is computed: the function that does it and its options."""

from collections.abc import Callable
from typing import Any

from torch import Tensor, fx, nn

from odegraph._exact import Exact
from odegraph.emit.operations.implicit_stages import fixed_point, newton_krylov, solve_stages
from odegraph.emit.operations.linear_stages import stage_matrix
from odegraph.emit.rounding import Precision, round_weights
from odegraph.ir import FixedPoint, Halves, NewtonKrylov, Solver
from odegraph.ir.nodes import Matrix

Rounded = tuple[tuple[float | tuple[float, float], ...], ...]


def solver_function(solver: Solver) -> Callable[..., Tensor]:
    """The function that iterates."""
    match solver:
        case FixedPoint():
            return fixed_point
        case NewtonKrylov():
            return newton_krylov
    raise AssertionError(f"{solver} does not iterate")


def solver_counts(solver: Solver) -> dict[str, int]:
    """Its options by name, in the order in which the function takes them."""
    match solver:
        case FixedPoint():
            return {"iterations": solver.iterations}
        case NewtonKrylov():
            return {"iterations": solver.iterations, "krylov": solver.krylov}
    return {}


def rounded(coefficients: Matrix, precision: Precision) -> Rounded:
    """The coefficients of coupled stages as floats, each row rounded together.

    Where they differ between the halves of the state, as pairs of floats.
    """
    if not has_halves(coefficients):
        return tuple(round_weights(row, precision) for row in plain(coefficients))
    halves = [[Halves.both(weight) for weight in row] for row in coefficients]
    rows = [([one.qq for one in row], [one.pp for one in row]) for row in halves]
    return tuple(
        tuple(zip(round_weights(q, precision), round_weights(p, precision), strict=True))
        for q, p in rows
    )


def has_halves(coefficients: Matrix) -> bool:
    """Whether some coefficients differ between the halves of the state."""
    return any(isinstance(weight, Halves) for row in coefficients for weight in row)


def plain(coefficients: Matrix) -> list[list[Exact]]:
    """The coefficients where none differs between the halves of the state."""
    return [[one for one in row if not isinstance(one, Halves)] for row in coefficients]


class StagesOfUnit(nn.Module):
    """What solves coupled stages: the unit and the coefficients, exact and rounded."""

    def __init__(self, unit: fx.GraphModule, exact: Matrix, precision: Precision) -> None:
        super().__init__()
        self.unit = unit
        self.exact = exact
        self.coefficients = rounded(exact, precision)

    def rate(self, x: Tensor, *slots: Tensor) -> Tensor:
        """The rate alone, without new statistics."""
        result = self.unit(x, *slots)
        return result[0] if isinstance(result, tuple) else result


class StageSolve(StagesOfUnit):
    """Calls an iterative solver."""

    def __init__(
        self, unit: fx.GraphModule, exact: Matrix, precision: Precision, solver: Solver
    ) -> None:
        super().__init__(unit, exact, precision)
        self.solver = solver

    def forward(self, states: list[Tensor], theta: list[list[Tensor]]) -> tuple[Tensor, ...]:
        """The rates of all stages."""
        function, counts = solver_function(self.solver), solver_counts(self.solver)
        return solve_stages(function, self.rate, states, self.coefficients, theta, **counts)

    def extra_repr(self) -> str:
        """The solver."""
        return repr(self.solver)


class LinearStageMatrix(StagesOfUnit):
    """Makes the matrix of coupled stages of a linear unit."""

    def forward(self, x: Tensor, theta: list[list[Tensor]]) -> Tensor:
        """P with k = P y, for states like x."""
        return stage_matrix(self.rate, self.coefficients, x, theta)


def called_stages(module: nn.Module, node: fx.Node) -> Any:
    """The `StagesOfUnit` that a node calls; None for any other node."""
    if node.op != "call_module":
        return None
    found = module.get_submodule(str(node.target))
    return found if isinstance(found, StagesOfUnit) else None
