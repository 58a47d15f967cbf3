"""The order of passes; the graph is checked after each."""

from collections.abc import Callable, Sequence

from odegraph.ir import StepGraph, check
from odegraph.passes.drop_dead import drop_dead
from odegraph.passes.share_stages import share_stages
from odegraph.passes.simplify import simplify

Pass = Callable[[StepGraph], StepGraph]

DEFAULT_PASSES: tuple[Pass, ...] = (simplify, share_stages, drop_dead)


def run_passes(graph: StepGraph, passes: Sequence[Pass]) -> StepGraph:
    """Apply `passes` in order."""
    for one in passes:
        graph = check(one(graph))
    return graph
