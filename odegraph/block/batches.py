"""States whose stages are evaluated as one batch: what a block must see before it does that."""

from torch import Tensor

from odegraph._errors import GraphError
from odegraph.ir import EvaluateBatch, StepGraph
from odegraph.unit import Unit


def check_batch(graph: StepGraph, unit: Unit, x: Tensor) -> None:
    """Refuse a state with fewer dimensions than the samples of its unit are independent from.

    Raises:
        GraphError: dimension 0 of the state is not known to count samples.
    """
    least = unit.least_dimensions
    if least is None or x.dim() >= least or not graph.of_type(EvaluateBatch):
        return
    raise GraphError(
        f"`batch_stages` joins states along dimension 0, and samples of `{unit.name}` are "
        f"independent from {least} dimensions on; a state of shape {list(x.shape)} has fewer. Give "
        "it a batch axis, or leave the pass out."
    )
