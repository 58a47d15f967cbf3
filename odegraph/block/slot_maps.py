"""Apply exact maps between bases to stacked tensors."""

from collections.abc import Collection, Iterator, Mapping

import torch
from torch import Tensor, nn

from odegraph._exact import to_float
from odegraph.basis import ExactMatrix

WORKSPACE = 1 << 16  # numbers: half a megabyte, which stays in the cache


def map_slots(slots: Mapping[str, Tensor], matrix: ExactMatrix) -> dict[str, Tensor]:
    """target_j = sum_k matrix[j, k] source_k for every slot; parameters stay parameters."""
    return {
        path: nn.Parameter(map_slot(slot, matrix), slot.requires_grad)
        if isinstance(slot, nn.Parameter)
        else map_slot(slot, matrix)
        for path, slot in slots.items()
    }


def map_statistics(
    slots: Mapping[str, Tensor], matrix: ExactMatrix, *, positive: Collection[str]
) -> dict[str, Tensor]:
    """The same for running statistics: those in `positive` stay so, counters are never mixed.

    Where the map has negative entries it could make a variance negative; then it acts on
    logarithms.
    """
    mapped = {}
    for path, slot in slots.items():
        if not slot.is_floating_point():
            mapped[path] = slot.amax(0, keepdim=True).repeat_interleave(matrix.shape[0], 0)
        elif path in positive and acts_on_logarithms(matrix):
            mapped[path] = map_slot(slot.log(), matrix).exp()
        else:
            mapped[path] = map_slot(slot, matrix)
    return mapped


def map_slot(slot: Tensor, matrix: ExactMatrix) -> Tensor:
    """The mapped coefficients, of shape [matrix rows, *slot.shape[1:]].

    The matrix is exact and is contracted in float64, so that its rows keep their sums; the slot is
    taken in pieces, so that no second copy of it in float64 is ever held.
    """
    weights = dense(matrix).to(slot.device)
    source = slot.detach().reshape(slot.shape[0], -1)
    target = source.new_empty((matrix.shape[0], source.shape[1]))
    for piece in pieces(source.shape[1], rows=sum(matrix.shape)):
        target[:, piece] = weights @ source[:, piece].to(torch.float64)
    return target.reshape(matrix.shape[0], *slot.shape[1:])


def pieces(columns: int, *, rows: int) -> Iterator[slice]:
    """Slices of the columns of a tensor; `rows` of one slice fit into the workspace."""
    width = max(1, WORKSPACE // rows)
    return (slice(start, start + width) for start in range(0, columns, width))


def dense(matrix: ExactMatrix) -> Tensor:
    """The matrix in float64."""
    result = torch.zeros(matrix.shape, dtype=torch.float64)
    for j, row in enumerate(matrix.rows):
        for k, value in row.items():
            result[j, k] = to_float(value)
    return result


def acts_on_logarithms(matrix: ExactMatrix) -> bool:
    """Whether positive statistics are mapped as logarithms: a negative entry could turn them."""
    return any(value < 0 for row in matrix.rows for value in row.values())
