"""Rooted trees whose nodes have colours: one colour for each part of x' = f_0(x) + f_1(x) + ...

They are the index set of the order conditions of methods that treat the parts differently (Araujo,
Murua and Sanz-Serna 1997; Hairer, Norsett and Wanner, II.15).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from math import factorial, prod
from typing import final


@final
@dataclass(frozen=True, eq=False, repr=False)
class ColouredTree:
    """A rooted tree with a colour at each node; trees are created once: identity is equality."""

    colour: int
    children: tuple["ColouredTree", ...]
    order: int
    density: int

    @property
    def symmetry(self) -> int:
        """The number of automorphisms that keep the colours."""
        distinct = dict.fromkeys(self.children)
        repeats = (factorial(self.children.count(child)) for child in distinct)
        return prod(repeats) * prod(child.symmetry for child in self.children)

    def show(self, names: Sequence[str]) -> str:
        """The tree with the name of its colour at each node: `E[E, I[E]]`."""
        below = ", ".join(child.show(names) for child in self.children)
        return f"{names[self.colour]}[{below}]" if below else names[self.colour]

    def __repr__(self) -> str:
        return f"<ColouredTree {self.show('0123456789')}>"


@cache
def coloured_trees(order: int, colours: int) -> tuple[ColouredTree, ...]:
    """All rooted trees with `order` nodes in this many colours: 2, 4, 14, 52, 214, ... for two."""
    forests = list(_forests(order - 1, colours))
    return tuple(_tree(colour, forest) for colour in range(colours) for forest in forests)


def _tree(colour: int, children: tuple[ColouredTree, ...]) -> ColouredTree:
    order = 1 + sum(child.order for child in children)
    return ColouredTree(colour, children, order, order * prod(c.density for c in children))


def _forests(nodes: int, colours: int) -> Iterator[tuple[ColouredTree, ...]]:
    """Multisets of trees with this many nodes in all."""
    candidates = [tree for k in range(1, nodes + 1) for tree in coloured_trees(k, colours)]
    yield from _selections(nodes, candidates)


def _selections(
    nodes: int, candidates: Sequence[ColouredTree]
) -> Iterator[tuple[ColouredTree, ...]]:
    if not nodes:
        yield ()
        return
    for i, tree in enumerate(candidates):
        if tree.order > nodes:
            return
        for rest in _selections(nodes - tree.order, candidates[i:]):
            yield (tree, *rest)
