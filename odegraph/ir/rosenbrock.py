"""Steps of Rosenbrock schemes: one Jacobian and one factorised matrix a step.

With J = dR/dx at (x_n, theta(t_n)) and k_i of

    (I - h gamma_ii J) k_i = R(x_n + h sum_j alpha_ij k_j, theta(t_n + alpha_i dt))
                             + h J sum_(j<i) gamma_ij k_j

the step is x_{n+1} = x_n + h sum_i b_i k_i. The term h gamma_i dR/dt of the scheme is zero where
theta is constant within each step, which is asked for.
"""

from collections.abc import Sequence
from fractions import Fraction

from odegraph._errors import GraphError
from odegraph._exact import Exact
from odegraph.ir.builder import GraphBuilder
from odegraph.ir.linearisation import ONE, Linearisation, Term
from odegraph.ir.manifestation import Manifestation
from odegraph.ir.matrix_nodes import Resolvent
from odegraph.scheme import RosenbrockScheme


def build_rosenbrock(builder: GraphBuilder, scheme: RosenbrockScheme) -> str:
    """Add all steps; the name of the last state is returned.

    Raises:
        GraphError: theta(t) changes within a step.
    """
    _refuse_varying_theta(builder.manifestation)
    state = builder.input()
    for step in range(builder.manifestation.steps):
        state = _step(builder, scheme, step, state)
    return state


def _step(builder: GraphBuilder, scheme: RosenbrockScheme, step: int, state: str) -> str:
    linear = Linearisation(builder, step, state)
    alpha, Gamma = scheme.alpha.tolist(), scheme.Gamma.tolist()
    rates: list[str] = []
    for i, node in enumerate(scheme.c.flat()):
        terms = _scaled(builder, step, alpha[i], rates)
        stage_state = builder.combine(f"step{step}.x{i + 1}", step, [(state, ONE), *terms])
        right = [(builder.evaluate(step, i + 1, stage_state, node), ONE)]
        if coupling := _scaled(builder, step, Gamma[i], rates):
            right.append((linear.apply(linear.jacobian, coupling), ONE))
        matrix = linear.function(Resolvent(builder.scaled(step, Gamma[i][i])))
        rates.append(linear.apply(matrix, right))
    terms = _scaled(builder, step, scheme.b.flat(), rates)
    return builder.combine(f"x{step + 1}", step, [(state, ONE), *terms])


def _scaled(
    builder: GraphBuilder, step: int, coefficients: Sequence[Exact], rates: list[str]
) -> list[Term]:
    pairs = zip(rates, coefficients, strict=False)
    return [(rate, builder.scaled(step, a)) for rate, a in pairs if a != 0]


def _refuse_varying_theta(form: Manifestation) -> None:
    for start, end in form.intervals:
        within = [start, start + (end - start) * Fraction(1, 3), end]
        rows = {form.basis.row_within(t, interval=(start, end)) for t in within}
        if len(rows) > 1:
            raise GraphError(
                f"theta(t) changes within the step from depth {start} to {end}, and the scheme "
                f"`{form.scheme.name}` would need its derivative in depth. Take a "
                "piecewise-constant basis with its jumps on the grid, or a scheme of another kind."
            )
