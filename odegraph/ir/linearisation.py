"""What the builders of exponential and Rosenbrock steps share: the Jacobian of a step."""

from collections.abc import Iterable
from typing import final

from odegraph._exact import Exact, to_exact
from odegraph.ir.builder import GraphBuilder
from odegraph.ir.matrix_nodes import Apply, FunctionOfJacobian, Jacobian, MatrixFunction
from odegraph.ir.nodes import Edge

Term = tuple[str, Exact]
ZERO, ONE = to_exact(0), to_exact(1)


@final
class Linearisation:
    """J of one step, taken where it begins, and products with functions of it."""

    def __init__(self, builder: GraphBuilder, step: int, state: str) -> None:
        self.builder = builder
        self.step = step
        theta = builder.theta(step, 0, ZERO)
        self.jacobian = builder.add(
            f"step{step}.J", Jacobian(step), [(state, Edge("state")), (theta, Edge("theta"))]
        )
        self.functions: dict[MatrixFunction, str] = {}
        self.products = 0

    def function(self, function: MatrixFunction) -> str:
        """The node of a function of J, made on first use."""
        if function not in self.functions:
            name = f"step{self.step}.F{len(self.functions) + 1}"
            node = FunctionOfJacobian(self.step, function)
            self.functions[function] = self.builder.add(
                name, node, [(self.jacobian, Edge("jacobian"))]
            )
        return self.functions[function]

    def apply(self, matrix: str, terms: Iterable[Term], *, order: int = 0) -> str:
        """The matrix times a weighted sum of values; terms from one value are added up."""
        weights: dict[str, Exact] = {}
        for name, weight in terms:
            weights[name] = weights.get(name, ZERO) + weight
        self.products += 1
        edges = [(matrix, Edge("matrix"))]
        edges += [(name, Edge("term", weight)) for name, weight in weights.items()]
        return self.builder.add(f"step{self.step}.v{self.products}", Apply(self.step, order), edges)
