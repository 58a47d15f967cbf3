"""Steps of exponential integrators, linearised where each step begins.

With J = dR/dx at (x_n, theta(t_n)) and N_j = R(U_j, theta(t_n + c_j dt)) - J U_j,

    U_i = exp(c_i hJ) x_n + h sum_j a_ij(hJ) N_j,    x_{n+1} = exp(hJ) x_n + h sum_i b_i(hJ) N_i.

The order is proven for every L, so also for this one. For a linear unit N = 0 and the step is
exp(hA) x_n, exact.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from odegraph._exact import Exact, to_exact
from odegraph.ir.builder import GraphBuilder
from odegraph.ir.linearisation import ONE, Linearisation, Term
from odegraph.ir.matrix_nodes import PhiFunctions
from odegraph.scheme import ExponentialScheme
from odegraph.scheme.phi_sum import PhiSum


def build_exponential(builder: GraphBuilder, scheme: ExponentialScheme) -> str:
    """Add all steps; the name of the last state is returned."""
    state = builder.input()
    for step in range(builder.manifestation.steps):
        state = _Step(builder, scheme, step, state).add()
    return state


@dataclass
class _Step:
    builder: GraphBuilder
    scheme: ExponentialScheme
    step: int
    start: str

    def add(self) -> str:
        self.linear = Linearisation(self.builder, self.step, self.start)
        self.rest: list[str] = []
        for i, (row, c) in enumerate(zip(self.scheme.A, self.scheme.c, strict=True), start=1):
            state = self._state(f"step{self.step}.x{i}", row, c)
            rate = self.builder.evaluate(self.step, i, state, to_exact(c))
            moved = self.linear.apply(self.linear.jacobian, [(state, ONE)])
            self.rest.append(
                self.builder.combine(
                    f"step{self.step}.n{i}", self.step, [(rate, ONE), (moved, -ONE)]
                )
            )
        return self._state(f"x{self.step + 1}", self.scheme.b, Fraction(1))

    def _state(self, name: str, row: Sequence[PhiSum], c: Fraction) -> str:
        """exp(c hJ) x + h sum_j a_j(hJ) N_j, with one product for each function of hJ."""
        products: dict[tuple[int, Fraction], list[Term]] = {(0, c): [(self.start, ONE)]}
        for a, rest in zip(row, self.rest, strict=False):
            for key, q in a.terms:
                weight = self.builder.scaled(self.step, to_exact(q))
                products.setdefault(key, []).append((rest, weight))
        terms = [term for key, one in products.items() for term in self._product(key, one)]
        return self.builder.combine(name, self.step, terms)

    def _product(self, key: tuple[int, Fraction], terms: list[Term]) -> list[Term]:
        order, c = key
        if not c:
            return terms
        matrix = self.linear.function(PhiFunctions(self._scale(c), self._highest(c)))
        return [(self.linear.apply(matrix, terms, order=order), ONE)]

    def _scale(self, c: Fraction) -> Exact:
        return self.builder.scaled(self.step, to_exact(c))

    def _highest(self, c: Fraction) -> int:
        return max(k for k, scale in self.scheme.functions if scale == c)
