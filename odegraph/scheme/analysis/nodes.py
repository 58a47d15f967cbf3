"""Where a method looks the parameters up: theta(t) is known on [0, 1] only."""

from collections import Counter

from odegraph.scheme.tableau import Tableau


def nodes_outside_step(tableau: Tableau) -> tuple[int, ...]:
    """Stages (from 1) whose c lies outside [0, 1]: theta(t) would leave the step, or its domain."""
    return tuple(i for i, c in enumerate(tableau.c, start=1) if c < 0 or c > 1)


def confluent_nodes(tableau: Tableau) -> tuple[tuple[int, ...], ...]:
    """Groups of stages (from 1) with equal c: they may share theta, though not the evaluation."""
    repeated = [c for c, count in Counter(tableau.c).items() if count > 1]
    return tuple(
        tuple(i for i, c in enumerate(tableau.c, start=1) if c == value) for value in repeated
    )
