"""Order of Nystrom methods for q'' = f(t, q, v), v = q'.

The trees are those of the system q' = v, v' = f in two colours: below a q there is one v, or
nothing (the leaf q stands for the initial velocity, and for time); below a v there is anything, or
no v where f does not depend on the velocity. Hairer, Norsett and Wanner, II.14.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache, partial
from math import prod
from typing import Any, final

from odegraph.scheme.number_field import Number
from odegraph.scheme.order_conditions import dot
from odegraph.scheme.order_proof import OrderProof, OrderTheory, TreeCondition
from odegraph.scheme.tableau import Matrix, Vector, vanishes


@final
@dataclass(frozen=True, eq=False, repr=False)
class NystromTree:
    """A tree whose root is a v; `velocities` and `positions` are the v below it and below a q.

    `leaves` is the number of leaves q. Trees are created once: identity is equality.
    """

    velocities: tuple["NystromTree", ...]
    positions: tuple["NystromTree", ...]
    leaves: int
    order: int
    density: int

    def __str__(self) -> str:
        below = [
            *("q" for _ in range(self.leaves)),
            *(f"q[{child}]" for child in self.positions),
            *(str(child) for child in self.velocities),
        ]
        return f"v[{', '.join(below)}]" if below else "v"

    def __repr__(self) -> str:
        return f"<NystromTree {self}>"


@cache
def nystrom_trees(order: int, *, velocity: bool) -> tuple[NystromTree, ...]:
    """All trees with `order` nodes; `velocity` admits a v below a v."""
    trees = []
    for leaves in range(order):
        for positions, left in _forests(order - 1 - leaves, extra=1, velocity=velocity):
            below = _forests(left, extra=0, velocity=velocity) if velocity else [((), left)]
            trees += [_tree(vs, positions, leaves) for vs, rest in below if not rest]
    return tuple(trees)


def _tree(
    velocities: tuple[NystromTree, ...], positions: tuple[NystromTree, ...], leaves: int
) -> NystromTree:
    order = 1 + leaves + sum(t.order for t in velocities) + sum(t.order + 1 for t in positions)
    below = prod(t.density for t in velocities) * prod((t.order + 1) * t.density for t in positions)
    return NystromTree(velocities, positions, leaves, order, order * below)


def _forests(
    nodes: int, *, extra: int, velocity: bool
) -> Iterator[tuple[tuple[NystromTree, ...], int]]:
    """Multisets of trees, each of its order plus `extra` nodes, and how many nodes are left."""
    candidates = [
        tree for k in range(1, nodes - extra + 1) for tree in nystrom_trees(k, velocity=velocity)
    ]
    yield from _selections(nodes, candidates, extra)


def _selections(
    nodes: int, candidates: Sequence[NystromTree], extra: int
) -> Iterator[tuple[tuple[NystromTree, ...], int]]:
    yield (), nodes
    for i, tree in enumerate(candidates):
        if tree.order + extra > nodes:
            return
        for rest, left in _selections(nodes - tree.order - extra, candidates[i:], extra):
            yield (tree, *rest), left


@final
@dataclass(frozen=True)
class NystromTableau:
    """Q_i = q + c_i h v + h^2 sum A_bar[i, j] k_j and V_i = v + h sum A[i, j] k_j.

    The result has the weights b_bar and b in place of A_bar and A. Without A the rates k_i do not
    depend on the velocity.
    """

    A_bar: Matrix
    A: Matrix | None
    b_bar: Vector
    b: Vector
    c: Vector
    embedded: tuple[Vector, Vector] | None
    tolerance: Fraction = Fraction(0)

    @property
    def stages(self) -> int:
        """Number of stages s."""
        return len(self.b)

    def vanishes(self, value: Number) -> bool:
        """Whether a defect is zero, up to the declared tolerance of decimal coefficients."""
        return vanishes(value, self.tolerance)


@final
@dataclass(frozen=True)
class RootedNystromTree:
    """What a condition is about: a tree with root v, for the velocity, or with a q below it.

    `on_position` has one more node than `tree`, the q of the root.
    """

    tree: NystromTree
    on_position: bool

    @property
    def density(self) -> int:
        """Gamma of the whole tree."""
        return self.tree.density * (self.tree.order + 1 if self.on_position else 1)

    def __str__(self) -> str:
        return f"q[{self.tree}]" if self.on_position else str(self.tree)


@final
class NystromWeights:
    """phi(tree), the product over all children, computed once a tree."""

    def __init__(self, tableau: NystromTableau) -> None:
        self.tableau = tableau
        self._phi: dict[NystromTree, list[Any]] = {}

    def phi(self, tree: NystromTree) -> list[Any]:
        """c_i^leaves times A phi of each v below and A_bar phi of each v below a q."""
        if tree not in self._phi:
            vector: list[Any] = [c**tree.leaves for c in self.tableau.c]
            for rows, children in (
                (self.tableau.A or (), tree.velocities),
                (self.tableau.A_bar, tree.positions),
            ):
                for child in children:
                    below = self.phi(child)
                    stage = [dot(row, below) for row in rows]
                    vector = [x * y for x, y in zip(vector, stage, strict=True)]
            self._phi[tree] = vector
        return self._phi[tree]


def prove_nystrom_order(
    tableau: NystromTableau, *, b_bar: Vector, b: Vector
) -> OrderProof[TreeCondition]:
    """The order of weights over the stages, for f of what the tableau admits."""
    weights = NystromWeights(tableau)
    theory = OrderTheory(
        partial(_both_roots, velocity=tableau.A is not None),
        lambda tree: dot(b_bar if tree.on_position else b, weights.phi(tree.tree)),
        lambda tree, required, found: TreeCondition(str(tree), required, found),
    )
    return theory.prove(bound=2 * tableau.stages, vanishes=tableau.vanishes)


def _both_roots(order: int, *, velocity: bool) -> Iterator[RootedNystromTree]:
    for tree in nystrom_trees(order, velocity=velocity):
        yield RootedNystromTree(tree, on_position=False)
    for tree in nystrom_trees(order - 1, velocity=velocity) if order > 1 else ():
        yield RootedNystromTree(tree, on_position=True)


def is_symplectic(tableau: NystromTableau) -> bool:
    """b_bar_i = b_i (1 - c_i) and b_i (b_bar_j - A_bar[i, j]) symmetric in i, j (Suris 1989).

    For q'' = -grad U(q).
    """
    indices = range(tableau.stages)
    b, b_bar, A_bar = tableau.b, tableau.b_bar, tableau.A_bar
    position = [b_bar[i] - b[i] * (1 - tableau.c[i]) for i in indices]
    pairs = [
        b[i] * (b_bar[j] - A_bar[i][j]) - b[j] * (b_bar[i] - A_bar[j][i])
        for i in indices
        for j in indices
    ]
    return all(tableau.vanishes(x) for x in [*position, *pairs])
