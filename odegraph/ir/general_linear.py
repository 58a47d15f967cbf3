"""Steps of general linear schemes, which carry several values from step to step.

Y_i = h sum_j a_ij k_j + sum_l u_il y_l, k_i = R(Y_i, theta(t_n + c_i dt)) and
y_k <- h sum_j b_kj k_j + sum_l v_kl y_l. All values begin as x_0, and the first is the result.
"""

from collections.abc import Iterable, Sequence

from odegraph._exact import Exact, to_exact
from odegraph.ir.builder import GraphBuilder
from odegraph.scheme import GeneralLinearScheme


def build_general_linear(builder: GraphBuilder, scheme: GeneralLinearScheme) -> str:
    """Add all steps; the name of the last state is returned."""
    values = [builder.input()] * scheme.values
    for step in range(builder.manifestation.steps):
        values = _step(builder, scheme, step, values)
    return values[0]


def _step(
    builder: GraphBuilder, scheme: GeneralLinearScheme, step: int, values: Sequence[str]
) -> list[str]:
    A, U, B, V = scheme.entries
    nodes = [to_exact(c) for c in scheme.c.flat()]
    rates: list[str] = []

    def combined(name: str, of_rates: Iterable[Exact], of_values: Iterable[Exact]) -> str:
        terms: dict[str, Exact] = {}
        for value, weight in zip(values, of_values, strict=True):
            # At depth 0 all values are one.
            terms[value] = terms[value] + weight if value in terms else weight
        for rate, weight in zip(rates, of_rates, strict=False):
            terms[rate] = builder.scaled(step, weight)
        return builder.combine(name, step, list(terms.items()))

    for i, node in enumerate(nodes):
        state = combined(f"step{step}.x{i + 1}", A[i], U[i])
        rates.append(builder.evaluate(step, i + 1, state, node))
    made = [combined(f"x{step + 1}", B[0], V[0])]
    for k in range(1, scheme.values):
        made.append(combined(f"step{step}.y{k + 1}", B[k], V[k]))
    return made
