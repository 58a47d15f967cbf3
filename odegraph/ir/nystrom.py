"""Steps of explicit Nystrom schemes on states x = [q, v]; the rate of the unit is [v, f].

Only the half f of the unit's rate is used: q' = v is part of the scheme.
"""

from odegraph._errors import GraphError
from odegraph._exact import Exact, to_exact
from odegraph.ir.builder import GraphBuilder
from odegraph.ir.halves import Halves, Q, Weight
from odegraph.scheme import NystromScheme

ZERO, ONE = to_exact(0), to_exact(1)


def build_nystrom(builder: GraphBuilder, scheme: NystromScheme) -> str:
    """Add all steps; the name of the last state is returned.

    Raises:
        GraphError: the scheme is implicit.
    """
    if not scheme.is_explicit:
        raise GraphError(
            f"The scheme `{scheme.name}` is implicit: a stage needs itself, which takes a solver "
            "that is not compiled yet. It can be verified and shown. To compile, choose an "
            "explicit scheme such as `nystrom-4`."
        )
    state = builder.input()
    for step in range(builder.manifestation.steps):
        state = _step(builder, scheme, step, state)
    return state


def _step(builder: GraphBuilder, scheme: NystromScheme, step: int, state: str) -> str:
    A_bar, c = scheme.A_bar.tolist(), scheme.c.flat()
    A = [[ZERO] * scheme.stages] * scheme.stages if scheme.A is None else scheme.A.tolist()
    reads = None if scheme.uses_velocity else Q
    rates: list[str] = []
    for i, (bar, row, node) in enumerate(zip(A_bar, A, c, strict=True), start=1):
        terms = [(state, _drift(builder, step, node)), *_kicks(builder, step, rates, bar, row)]
        stage = builder.combine(f"step{step}.x{i}", step, terms) if node or i > 1 else state
        rates.append(builder.evaluate(step, i, stage, node, reads=reads))
    kicks = _kicks(builder, step, rates, scheme.b_bar.flat(), scheme.b.flat())
    return builder.combine(f"x{step + 1}", step, [(state, _drift(builder, step, ONE)), *kicks])


def _drift(builder: GraphBuilder, step: int, node: Exact) -> Weight:
    """q + c h v, and v."""
    return Halves(qq=ONE, qp=builder.scaled(step, node), pp=ONE)


def _kicks(
    builder: GraphBuilder, step: int, rates: list[str], bar: list[Exact], row: list[Exact]
) -> list[tuple[str, Weight]]:
    """h^2 a_bar_j f_j on q, h a_j f_j on v."""
    weights = [
        Halves(qp=builder.scaled(step, builder.scaled(step, a_bar)), pp=builder.scaled(step, a))
        for a_bar, a in zip(bar, row, strict=True)
    ]
    return list(zip(rates, weights, strict=False))
