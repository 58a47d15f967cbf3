"""theta(t) at all depths of a graph by one product a slot, instead of a sum for each depth."""

from collections.abc import Sequence
from fractions import Fraction

import torch
from torch import Tensor, fx

from odegraph._exact import to_exact
from odegraph.emit.rounding import Precision, round_weights
from odegraph.ir import Row

MATRIX = "values_of_the_basis"


def is_selection(rows: Sequence[Row]) -> bool:
    """Whether each row takes one coefficient as it is: then there is nothing to multiply."""
    return all(len(row) == 1 and row[0][1] == 1 for row in rows)


def basis_matrix(rows: Sequence[Row], *, size: int, precision: Precision) -> Tensor:
    """The matrix phi_b(t_i) of shape [depths, size], in float64, its rows rounded together."""
    matrix = torch.zeros(len(rows), size, dtype=torch.float64)
    for depth, row in enumerate(rows):
        weights = round_weights([_exact(value) for _, value in row], precision)
        for (index, _), weight in zip(row, weights, strict=True):
            matrix[depth, index] = weight
    return matrix


def at_depths(slot: Tensor, matrix: Tensor) -> Tensor:
    """theta(t_i) = sum_b matrix[i, b] slot[b], of shape [depths, *shape]."""
    return torch.tensordot(matrix.to(slot), slot, dims=1)


def multiply_slots(module: fx.GraphModule, matrix: Tensor) -> fx.GraphModule:
    """Put a product with `matrix` behind each parameter slot of a graph that reads table entries.

    Changes `module`, which is the caller's own, and returns it.
    """
    module.register_buffer(MATRIX, matrix)
    graph = module.graph
    slots = [n for n in graph.nodes if n.op == "get_attr" and str(n.target).startswith("theta.")]
    for slot in slots:
        with graph.inserting_after(slot):
            values = graph.get_attr(MATRIX)
        with graph.inserting_after(values):
            table = graph.call_function(at_depths, (slot, values))
        slot.replace_all_uses_with(table, delete_user_cb=lambda user, table=table: user is not table)
    module.recompile()
    return module


def _exact(value: object) -> object:
    return to_exact(value) if isinstance(value, Fraction) else value
