"""The placement of snapshots is optimal: beside the best of all placements, found by search."""

from functools import cache
from math import comb

import pytest

from odegraph.passes.place_snapshots import (
    extra_steps,
    least_repetitions,
    moves,
    snapshots_for,
)


@cache
def least_cost(steps: int, snapshots: int) -> int:
    """Steps on the way to all steps that are reversed, over every way to place snapshots."""
    if steps == 1:
        return 0
    if snapshots == 1:
        return steps * (steps - 1) // 2
    return min(
        first + least_cost(steps - first, snapshots - 1) + least_cost(first, snapshots)
        for first in range(1, steps)
    )


def walked(steps: int, snapshots: int) -> int:
    """Steps on the way to all steps that are reversed, counted move by move."""
    cost, expected = 0, steps - 1
    forward_pass = True
    for move in moves(steps, snapshots=snapshots):
        assert 0 < len(move.kept) <= snapshots
        assert move.start >= move.kept[-1]
        if move.is_back:
            assert move.start == expected
            expected -= 1
        elif move.stop == steps:
            # The forward pass ends here; backward returns to its last kept state.
            assert cost == steps - 1
            forward_pass, cost = False, move.kept[-1]
        else:
            assert forward_pass or move.stop <= expected
            cost += move.stop - move.start
    assert expected == -1
    return cost


@pytest.mark.parametrize("snapshots", [1, 2, 3, 4, 7, 12])
def test_no_placement_costs_less(snapshots):
    for steps in range(1, 41):
        found = walked(steps, snapshots)
        assert found == least_cost(steps, snapshots) == extra_steps(steps, snapshots=snapshots)


@pytest.mark.parametrize("repetitions", [1, 2, 3])
def test_few_snapshots_suffice_for_a_number_of_repetitions(repetitions):
    for steps in (1, 2, 5, 64, 1000):
        snapshots = snapshots_for(steps, repetitions=repetitions)
        assert least_repetitions(steps, snapshots=snapshots) <= repetitions
        if snapshots > 1:
            assert least_repetitions(steps, snapshots=snapshots - 1) > repetitions


def test_the_number_of_snapshots_grows_like_the_root_of_the_steps():
    assert [snapshots_for(n, repetitions=2) for n in (64, 256, 1024)] == [10, 22, 44]
    assert comb(46, 2) >= 1024
