"""The first order condition that fails, with its tree: what a scheme lacks for its next order.

Trees of all theories in one form, for pictures: a node has the name of its colour.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import singledispatch
from typing import final

from odegraph._exact import as_fraction, parse_exact
from odegraph.scheme.additive_runge_kutta import NAMES as ADDITIVE
from odegraph.scheme.additive_runge_kutta import AdditiveRungeKuttaScheme
from odegraph.scheme.base import Scheme
from odegraph.scheme.coloured_conditions import AdditiveWeights
from odegraph.scheme.coloured_trees import ColouredTree, coloured_trees
from odegraph.scheme.composition import CompositionScheme
from odegraph.scheme.exponential import ExponentialScheme
from odegraph.scheme.exponential_conditions import NAMES as SEMILINEAR
from odegraph.scheme.exponential_conditions import ExponentialWeights, semilinear_trees
from odegraph.scheme.general_linear import GeneralLinearScheme
from odegraph.scheme.general_linear_conditions import rows_of_weights
from odegraph.scheme.number_field import Number
from odegraph.scheme.nystrom import NystromScheme
from odegraph.scheme.nystrom_conditions import NystromTree, NystromWeights, nystrom_trees
from odegraph.scheme.order_conditions import StageVectors, dot
from odegraph.scheme.partitioned import NAMES as HALVES
from odegraph.scheme.partitioned import AlternatingWeights, PartitionedTableau
from odegraph.scheme.partitioned_runge_kutta import PartitionedRungeKuttaScheme
from odegraph.scheme.rooted_trees import RootedTree, rooted_trees, timed_trees
from odegraph.scheme.rosenbrock import RosenbrockScheme
from odegraph.scheme.rosenbrock_conditions import RosenbrockWeights
from odegraph.scheme.runge_kutta import RungeKuttaScheme

NODE, TIME = "τ", "t"
MAX_ORDER = 12


@final
@dataclass(frozen=True)
class Node:
    """A node of a rooted tree with the name of its colour, and the trees above it."""

    name: str
    children: tuple["Node", ...] = ()

    def __str__(self) -> str:
        above = ", ".join(map(str, self.children))
        return f"{self.name}[{above}]" if above else self.name


@final
@dataclass(frozen=True)
class FirstFailure:
    """The tree, 1 / gamma(tree), and what the coefficients make of it."""

    tree: Node
    required: Fraction
    found: Number


Candidate = tuple[Node, Fraction, Number]


def first_failure(scheme: Scheme) -> FirstFailure | None:
    """The first condition of the next order that fails.

    None where there are no trees (multistep methods have one condition an order), or too many.
    """
    if scheme.order >= MAX_ORDER:
        return None
    declared = scheme.spec.tolerance
    tolerance = (
        as_fraction(parse_exact(declared, decimal=True), name="tolerance") if declared else 0
    )
    for tree, required, found in candidates(scheme):
        if abs(found - required) > tolerance:
            return FirstFailure(tree, required, found)
    return None


@singledispatch
def candidates(_scheme: Scheme) -> Iterable[Candidate]:
    """All conditions of the order after the proven one."""
    return ()


@candidates.register
def _(scheme: RungeKuttaScheme) -> Iterator[Candidate]:
    tableau = scheme.tableau
    vectors = StageVectors(tableau.A, tableau.c)
    trees = rooted_trees if tableau.has_row_sum_nodes else timed_trees
    for tree in trees(scheme.order + 1):
        yield _plain(tree), Fraction(1, tree.density), vectors.weighted(tableau.b, tree)


@candidates.register
def _(scheme: RosenbrockScheme) -> Iterator[Candidate]:
    weights = RosenbrockWeights(scheme.tableau.alpha, scheme.tableau.beta)
    for tree in rooted_trees(scheme.order + 1):
        found = dot(scheme.tableau.b, weights.phi(tree))
        yield _plain(tree), Fraction(1, tree.density), found


@candidates.register
def _(scheme: AdditiveRungeKuttaScheme) -> Iterator[Candidate]:
    parts = scheme.tableau.parts
    stages, b = AdditiveWeights([part.A for part in parts]), [part.b for part in parts]
    for tree in coloured_trees(scheme.order + 1, len(parts)):
        yield _coloured(tree, ADDITIVE), Fraction(1, tree.density), stages.weighted(b, tree)


@candidates.register
def _(scheme: PartitionedRungeKuttaScheme) -> Iterator[Candidate]:
    return _alternating(scheme.tableau, scheme.order + 1)


@candidates.register
def _(scheme: CompositionScheme) -> Iterator[Candidate]:
    return _alternating(scheme.tableau, scheme.order + 1)


@candidates.register
def _(scheme: NystromScheme) -> Iterator[Candidate]:
    tableau, order, velocity = scheme.tableau, scheme.order + 1, scheme.uses_velocity
    weights = NystromWeights(tableau)
    for tree in nystrom_trees(order, velocity=velocity):
        found = dot(tableau.b, weights.phi(tree))
        yield _nystrom(tree), Fraction(1, tree.density), found
    for tree in nystrom_trees(order - 1, velocity=velocity):
        found = dot(tableau.b_bar, weights.phi(tree))
        yield Node("q", (_nystrom(tree),)), Fraction(1, order * tree.density), found


@candidates.register
def _(scheme: GeneralLinearScheme) -> Iterator[Candidate]:
    vectors = StageVectors(scheme.tableau.A, scheme.tableau.c)
    for weights in rows_of_weights(scheme.tableau):
        for tree in rooted_trees(scheme.order + 1 - weights.less):
            found = vectors.weighted(weights.values, tree)
            node = _plain(tree)
            # A row of B that lacks an order is felt one order later, where a rate reads its value.
            shown = node if weights.row is None else Node(f"{weights.row}", (node,))
            yield shown, Fraction(1, tree.density), found


@candidates.register
def _(scheme: ExponentialScheme) -> Iterator[Candidate]:
    weights = ExponentialWeights(scheme.tableau)
    for tree in semilinear_trees(scheme.order + 1):
        yield _coloured(tree, SEMILINEAR), Fraction(1, tree.density), weights.result(tree)


def _alternating(tableau: PartitionedTableau, order: int) -> Iterator[Candidate]:
    weights = AlternatingWeights(tableau)
    for tree in rooted_trees(order):
        for part in range(len(HALVES)):
            found = weights.weighted(tree, part)
            yield _alternating_node(tree, part), Fraction(1, tree.density), found


def _plain(tree: RootedTree) -> Node:
    return Node(TIME if tree.is_time else NODE, tuple(map(_plain, tree.children)))


def _coloured(tree: ColouredTree, names: Sequence[str]) -> Node:
    return Node(names[tree.colour], tuple(_coloured(child, names) for child in tree.children))


def _alternating_node(tree: RootedTree, part: int) -> Node:
    above = (_alternating_node(child, 1 - part) for child in tree.children)
    return Node(HALVES[part], tuple(above))


def _nystrom(tree: NystromTree) -> Node:
    leaves = (Node("q"),) * tree.leaves
    positions = tuple(Node("q", (_nystrom(child),)) for child in tree.positions)
    return Node("v", (*leaves, *positions, *map(_nystrom, tree.velocities)))
