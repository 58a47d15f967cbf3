"""A proof, by the operations of its graph, that a unit is linear: R(x, theta) = A(theta) x."""

from __future__ import annotations

import operator
from enum import Enum
from typing import Any

import torch
from torch import fx
from torch.nn import functional as F

from odegraph.unit.operations import argument, is_random, is_size


class _Kind(Enum):
    CONSTANT = "does not depend on x"
    LINEAR = "linear in x, zero at x = 0"
    UNKNOWN = "nothing is proven"


_SUMS = (operator.add, operator.sub, torch.add, torch.sub, torch.cat, torch.stack)
_PRODUCTS = (operator.mul, operator.matmul, torch.mul, torch.matmul, torch.mm, torch.bmm)
_LAYERS = (
    *(F.linear, F.conv1d, F.conv2d, F.conv3d),
    *(F.conv_transpose1d, F.conv_transpose2d, F.conv_transpose3d),
)
_QUOTIENTS = (operator.truediv, torch.div)
_OF_ONE = (operator.neg, operator.pos, operator.getitem, torch.neg, torch.sum, torch.mean)
_OF_ONE += (torch.reshape, torch.transpose, torch.permute, torch.flatten)
_OF_ONE += (F.avg_pool1d, F.avg_pool2d, F.avg_pool3d)
_METHODS = frozenset(
    [
        *("view", "reshape", "transpose", "permute", "flatten", "unflatten", "movedim", "t"),
        *("squeeze", "unsqueeze", "expand", "select", "roll", "flip", "contiguous", "clone"),
        *("sum", "mean", "neg"),
    ]
)


def is_linear(graph: fx.Graph) -> bool:
    """Whether the proof succeeds. False says nothing."""
    kinds: dict[fx.Node, _Kind] = {}
    for node in graph.nodes:
        if node.op == "placeholder":
            kinds[node] = _Kind.CONSTANT if kinds else _Kind.LINEAR
        elif node.op == "output":
            return isinstance(node.args[0], fx.Node) and kinds[node.args[0]] is _Kind.LINEAR
        else:
            kinds[node] = _kind(node, kinds)
    return False


def _kind(node: fx.Node, kinds: dict[fx.Node, _Kind]) -> _Kind:
    inputs = [kinds[n] for n in node.all_input_nodes]
    if is_random(node) or _Kind.UNKNOWN in inputs:
        return _Kind.UNKNOWN
    if _Kind.LINEAR not in inputs or is_size(node):
        return _Kind.CONSTANT
    return _Kind.LINEAR if _keeps_linear(node, kinds) else _Kind.UNKNOWN


def _keeps_linear(node: fx.Node, kinds: dict[fx.Node, _Kind]) -> bool:
    def linear(value: Any) -> bool:
        return isinstance(value, fx.Node) and kinds[value] is _Kind.LINEAR

    first, rest = node.args[0], [*node.args[1:], *node.kwargs.values()]
    target = node.target
    if node.op == "call_method":
        return target in _METHODS and linear(first) and not any(map(linear, rest))
    if target is getattr:
        return node.args[1] in ("T", "mT")
    if target in _SUMS:
        terms = first if isinstance(first, list | tuple) else node.args[:2]
        return all(map(linear, terms)) and "out" not in node.kwargs
    if target in _PRODUCTS:
        return [linear(a) for a in node.args[:2]].count(True) == 1
    if target in _LAYERS:
        return (
            argument(node, "bias", 2) is None
            and linear(first)
            and not linear(argument(node, "weight", 1))
        )
    if target in _QUOTIENTS and node.kwargs:
        return False
    return target in (*_OF_ONE, *_QUOTIENTS) and linear(first) and not any(map(linear, rest))
