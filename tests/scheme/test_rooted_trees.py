"""Rooted trees: counted, weighed, and compared with an independent enumeration."""

import math
from collections import Counter
from fractions import Fraction

import pytest

from odegraph.scheme import rooted_trees as module
from odegraph.scheme.rooted_trees import LEAF, TIME, RootedTree, rooted_trees, timed_trees

COUNTS = [1, 1, 2, 4, 9, 20, 48, 115, 286, 719]  # OEIS A000081


def nested(tree: RootedTree) -> tuple:
    return tuple(sorted(nested(child) for child in tree.children))


def level_sequences(order: int) -> set[tuple]:
    """All rooted trees as nested tuples, by growing a leaf anywhere on every smaller tree."""
    trees = {()}
    for _ in range(order - 1):
        trees = {grown for tree in trees for grown in grow(tree)}
    return trees


def grow(tree: tuple):
    yield tuple(sorted((*tree, ())))
    for i, child in enumerate(tree):
        for grown in grow(child):
            yield tuple(sorted((*tree[:i], grown, *tree[i + 1 :])))


def size(tree: tuple) -> int:
    return 1 + sum(map(size, tree))


def density(tree: tuple) -> int:
    return size(tree) * math.prod(map(density, tree))


def symmetry(tree: tuple) -> int:
    repeats = Counter(tree).values()
    return math.prod(map(symmetry, tree)) * math.prod(map(math.factorial, repeats))


@pytest.mark.parametrize(("order", "count"), list(enumerate(COUNTS, start=1)))
def test_number_of_rooted_trees(order, count):
    assert len(rooted_trees(order)) == count


@pytest.mark.parametrize("order", range(1, 9))
def test_trees_agree_with_growing_leaf_by_leaf(order):
    trees = rooted_trees(order)
    assert {nested(tree) for tree in trees} == level_sequences(order)
    assert all(tree.density == density(nested(tree)) for tree in trees)
    assert all(tree.symmetry == symmetry(nested(tree)) for tree in trees)


@pytest.mark.parametrize("order", range(1, 11))
def test_increasing_labellings_of_all_trees_number_factorially(order):
    labellings = (
        Fraction(math.factorial(order), tree.density * tree.symmetry)
        for tree in rooted_trees(order)
    )
    assert sum(labellings) == math.factorial(order - 1)


@pytest.mark.parametrize("order", range(1, 8))
def test_timed_trees_without_a_time_leaf_are_the_rooted_trees(order):
    plain = [tree for tree in timed_trees(order) if "t" not in str(tree)]
    assert sorted(map(str, plain)) == sorted(map(str, rooted_trees(order)))
    assert len({str(tree) for tree in timed_trees(order)}) == len(timed_trees(order))


def test_every_choice_of_time_leaves_occurs_once():
    # A tree of order 4 with n_k leaves below the root in groups of equal ones: choices multiply.
    assert [len(timed_trees(n)) for n in range(1, 5)] == [1, 2, 5, 13]
    assert TIME not in [tree for n in range(1, 5) for tree in timed_trees(n)]


def test_trees_print_in_brackets():
    assert [str(tree) for tree in rooted_trees(4)] == [
        "[τ, τ, τ]",
        "[τ, [τ]]",
        "[[τ, τ]]",
        "[[[τ]]]",
    ]
    assert str(LEAF) == "τ"
    assert repr(rooted_trees(3)[1]) == "<RootedTree [[τ]]>"
    assert "[t]" in map(str, timed_trees(2))


def test_trees_to_order_ten_are_all_there():
    module._trees.cache_clear()
    assert sum(len(rooted_trees(order)) for order in range(1, 11)) == sum(COUNTS)
