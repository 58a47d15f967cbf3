"""Solves of implicit stages as Python statements, and the functions that they call."""

import inspect
from collections.abc import Iterable, Mapping, Sequence

from odegraph._exact import Exact, to_source
from odegraph.emit.operations import implicit_stages, linear_stages
from odegraph.emit.operations.solver_call import rounded, solver_counts, solver_function
from odegraph.emit.rounding import Precision
from odegraph.emit.source.expression import Expression, call, keyword, name, sequence
from odegraph.ir import ExactLinear, Halves, Solve, Solver, StepGraph, Weight
from odegraph.ir.nodes import Matrix

INDENT = " " * 8  # statements stand in a method of a class


def solver_functions(graphs: Iterable[StepGraph]) -> list[str]:
    """The text of all functions that the solves of `graphs` call, in the order of their use."""
    solvers = {node.solver: None for graph in graphs for node in solves_of(graph)}
    needed: dict[object, None] = {}
    for solver in solvers:
        needed |= dict.fromkeys(_functions(solver))
    return [inspect.getsource(function) for function in needed]  # pyright: ignore[reportArgumentType]


def solvers_in_words(graph: StepGraph) -> list[str]:
    """The solvers of a graph, for the docstring of a module."""
    solvers = dict.fromkeys(node.solver for node in solves_of(graph))
    return [
        ", ".join([one.kind, *(f"{key} {count}" for key, count in solver_counts(one).items())])
        for one in solvers
    ]


def solves_of(graph: StepGraph) -> list[Solve]:
    """All solves in order."""
    return [node for _, node in graph.nodes() if isinstance(node, Solve)]


def matrix_statement(
    target: str,
    coefficients: Matrix,
    *,
    unit: str,
    like: str,
    theta: Sequence[str],
    precision: Precision,
) -> list[str]:
    """`P = stage_matrix(unit, [[1 / 2]], x, [theta[0]])`."""
    matrix, slots = _matrix(coefficients, precision), _names(theta)
    return _statement(target, call("stage_matrix", [name(unit), matrix, name(like), slots]))


def linear_statement(rates: Sequence[str], *, matrix: str, states: Sequence[str]) -> list[str]:
    """`(k1,) = linear_stages(P, [x])`."""
    return _statement(_unpacked(rates), call("linear_stages", [name(matrix), _names(states)]))


def solve_statement(
    rates: Sequence[str],
    solve: Solve,
    *,
    unit: str,
    states: Sequence[str],
    theta: Sequence[str],
    precision: Precision,
) -> list[str]:
    """`(k1,) = solve_stages(fixed_point, unit, [x], [[1 / 2]], [theta[0]], iterations=10)`."""
    counts: Mapping[str, int] = solver_counts(solve.solver)
    arguments = [
        name(solver_function(solve.solver).__name__),
        name(unit),
        _names(states),
        _matrix(solve.coefficients, precision),
        _names(theta),
        *(keyword(key, name(str(count))) for key, count in counts.items()),
    ]
    return _statement(_unpacked(rates), call("solve_stages", arguments))


def _functions(solver: Solver) -> list[object]:
    if isinstance(solver, ExactLinear):
        return [
            linear_stages.unit_matrix,
            linear_stages.stage_matrix,
            linear_stages.linear_stages,
        ]
    is_newton = solver_function(solver) is implicit_stages.newton_krylov
    return [
        *([implicit_stages.rows, implicit_stages.stages_of] if is_newton else []),
        solver_function(solver),
        *([implicit_stages.gmres] if is_newton else []),
        implicit_stages.stage_rates,
        implicit_stages.ImplicitStages,
        implicit_stages.solve_stages,
    ]


def _statement(target: str, value: Expression) -> list[str]:
    lines = value.lines(indent=INDENT, prefix=f"{target} = ")
    return [line.removeprefix(INDENT) for line in lines]


def _unpacked(rates: Sequence[str]) -> str:
    return f"({rates[0]},)" if len(rates) == 1 else ", ".join(rates)


def _names(values: Sequence[str]) -> Expression:
    return sequence("[]", [name(value) for value in values])


def _matrix(coefficients: Matrix, precision: Precision) -> Expression:
    floats = rounded(coefficients, precision)
    rows = [
        [_weight(weight, exact) for weight, exact in zip(row, exacts, strict=True)]
        for row, exacts in zip(floats, coefficients, strict=True)
    ]
    return sequence("[]", [sequence("[]", row) for row in rows])


def _weight(weight: float | tuple[float, float], exact: Weight) -> Expression:
    if isinstance(weight, tuple):
        halves = Halves.both(exact)
        pairs = zip(weight, (halves.qq, halves.pp), strict=True)
        return sequence("()", [name(to_source(*one)) for one in pairs])
    assert isinstance(exact, Exact)
    return name(to_source(weight, exact))
