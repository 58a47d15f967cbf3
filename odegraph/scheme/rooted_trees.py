"""Rooted trees, the index set of order conditions (Butcher 1963; Hairer, Norsett and Wanner, II.2).

Every tree but the single node is written in one way as `trunk o branch`: `branch` is its last child
in the fixed order of trees, `trunk` what is left. Vectors of elementary weights are then built with
one product a tree. For x' = f(t, x) with stage times c that are not the row sums of A, time is a
leaf of its own colour.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import final


@final
@dataclass(frozen=True, eq=False, repr=False)
class RootedTree:
    """A rooted tree; trees are created once, so identity is equality.

    `density` is gamma(tree) (the order condition asks for 1 / gamma), `symmetry` is sigma(tree),
    the number of automorphisms. `is_time` marks the time leaf, which never has children.
    """

    order: int
    density: int
    symmetry: int
    children: tuple["RootedTree", ...] = field(default=())
    trunk: "RootedTree | None" = None
    branch: "RootedTree | None" = None
    rank: int = 0
    is_time: bool = False

    @property
    def is_leaf(self) -> bool:
        """Whether the tree is a single node."""
        return not self.children

    def __str__(self) -> str:
        if self.is_leaf:
            return "t" if self.is_time else "τ"
        return "[" + ", ".join(str(child) for child in self.children) + "]"

    def __repr__(self) -> str:
        return f"<RootedTree {self}>"


LEAF = RootedTree(order=1, density=1, symmetry=1)
TIME = RootedTree(order=1, density=1, symmetry=1, rank=1, is_time=True)


def rooted_trees(order: int) -> tuple[RootedTree, ...]:
    """All rooted trees with `order` nodes: 1, 1, 2, 4, 9, 20, 48, 115, 286, 719, ..."""
    return _trees(order, (LEAF,))


def timed_trees(order: int) -> tuple[RootedTree, ...]:
    """All rooted trees with `order` nodes whose leaves may each be the time leaf."""
    return _trees(order, (LEAF, TIME))


@cache
def _trees(order: int, leaves: tuple[RootedTree, ...]) -> tuple[RootedTree, ...]:
    if order == 1:
        return (LEAF,)
    rank = len(leaves) + sum(len(_trees(k, leaves)) for k in range(2, order))
    pairs = _pairs(order, leaves)
    return tuple(_join(trunk, branch, rank + i) for i, (trunk, branch) in enumerate(pairs))


def _pairs(order: int, leaves: tuple[RootedTree, ...]) -> Iterator[tuple[RootedTree, RootedTree]]:
    for size in range(1, order):
        for branch in leaves if size == 1 else _trees(size, leaves):
            for trunk in _trees(order - size, leaves):
                if trunk.is_leaf or trunk.children[-1].rank <= branch.rank:
                    yield trunk, branch


def _join(trunk: RootedTree, branch: RootedTree, rank: int) -> RootedTree:
    order = trunk.order + branch.order
    return RootedTree(
        order=order,
        density=order * (trunk.density // trunk.order) * branch.density,
        symmetry=trunk.symmetry * branch.symmetry * (trunk.children.count(branch) + 1),
        children=(*trunk.children, branch),
        trunk=trunk,
        branch=branch,
        rank=rank,
    )
