"""Partitioned Runge-Kutta tableaus, and their order on separable and on general systems.

q' = f(t, p), p' = g(t, q) is separable; q' = f(t, q, p), p' = g(t, q, p) is general:

    Q_i = q_0 + h sum_j A_q[i, j] f(., P_j),    P_i = p_0 + h sum_j A_p[i, j] g(., Q_j).

Time is a component of the other part: g sees t_0 + h sum_j A_q[i, j], as Q_i does, and f sees
t_0 + h sum_j A_p[i, j], as P_i does. So the trees of autonomous systems are proof enough. Hairer,
Norsett and Wanner, II.15; Hairer, Lubich and Wanner, III.2 and VI.4.
"""

from dataclasses import dataclass
from fractions import Fraction
from itertools import permutations
from typing import Any, final

from odegraph.scheme.coloured_conditions import AdditiveWeights, prove_additive_order
from odegraph.scheme.number_field import Number
from odegraph.scheme.order_conditions import dot
from odegraph.scheme.order_proof import OrderProof, OrderTheory, TreeCondition
from odegraph.scheme.rooted_trees import RootedTree, rooted_trees
from odegraph.scheme.tableau import Tableau, Vector

Q, P = 0, 1
NAMES = ("q", "p")
MAX_PERMUTED = 6


@final
@dataclass(frozen=True)
class PartitionedTableau:
    """One tableau for each part of the state, with as many stages."""

    q: Tableau
    p: Tableau

    @property
    def parts(self) -> tuple[Tableau, Tableau]:
        """The tableau of q, the tableau of p."""
        return self.q, self.p

    @property
    def stages(self) -> int:
        """Number of stages s."""
        return self.q.stages

    def nodes(self, part: int) -> Vector:
        """The times, in units of h, at which the rate of a part is evaluated."""
        return self.parts[1 - part].row_sums

    def vanishes(self, value: Number) -> bool:
        """Whether a defect is zero, up to the declared tolerance of decimal coefficients."""
        return self.q.vanishes(value)


@final
@dataclass(frozen=True)
class AlternatingTree:
    """A rooted tree whose colours alternate from that of its root, `part`."""

    tree: RootedTree
    part: int

    @property
    def density(self) -> int:
        """Gamma of the tree, which has nothing to do with colours."""
        return self.tree.density

    def __str__(self) -> str:
        below = ", ".join(str(AlternatingTree(x, 1 - self.part)) for x in self.tree.children)
        return f"{NAMES[self.part]}[{below}]" if below else NAMES[self.part]


def alternating_trees(order: int) -> list[AlternatingTree]:
    """Every rooted tree with `order` nodes, with a root of either part."""
    return [AlternatingTree(tree, part) for tree in rooted_trees(order) for part in (Q, P)]


@final
class AlternatingWeights:
    """phi(tree) of a root in either part, computed once a tree: phi(t o u) = phi(t) A phi(u)."""

    def __init__(self, tableau: PartitionedTableau) -> None:
        self.parts = tableau.parts
        self._phi: dict[tuple[int, int], list[Any]] = {}
        self._stage: dict[tuple[int, int], list[Any]] = {}

    def phi(self, tree: RootedTree, part: int) -> list[Any]:
        """The product over the children, which belong to the other part."""
        key = id(tree), part
        if key not in self._phi:
            if tree.trunk is None or tree.branch is None:
                return [Fraction(1)] * self.parts[0].stages
            pairs = zip(self.phi(tree.trunk, part), self.stage(tree.branch, 1 - part), strict=True)
            self._phi[key] = [x * y if x and y else Fraction(0) for x, y in pairs]
        return self._phi[key]

    def stage(self, tree: RootedTree, part: int) -> list[Any]:
        """A phi(tree) with the matrix of the part."""
        key = id(tree), part
        if key not in self._stage:
            phi = self.phi(tree, part)
            self._stage[key] = [dot(row, phi) for row in self.parts[part].A]
        return self._stage[key]

    def weighted(self, tree: RootedTree, part: int) -> Number:
        """sum_i b_i phi_i(tree) with the weights of the part of the root."""
        return dot(self.parts[part].b, self.phi(tree, part))


