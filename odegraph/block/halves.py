"""States of two halves [q, p]: what a block must see before it splits them."""

from torch import Tensor

from odegraph._errors import GraphError
from odegraph.ir import HALVES_DIM, StepGraph


def refuse_odd_states(graph: StepGraph, x: Tensor) -> None:
    """Refuse a state without equal halves, if the scheme treats them differently.

    Raises:
        GraphError: dimension 1 is missing or odd.
    """
    if x.dim() > HALVES_DIM and x.shape[HALVES_DIM] % 2 == 0:
        return
    if any(graph.splits_state(name) for name, _ in graph.nodes()):
        raise GraphError(
            f"`{graph.manifestation.scheme.name}` treats the halves q and p of the state "
            f"differently, and splits it along dimension {HALVES_DIM}; a state of shape "
            f"{list(x.shape)} has no such halves. Give states [batch, 2 n, ...]."
        )
