"""Steps of explicit Runge-Kutta schemes.

k_i = R(x_n + h sum_j a_ij k_j, theta(t_n + c_i dt)) and x_{n+1} = x_n + h sum_i b_i k_i.
"""

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
    # Entries of a SymPy matrix are slow to fetch: take them out once, not once a step.
    A, b, c = scheme.A.tolist(), scheme.b.flat(), scheme.c.flat()
    for step in range(builder.manifestation.steps):
        rates: list[str] = []
        for i, (row, node) in enumerate(zip(A, c, strict=True), start=1):
            terms = _increments(builder, step, row[: i - 1], rates)
            stage_state = builder.combine(f"step{step}.x{i}", step, [(state, ONE), *terms])
            rates.append(builder.evaluate(step, i, stage_state, node))
        terms = _increments(builder, step, b, rates)
        state = builder.combine(f"x{step + 1}", step, [(state, ONE), *terms])
    return state


def _increments(
    builder: GraphBuilder, step: int, coefficients: list[Exact], rates: list[str]
) -> list[tuple[str, Exact]]:
    weights = [builder.scaled(step, coefficient) for coefficient in coefficients]
    return list(zip(rates, weights, strict=True))
