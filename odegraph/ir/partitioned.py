"""Steps of partitioned Runge-Kutta schemes and of compositions, on separable systems x = [q, p].

Each rate is the half of one call of the unit: f is its half q, g its half p. Where the rate of a
half does not depend on that half, any value of it will do; the one that is known is taken.
"""

from odegraph._errors import GraphError
from odegraph._exact import to_exact
from odegraph.ir.builder import GraphBuilder
from odegraph.ir.halves import Halves, P, Q, Weight
from odegraph.scheme import PartitionedRungeKuttaScheme
from odegraph.scheme.number_field import to_sympy
from odegraph.scheme.partitioned import PartitionedTableau, Rate
from odegraph.scheme.tableau import Vector

Terms = list[tuple[str, Weight]]
ONE = to_exact(1)


def build_partitioned_runge_kutta(
    builder: GraphBuilder, scheme: PartitionedRungeKuttaScheme
) -> str:
    """Add all steps; the name of the last state is returned.

    Raises:
        GraphError: the scheme is implicit even on separable systems.
    """
    if scheme.evaluations is None:
        raise GraphError(
            f"The scheme `{scheme.name}` is implicit: even on a separable system a rate needs "
            "itself, which takes a solver that is not compiled yet. It can be verified and shown. "
            "To compile, choose an explicit scheme such as `stormer-verlet`."
        )
    state = builder.input()
    for step in range(builder.manifestation.steps):
        state = _Step(builder, scheme.tableau, step, state).build(scheme.evaluations)
    return state


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
            self.rates[part, stage] = self.builder.evaluate(self.step, position, state, node)
        return self._sum(f"x{self.step + 1}", [one.b for one in self.tableau.parts])

    def _latest(self, half: int, stage: int) -> Vector:
        """The row of the stage, or of the last one before it whose state is known."""
        rows = self.tableau.parts[half].A[: stage + 1]
        known = [row for row in rows if self._is_known(row, half)]
        return known[-1] if known else ()

    def _is_known(self, row: Vector, half: int) -> bool:
        return all((half, j) in self.rates for j, weight in enumerate(row) if weight)

    def _sum(self, name: str, rows: list[Vector]) -> str:
        terms: Terms = [(self.state, ONE)]
        for half in (Q, P):
            for j, weight in enumerate(rows[half]):
                if weight:
                    scaled = self.builder.scaled(self.step, to_sympy(weight))
                    terms.append((self.rates[half, j], Halves.on(half, half, scaled)))
        return self.builder.combine(name, self.step, terms)
