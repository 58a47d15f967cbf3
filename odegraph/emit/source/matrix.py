"""Linearised steps as Python statements: Jacobians, functions of them, products."""

from odegraph._exact import Exact, to_float, to_source
from odegraph.emit.source.lines import WIDTH, sum_expression, sum_statements
from odegraph.emit.weighted_sum import WeightedSum
from odegraph.ir import Apply, FunctionOfJacobian, Node, PhiFunctions, Propagator

OPERAND = "w"  # a weighted sum that is too long to stand in the call of its matrix


def function_statement(target: str, node: FunctionOfJacobian, jacobian: str) -> str:
    """`M = phi_functions(1 / 2 * J, 3)` or `M = resolvent(1 / 2 * J)`."""
    match node.function:
        case PhiFunctions(scale, highest):
            return f"{target} = phi_functions({_scaled(scale, jacobian)}, {highest})"
        case function:
            return f"{target} = resolvent({_scaled(function.scale, jacobian)})"


def product_statements(
    target: str, node: Apply, matrix: tuple[str, Node], total: WeightedSum[str], *, margin: int
) -> list[str]:
    """`v = apply(J, ...)`, `v = apply(M[1], ...)` or `v = solve(M, ...)`."""
    name, made_by = matrix
    call = f"propagate({name}" if isinstance(made_by, Propagator) else f"apply({name}"
    if isinstance(made_by, FunctionOfJacobian):
        is_phi = isinstance(made_by.function, PhiFunctions)
        call = f"apply({name}[{node.order}]" if is_phi else f"solve({name}"
    line = f"{target} = {call}, {sum_expression(total)})"
    if len(line) + margin <= WIDTH:
        return [line]
    return [*sum_statements(OPERAND, total, margin=margin), f"{target} = {call}, {OPERAND})"]


def _scaled(scale: Exact, jacobian: str) -> str:
    value = to_float(scale)
    return jacobian if value == 1 else f"{to_source(value, scale)} * {jacobian}"
