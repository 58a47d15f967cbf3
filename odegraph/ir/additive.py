"""Steps of additive Runge-Kutta schemes, on units that are a sum of two parts, R = f + g.

    X_i = x_n + h sum_j a_ij f_j + h sum_j A_ij g_j,    x_{n+1} = x_n + h sum_i (b_i f_i + B_i g_i)

with f_i = f(X_i, theta(t_n + c_i dt)) and g_i = g(X_i, theta(t_n + C_i dt)): each part looks theta
up at its own times. Only g is solved for. That the last stage is the first of the next step is
found, not declared: their states are equal only where the scheme is globally stiffly accurate.
"""

from collections.abc import Sequence
from typing import final

from odegraph._errors import GraphError
from odegraph._exact import Exact, to_exact
from odegraph.ir.builder import GraphBuilder
from odegraph.ir.part import Part
from odegraph.ir.runge_kutta import coupled_stages
from odegraph.scheme import AdditiveRungeKuttaScheme

ONE = to_exact(1)
PARTS = (Part.EXPLICIT, Part.IMPLICIT)
Rows = list[list[Exact]]


def build_additive_runge_kutta(builder: GraphBuilder, scheme: AdditiveRungeKuttaScheme) -> str:
    """Add all steps; the name of the last state is returned.

    Raises:
        GraphError: stages that are solved together need one another's explicit rates.
    """
    tableaus = (scheme.explicit_part, scheme.implicit_part)
    A = [one.A.tolist() for one in tableaus]
    groups = _groups(scheme, *A)
    state = builder.input()
    for step in range(builder.manifestation.steps):
        one = _Step(builder, step, state, A, [part.c.flat() for part in tableaus])
        for group in groups:
            one.add(group)
        state = one.sum(f"x{step + 1}", [part.b.flat() for part in tableaus])
    return state


def _groups(scheme: AdditiveRungeKuttaScheme, explicit: Rows, implicit: Rows) -> list:
    # f_j enters stage i after g_j has been solved for: an explicit weight counts as a need, too.
    either = [
        [abs(a) + abs(b) for a, b in zip(*rows, strict=True)]
        for rows in zip(explicit, implicit, strict=True)
    ]
    groups = coupled_stages(either)
    if any(explicit[i][j] != 0 for group in groups for i in group for j in group):
        raise GraphError(
            f"The scheme `{scheme.name}` solves stages together that need one another's explicit "
            "rates, and only the implicit part is solved for. It can be verified and shown. To "
            "compile, choose a diagonally implicit one such as `ars-222`."
        )
    return groups


@final
class _Step:
    """One step: the rates computed so far, by part and stage."""

    def __init__(
        self,
        builder: GraphBuilder,
        step: int,
        state: str,
        A: Sequence[Rows],
        c: Sequence[list[Exact]],
    ) -> None:
        self.builder = builder
        self.step = step
        self.state = state
        self.A = A
        self.c = c
        self.rates: dict[Part, dict[int, str]] = {part: {} for part in PARTS}

    def add(self, group: tuple[int, ...]) -> None:
        """The rates of both parts at stages that are solved together, or at one stage."""
        implicit = self.A[1]
        if any(implicit[i][j] != 0 for i in group for j in group):
            self._solve(group)
        for i in group:
            state = self._stage(f"step{self.step}.x{i + 1}", i)
            for part, c in zip(PARTS, self.c, strict=True):
                if i not in self.rates[part]:
                    rate = self.builder.evaluate(self.step, i + 1, state, c[i], part=part)
                    self.rates[part][i] = rate

    def sum(self, name: str, rows: Sequence[Sequence[Exact]]) -> str:
        """x_n and the weighted rates that are known, those of f first."""
        terms = [
            (self.rates[part][j], self.builder.scaled(self.step, row[j]))
            for part, row in zip(PARTS, rows, strict=True)
            for j in sorted(self.rates[part])
        ]
        return self.builder.combine(name, self.step, [(self.state, ONE), *terms])

    def _stage(self, name: str, i: int) -> str:
        return self.sum(name, [A[i] for A in self.A])

    def _solve(self, group: tuple[int, ...]) -> None:
        implicit, c = self.A[1], self.c[1]
        solved = self.builder.solve(
            self.step,
            [i + 1 for i in group],
            states=[self._stage(f"step{self.step}.y{i + 1}", i) for i in group],
            nodes=[c[i] for i in group],
            coefficients=tuple(
                tuple(self.builder.scaled(self.step, implicit[i][j]) for j in group) for i in group
            ),
            part=Part.IMPLICIT,
        )
        self.rates[Part.IMPLICIT].update(zip(group, solved, strict=True))