def prove_separable_order(tableau: PartitionedTableau) -> OrderProof[TreeCondition]:
    """The order on q' = f(t, p), p' = g(t, q)."""
    weights = AlternatingWeights(tableau)
    theory = OrderTheory(
        alternating_trees,
        lambda tree: weights.weighted(tree.tree, tree.part),
        lambda tree, required, found: TreeCondition(str(tree), required, found),
    )
    return theory.prove(bound=2 * tableau.stages, vanishes=tableau.vanishes)


def prove_general_order(tableau: PartitionedTableau) -> int:
    """The order on q' = f(t, q, p), p' = g(t, q, p): all trees in two colours."""
    proof = prove_additive_order(
        AdditiveWeights([part.A for part in tableau.parts]),
        [part.b for part in tableau.parts],
        names=NAMES,
        vanishes=tableau.vanishes,
    )
    return proof.order


def is_symplectic(tableau: PartitionedTableau) -> bool:
    """b_i A_p[i, j] + b'_j A_q[j, i] = b_i b'_j: symplectic where H = T(p) + U(q) (Suris 1990).

    b are the weights of q, b' those of p.
    """
    q, p = tableau.parts
    indices = range(tableau.stages)
    return all(
        tableau.vanishes(q.b[i] * p.A[i][j] + p.b[j] * q.A[j][i] - q.b[i] * p.b[j])
        for i in indices
        for j in indices
    )


def has_equal_weights(tableau: PartitionedTableau) -> bool:
    """b = b', which symplecticity needs where H(q, p) does not separate (Sun 1993)."""
    return all(tableau.vanishes(x - y) for x, y in zip(tableau.q.b, tableau.p.b, strict=True))


def is_symmetric(tableau: PartitionedTableau) -> bool:
    """Whether the adjoint is the method itself, up to the order of the stages."""
    stages = range(tableau.stages)
    orders = [tuple(reversed(stages))]
    if tableau.stages <= MAX_PERMUTED:
        orders.extend(permutations(stages))
    return any(all(_is_adjoint(part, order) for part in tableau.parts) for order in orders)


def _is_adjoint(part: Tableau, order: tuple[int, ...]) -> bool:
    """Whether b_j - a_ij is a_ij with the stages in another order."""
    stages = range(part.stages)
    return all(part.vanishes(part.b[order[j]] - part.b[j]) for j in stages) and all(
        part.vanishes(part.b[j] - part.A[order[i]][order[j]] - part.A[i][j])
        for i in stages
        for j in stages
    )


Rate = tuple[int, int]


def evaluation_order(tableau: PartitionedTableau) -> tuple[Rate, ...] | None:
    """The rates (part, stage) of a separable system, each after what it needs; None if implicit.

    The rate of q at stage i needs P_i, which needs the rates of p that row i of A_p weighs; and the
    other way round. Rates that no later value needs are left out.
    """
    needed = _needed(tableau)
    done: list[Rate] = []
    waiting = [(part, i) for i in range(tableau.stages) for part in (P, Q) if (part, i) in needed]
    while waiting:
        ready = next((r for r in waiting if all(d in done for d in _depends(tableau, r))), None)
        if ready is None:
            return None
        waiting.remove(ready)
        done.append(ready)
    return tuple(done)


def _depends(tableau: PartitionedTableau, rate: Rate) -> list[Rate]:
    part, stage = rate
    other = 1 - part
    return [(other, j) for j, a in enumerate(tableau.parts[other].A[stage]) if a]


def _needed(tableau: PartitionedTableau) -> set[Rate]:
    needed: set[Rate] = set()
    pending = [
        (part, i)
        for part, one in enumerate(tableau.parts)
        for i, weight in enumerate(one.b)
        if weight
    ]
    while pending:
        rate = pending.pop()
        if rate not in needed:
            needed.add(rate)
            pending.extend(_depends(tableau, rate))
    return needed
