"""Numbers of a lowered graph as tensors, so that its steps become alike.

theta(t) at all depths is one product with a matrix for each slot, instead of a sum for each depth;
weights that change with the length of a step are read from a table. Both functions change the
module that they are given, which must be the caller's own.
"""

import operator
from collections.abc import Sequence

import torch
from torch import Tensor, fx, nn

from odegraph.emit.lowering.fx_values import EXACT_WEIGHT, VALUE, factor_of
from odegraph.emit.rounding import Precision, round_weights
from odegraph.ir import Row

NUMBERS = "numbers"
MATRIX = f"{NUMBERS}.basis"
WEIGHTS = f"{NUMBERS}.weights"


def is_selection(rows: Sequence[Row]) -> bool:
    """Whether each row takes one coefficient as it is: then there is nothing to multiply."""
    return all(len(row) == 1 and row[0][1] == 1 for row in rows)


def multiply_slots(module: fx.GraphModule, rows: Sequence[Row], *, precision: Precision) -> None:
    """Let a graph that reads table entries read them from products of a matrix with its slots."""
    graph = module.graph
    slots = [n for n in graph.nodes if n.op == "get_attr" and str(n.target).startswith("theta.")]
    size = 1 + max(index for row in rows for index, _ in row)
    _add_number(module, MATRIX, _basis_matrix(rows, size=size, precision=precision))
    with graph.inserting_before(slots[0]):
        matrix = graph.get_attr(MATRIX)
    for slot in slots:
        with graph.inserting_after(slot):
            table = graph.call_function(at_depths, (slot, matrix))
        slot.replace_all_uses_with(
            table, delete_user_cb=lambda user, table=table: user is not table
        )
    module.recompile()


def at_depths(slot: Tensor, matrix: Tensor) -> Tensor:
    """theta(t_i) = sum_b matrix[i, b] slot[b], of shape [depths, *shape]."""
    with torch.autocast(slot.device.type, enabled=False):  # sums of a graph are not rounded either
        return torch.tensordot(matrix.to(slot), slot[: matrix.shape[1]], dims=1)


def lift_weights(module: fx.GraphModule) -> None:
    """Let the sums of a graph read their weights from a tensor."""
    graph = module.graph
    products = [_product(node) for node in graph.nodes if EXACT_WEIGHT in node.meta]
    numbers = {node.args[1]: None for node in products}
    _add_number(module, WEIGHTS, torch.tensor(list(numbers), dtype=torch.float64))
    with graph.inserting_before(next(iter(graph.nodes))):
        table = graph.call_method("unbind", (graph.get_attr(WEIGHTS),))
        weights = {
            number: graph.call_function(operator.getitem, (table, index))
            for index, number in enumerate(numbers)
        }
    for node in products:
        node.args = (node.args[0], weights[node.args[1]])
    module.recompile()


def _product(node: fx.Node) -> fx.Node:
    """The product that a node computes, taken out of a fused sum: its weight must be a number."""
    if node.target is not torch.add:
        return node
    left, right = node.args
    with node.graph.inserting_before(node):
        product = node.graph.call_function(operator.mul, (right, factor_of(node)))
    product.meta = {key: value for key, value in node.meta.items() if key != VALUE}
    node.target, node.args, node.kwargs = operator.add, (left, product), {}
    return product


def _add_number(module: fx.GraphModule, path: str, tensor: Tensor) -> None:
    # In a module of their own, as slots are: graphs that are cut from this one share it.
    container, _, name = path.rpartition(".")
    if not hasattr(module, container):
        module.add_module(container, nn.Module())
    module.get_submodule(container).register_buffer(name, tensor)


def _basis_matrix(rows: Sequence[Row], *, size: int, precision: Precision) -> Tensor:
    matrix = torch.zeros(len(rows), size, dtype=torch.float64)
    for depth, row in enumerate(rows):
        weights = round_weights([value for _, value in row], precision)
        for (index, _), weight in zip(row, weights, strict=True):
            matrix[depth, index] = weight
    return matrix
