"""Steps of partitioned Runge-Kutta schemes and of compositions, on separable systems x = [q, p].

Each rate is the half of one call of the unit: f is its half q, g its half p. Where the rate of a
half does not depend on that half, any value of it will do; the one that is known is taken. Where
rates need one another even so, whole stages [Q_i, P_i] are solved for.
"""

from collections.abc import Sequence
from fractions import Fraction

from odegraph._errors import GraphError
from odegraph._exact import Exact, to_exact
from odegraph.ir.builder import GraphBuilder
from odegraph.ir.halves import Halves, P, Q, Weight, add_weights
from odegraph.ir.runge_kutta import coupled_stages
from odegraph.scheme import PartitionedRungeKuttaScheme
from odegraph.scheme.number_field import Number, to_sympy
from odegraph.scheme.partitioned import PartitionedTableau, Rate
from odegraph.scheme.tableau import Vector

ONE = to_exact(1)


def build_partitioned_runge_kutta(
    builder: GraphBuilder, scheme: PartitionedRungeKuttaScheme
) -> str:
    """Add all steps; the name of the last state is returned.

    Raises:
        GraphError: the scheme is implicit, and the times of the halves of a stage differ.
    """
    groups = None if scheme.is_explicit else _coupled(scheme)
    state = builder.input()
    for step in range(builder.manifestation.steps):
        one = _Step(builder, scheme.tableau, step, state)
        if scheme.evaluations is not None:
            state = one.build(scheme.evaluations)
        else:
            state = one.solve(groups or [])
    return state


def _coupled(scheme: PartitionedRungeKuttaScheme) -> list[tuple[int, ...]]:
    """Groups of stages that need one another in either half."""
    tableau = scheme.tableau
    for i, times in enumerate(zip(tableau.nodes(Q), tableau.nodes(P), strict=True), start=1):
        if not tableau.vanishes(times[0] - times[1]):
            raise GraphError(
                f"The scheme `{scheme.name}` is implicit, and its halves are at different times in "
                f"stage {i}: c = {to_sympy(times[1])} for q, {to_sympy(times[0])} for p. Stages "
                "are solved for as a whole. It can be verified and shown; to compile, choose one "
                "with equal times such as `lobatto-iiia-iiib-3`."
            )
    rows = zip(tableau.q.A, tableau.p.A, strict=True)
    either = [[to_exact(bool(q) or bool(p)) for q, p in zip(*row, strict=True)] for row in rows]
    return coupled_stages(either)


class _Step:
    """One step: the rates computed so far, by part and stage."""

    def __init__(
        self, builder: GraphBuilder, tableau: PartitionedTableau, step: int, state: str
    ) -> None:
        self.builder = builder
        self.tableau = tableau
        self.step = step
        self.state = state
        self.rates: dict[Rate, str] = {}

    def build(self, evaluations: tuple[Rate, ...]) -> str:
        for position, (part, stage) in enumerate(evaluations, start=1):
            rows = [self._latest(half, stage) for half in (Q, P)]
            state = self._sum(f"step{self.step}.x{position}", rows)
            node = to_sympy(self.tableau.nodes(part)[stage])
            rate = self.builder.evaluate(self.step, position, state, node, reads=1 - part)
            self.rates[part, stage] = rate
        return self._result()

    def solve(self, groups: list[tuple[int, ...]]) -> str:
        for group in groups:
            for i, rate in zip(group, self._solved(group), strict=True):
                self.rates[Q, i] = self.rates[P, i] = rate
        return self._result()

    def _solved(self, group: tuple[int, ...]) -> list[str]:
        q, p = (one.A for one in self.tableau.parts)
        states = [self._stage(i) for i in group]
        nodes = [to_sympy(self.tableau.nodes(Q)[i]) for i in group]
        if not any(q[i][j] or p[i][j] for i in group for j in group):
            return [self.builder.evaluate(self.step, group[0] + 1, states[0], nodes[0])]
        return self.builder.solve(
            self.step,
            [i + 1 for i in group],
            states=states,
            nodes=nodes,
            coefficients=tuple(
                tuple(Halves(qq=self._scaled(q[i][j]), pp=self._scaled(p[i][j])) for j in group)
                for i in group
            ),
        )

    def _stage(self, i: int) -> str:
        """What the stages before contribute to stage i."""
        rows = [one.A[i] for one in self.tableau.parts]
        known = [
            tuple(a if (half, j) in self.rates else Fraction(0) for j, a in enumerate(row))
            for half, row in zip((Q, P), rows, strict=True)
        ]
        return self._sum(f"step{self.step}.x{i + 1}", known)

    def _scaled(self, weight: Number) -> Exact:
        return self.builder.scaled(self.step, to_sympy(weight))

    def _result(self) -> str:
        return self._sum(f"x{self.step + 1}", [one.b for one in self.tableau.parts])

    def _latest(self, half: int, stage: int) -> Vector:
        """The row of the stage, or of the last one before it whose state is known."""
        rows = self.tableau.parts[half].A[: stage + 1]
        known = [row for row in rows if self._is_known(row, half)]
        return known[-1] if known else ()

    def _is_known(self, row: Vector, half: int) -> bool:
        return all((half, j) in self.rates for j, weight in enumerate(row) if weight)

    def _sum(self, name: str, rows: Sequence[Sequence[Number]]) -> str:
        terms: dict[str, Weight] = {self.state: ONE}
        for half in (Q, P):
            for j, weight in enumerate(rows[half]):
                if weight:
                    on_half = Halves.on(half, half, self._scaled(weight))
                    rate = self.rates[half, j]
                    # A stage that was solved for as a whole is one rate for both halves.
                    terms[rate] = add_weights(terms[rate], on_half) if rate in terms else on_half
        return self.builder.combine(name, self.step, list(terms.items()))
