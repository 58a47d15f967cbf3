"""Additive (implicit-explicit) Runge-Kutta methods with proven order, and the proof.

Ascher, Ruuth and Spiteri (1997); Kennedy and Carpenter (2003).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import final

from odegraph.scheme import properties
from odegraph.scheme.additive_reader import AdditiveTableau, read_additive_tableau
from odegraph.scheme.base import Orders, Scheme
from odegraph.scheme.butcher_matrices import TableauPart
from odegraph.scheme.coloured_conditions import AdditiveWeights, prove_additive_order
from odegraph.scheme.order_conditions import StageVectors, prove_order
from odegraph.scheme.order_proof import OrderProof, TreeCondition, first_failures
from odegraph.scheme.stability_function import StabilityFunction, stability_function
from odegraph.scheme.tableau import Tableau, Vector
from odegraph.scheme.tableau_text import tableau_text
from odegraph.scheme.verifier import Failed, Verifier

NAMES = ("E", "I")


@final
@dataclass(frozen=True)
class AdditiveOrders(Orders):
    """The coupled order, that of each part alone, and that of the embedded weights."""

    explicit: int
    implicit: int
    embedded: int | None


@final
@dataclass(frozen=True)
class AdditiveRungeKuttaScheme(Scheme):
    """x' = f(t, x) + g(t, x), f explicit and g implicit, with one set of stages.

        X_i = x_0 + h sum_j a_ij f(t_0 + c_i h, X_j) + h sum_j A_ij g(t_0 + C_i h, X_j)
        x_1 = x_0 + h sum_i b_i f(t_0 + c_i h, X_i) + h sum_i B_i g(t_0 + C_i h, X_i)

    The time vectors c and C of the parts may differ; each is the row sums of its own matrix.
    """

    orders: AdditiveOrders
    tableau: AdditiveTableau

    @cached_property
    def explicit_part(self) -> TableauPart:
        """A, b and c of f."""
        return TableauPart(self.tableau.explicit)

    @cached_property
    def implicit_part(self) -> TableauPart:
        """A, b and c of g."""
        return TableauPart(self.tableau.implicit)

    @property
    def stages(self) -> int:
        """Number of stages s."""
        return self.tableau.explicit.stages

    @property
    def explicit_order(self) -> int:
        """The order of the explicit part alone."""
        return self.orders.explicit

    @property
    def implicit_order(self) -> int:
        """The order of the implicit part alone."""
        return self.orders.implicit

    @property
    def embedded_order(self) -> int | None:
        """The proven order of the embedded weights, if there are any."""
        return self.orders.embedded

    @property
    def stage_order(self) -> int:
        """The largest q for which every stage of both parts has order q."""
        return min(map(properties.stage_order, self.tableau.parts))

    @cached_property
    def is_explicit(self) -> bool:
        """Whether neither part has an implicit stage."""
        return all(properties.is_explicit(part) for part in self.tableau.parts)

    @cached_property
    def is_diagonally_implicit(self) -> bool:
        """Whether the implicit stages are solved one after the other."""
        return properties.is_diagonally_implicit(self.tableau.implicit)

    @cached_property
    def has_shared_weights(self) -> bool:
        """Whether both parts have the same weights b: linear invariants are then kept."""
        return _equal(self.tableau.explicit, self.tableau.explicit.b, self.tableau.implicit.b)

    @cached_property
    def has_shared_nodes(self) -> bool:
        """Whether both parts look time, and theta(t), up at the same depths."""
        return _equal(self.tableau.explicit, self.tableau.explicit.c, self.tableau.implicit.c)

    @cached_property
    def is_stiffly_accurate(self) -> bool:
        """Whether the last stage of the implicit part is its result."""
        return properties.is_stiffly_accurate(self.tableau.implicit)

    @cached_property
    def is_globally_stiffly_accurate(self) -> bool:
        """Whether the last stage is the result in both parts; only then may it be recycled."""
        return all(properties.is_stiffly_accurate(part) for part in self.tableau.parts)

    @cached_property
    def implicit_stability(self) -> StabilityFunction:
        """R = P / Q of the implicit part, exact."""
        return stability_function(self.tableau.implicit)

    @cached_property
    def is_a_stable(self) -> bool:
        """Whether the implicit part is A-stable."""
        return self.implicit_stability.is_a_stable()

    @cached_property
    def is_l_stable(self) -> bool:
        """Whether the implicit part is L-stable."""
        return self.implicit_stability.is_l_stable()

    def facts(self) -> dict[str, object]:
        """Orders of the whole and of its parts, coupling and stability."""
        return {
            "explicit part, order": self.explicit_order,
            "implicit part, order": self.implicit_order,
            "embedded order": self.embedded_order,
            "stage order": self.stage_order,
            "shared weights": self.has_shared_weights,
            "shared nodes": self.has_shared_nodes,
            "diagonally implicit": self.is_diagonally_implicit,
            "implicit part stiffly accurate": self.is_stiffly_accurate,
            "globally stiffly accurate": self.is_globally_stiffly_accurate,
            "implicit part A-stable": self.is_a_stable,
            "implicit part L-stable": self.is_l_stable,
            "stability function of the implicit part": str(self.implicit_stability),
        }

    def text(self) -> str:
        """Both tableaus, one below the other."""
        explicit, implicit = tableau_text(self.explicit_part), tableau_text(self.implicit_part)
        return f"explicit part\n{explicit}\n\nimplicit part\n{implicit}"


def _equal(tableau: Tableau, x: Vector, y: Vector) -> bool:
    return all(tableau.vanishes(a - b) for a, b in zip(x, y, strict=True))


def _prove(tableau: AdditiveTableau) -> tuple[AdditiveOrders, Failed]:
    stages = AdditiveWeights([part.A for part in tableau.parts])
    embedded = [part.b_embedded for part in tableau.parts if part.b_embedded is not None]
    weights = {"order": [part.b for part in tableau.parts]}
    weights |= {"embedded_order": embedded} if embedded else {}
    vanishes = tableau.explicit.vanishes
    proofs = {
        claim: prove_additive_order(stages, b, names=NAMES, vanishes=vanishes)
        for claim, b in weights.items()
    }
    return _orders(tableau, proofs), first_failures(proofs)


def _orders(
    tableau: AdditiveTableau, proofs: Mapping[str, OrderProof[TreeCondition]]
) -> AdditiveOrders:
    explicit, implicit = (
        prove_order(StageVectors(part.A, part.c), part.b, vanishes=part.vanishes).order
        for part in tableau.parts
    )
    embedded = proofs.get("embedded_order")
    return AdditiveOrders(
        proofs["order"].order, explicit, implicit, embedded.order if embedded else None
    )


verify_additive_runge_kutta = Verifier(
    read=read_additive_tableau,
    prove=_prove,
    orders=AdditiveOrders,
    scheme=AdditiveRungeKuttaScheme,
)
