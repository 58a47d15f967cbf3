"""Steps of explicit Runge-Kutta schemes.

k_i = R(x_n + h sum_j a_ij k_j, theta(t_n + c_i dt)) and x_{n+1} = x_n + h sum_i b_i k_i.
"""

from collections.abc import Sequence

import sympy

from odegraph._errors import GraphError
from odegraph._exact import Exact
from odegraph.ir.builder import GraphBuilder
from odegraph.scheme import RungeKuttaScheme

ONE = sympy.Integer(1)


def build_runge_kutta(builder: GraphBuilder, scheme: RungeKuttaScheme) -> str:
    """Add all steps; the name of the last state is returned.

    Raises:
        GraphError: the scheme is implicit.
    """
    if not scheme.is_explicit:
        raise GraphError(
            f"The scheme `{scheme.name}` is implicit: a stage needs itself, which takes a solver "
            "that is not compiled yet. It can be verified, shown and drawn. To compile, choose an "
            "explicit scheme such as `rk4-classic`."
        )
    state = builder.input()
    for step in range(builder.manifestation.steps):
        state = runge_kutta_step(builder, scheme, step, state)
    return state


def runge_kutta_step(builder: GraphBuilder, scheme: RungeKuttaScheme, step: int, state: str) -> str:
    """Add one explicit step from `state`; the rate of stage i is `step<n>.k<i>`."""
    A, b, c = scheme.entries
    rates: list[str] = []
    for i, (row, node) in enumerate(zip(A, c, strict=True), start=1):
        terms = _increments(builder, step, row[: i - 1], rates)
        stage_state = builder.combine(f"step{step}.x{i}", step, [(state, ONE), *terms])
        rates.append(builder.evaluate(step, i, stage_state, node))
    terms = _increments(builder, step, b, rates)
    return builder.combine(f"x{step + 1}", step, [(state, ONE), *terms])


def _increments(
    builder: GraphBuilder, step: int, coefficients: Sequence[Exact], rates: list[str]
) -> list[tuple[str, Exact]]:
    weights = [builder.scaled(step, coefficient) for coefficient in coefficients]
    return list(zip(rates, weights, strict=True))
