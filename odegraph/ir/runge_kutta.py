"""Steps of explicit Runge-Kutta schemes.

k_i = R(x_n + h sum_j a_ij k_j, theta(t_n + c_i dt)) and x_{n+1} = x_n + h sum_i b_i k_i.
"""

import sympy

from odegraph._errors import GraphError
from odegraph.ir.builder import GraphBuilder
from odegraph.scheme import RungeKuttaScheme


def build_runge_kutta(builder: GraphBuilder, scheme: RungeKuttaScheme) -> str:
    """Add all steps; the name of the last state is returned.

    Raises:
        GraphError: the scheme is implicit.
    """
    if not scheme.is_explicit:
        raise GraphError(
            f"The scheme `{scheme.name}` is implicit: a stage needs itself, which takes a solver "
            "that "
            "is not compiled yet. It can be verified, shown and drawn. To compile, choose an "
            "explicit "
            "scheme such as `rk4-classic`."
        )
    state = builder.input()
    for step in range(builder.manifestation.steps):
        state = _step(builder, scheme, step, state)
    return state


def _step(builder: GraphBuilder, scheme: RungeKuttaScheme, step: int, state: str) -> str:
    rates: list[str] = []
    for i in range(scheme.stages):
        weights = [builder.scaled(step, scheme.A[i, j]) for j in range(i)]
        stage_state = builder.combine(
            f"step{step}.x{i + 1}",
            step,
            [(state, sympy.Integer(1)), *zip(rates, weights, strict=True)],
        )
        rates.append(builder.evaluate(step, i + 1, stage_state, scheme.c[i]))
    weights = [builder.scaled(step, scheme.b[i]) for i in range(scheme.stages)]
    terms = [(state, sympy.Integer(1)), *zip(rates, weights, strict=True)]
    return builder.combine(f"x{step + 1}", step, terms)
