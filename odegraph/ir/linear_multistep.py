"""Steps of linear multistep schemes, with step history and a start rule.

x_{n+1} = (h sum_{j<=k} beta_j R_{n+1-k+j} - sum_{j<k} alpha_j x_{n+1-k+j}) / alpha_k. The first
k - 1 steps are made by the start scheme; every rate R_n = R(x_n, theta(t_n)) is computed once, in
the step that begins with x_n, and sees theta from inside that step. Where the scheme is implicit,
R_{n+1} is solved for, and sees theta from inside the step that it ends; that it is the first rate
of the next step is found where theta does not jump between.
"""

from odegraph._errors import GraphError
from odegraph._exact import Exact, to_exact
from odegraph.ir.builder import GraphBuilder
from odegraph.ir.manifestation import Manifestation
from odegraph.ir.runge_kutta import runge_kutta_step
from odegraph.scheme import LinearMultistepScheme

ZERO, ONE = to_exact(0), to_exact(1)
Terms = list[tuple[str, Exact]]


def build_linear_multistep(builder: GraphBuilder, scheme: LinearMultistepScheme) -> str:
    """Add all steps; the name of the last state is returned.

    Raises:
        GraphError: the steps are not equal, or there are too few of them.
    """
    _check(builder.manifestation, scheme)
    start = scheme.start_scheme
    states, rates = [builder.input()], []
    for step in range(builder.manifestation.steps):
        if start is not None and step < scheme.history - 1:
            states.append(runge_kutta_step(builder, start, step, states[-1]))
            # The first stage of an explicit scheme is R(x_n, theta(t_n)), which the history keeps.
            rates.append(f"step{step}.k1")
            continue
        rates.append(builder.evaluate(step, 1, states[-1], ZERO))
        states.append(_step(builder, scheme, step, states, rates))
    return states[-1]


def _step(
    builder: GraphBuilder,
    scheme: LinearMultistepScheme,
    step: int,
    states: list[str],
    rates: list[str],
) -> str:
    k, newest = scheme.history, scheme.alpha[-1]
    alpha = [-weight / newest for weight in scheme.alpha[:k]]
    *beta, own = [builder.scaled(step, weight / newest) for weight in scheme.beta]
    terms = [*_newest_first(states[-k:], alpha), *_newest_first(rates[-k:], beta)]
    if not scheme.is_explicit:
        terms.append((_solved(builder, step, terms, own), own))
    return builder.combine(f"x{step + 1}", step, terms)


def _solved(builder: GraphBuilder, step: int, known: Terms, own: Exact) -> str:
    """The k with k = R(known + own k, theta(t_{n+1}))."""
    state = builder.combine(f"step{step}.x2", step, known)
    (rate,) = builder.solve(step, [2], states=[state], nodes=[ONE], coefficients=((own,),))
    return rate


def _newest_first(names: list[str], weights: list[Exact]) -> Terms:
    return list(zip(names, weights, strict=True))[::-1]


def _check(manifestation: Manifestation, scheme: LinearMultistepScheme) -> None:
    if scheme.history > 1 and not manifestation.is_uniform:
        raise GraphError(
            f"The coefficients of `{scheme.name}` belong to equal steps, but the grid is not "
            "uniform. Give `steps`, or choose a one-step scheme such as `rk4-classic`."
        )
    if manifestation.steps < scheme.history:
        raise GraphError(
            f"`{scheme.name}` reaches back over {scheme.history} states, so it takes at least "
            f"{scheme.history} steps, not {manifestation.steps}: the first {scheme.history - 1} "
            f"are made by `{scheme.start}`."
        )
