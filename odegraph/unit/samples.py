"""A proof, by the operations of its graph, that a unit treats each sample of a batch by itself.

Dimension 0 of a state counts samples. A value either has samples, each computed from the same
sample of the state alone, or is the same for all of them. The operations that the proof knows keep
the number of dimensions; so that number decides which dimension a negative one means, and whether a
parameter meets dimension 0.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import Any, final

import torch
from torch import Tensor, fx

from odegraph.unit.operations import argument, draws_numbers, operation_name, updates_statistics


class _Has(Enum):
    SAMPLES = "one value for each sample"
    SEVERAL = "several such tensors"


_POINTWISE = frozenset(
    [
        *("add", "sub", "rsub", "mul", "truediv", "div", "neg", "pos", "pow", "square", "sqrt"),
        *("rsqrt", "reciprocal", "abs", "sign", "exp", "expm1", "log", "log1p", "sin", "cos"),
        *("tan", "sinh", "cosh", "tanh", "asinh", "atan", "erf", "sigmoid", "logsigmoid", "sinc"),
        *("softplus", "relu", "relu6", "elu", "selu", "celu", "gelu", "silu", "mish", "hardtanh"),
        *("leaky_relu", "hardsigmoid", "hardswish", "hardshrink", "softshrink", "softsign"),
        *("tanhshrink", "threshold", "prelu", "clamp", "clamp_min", "clamp_max", "maximum"),
        *("minimum", "where", "lerp", "addcmul", "addcdiv", "gt", "lt", "ge", "le", "eq", "ne"),
        *("detach", "clone", "contiguous", "zeros_like", "ones_like", "expand_as"),
    ]
)
_WINDOWS = {
    f"{name}{axes}d": axes + 2
    for name in ("conv", "conv_transpose", "avg_pool", "max_pool", "adaptive_avg_pool")
    for axes in (1, 2, 3)
}
_LEAST = {**_WINDOWS, "linear": 2, "group_norm": 2, "instance_norm": 3}
_ALONG = {"softmax": 1, "log_softmax": 1, "cumsum": 1, "cat": 1, "chunk": 2, "split": 2}
_REDUCTIONS = ("sum", "mean", "amax", "amin")


def least_dimensions(module: fx.GraphModule, shapes: Sequence[Tensor]) -> int | None:
    """From how many dimensions of a state on its samples are independent.

    None where nothing is proven. `module` is a functional graph of a unit; `shapes` are meta
    tensors of its parameters and buffers.
    """
    proof = _Proof(module)
    try:
        return proof.run(shapes)
    except _Unproven:
        return None


class _Unproven(Exception):
    """The proof ends at an operation that it does not know."""


@final
class _Proof:
    """Walks over the nodes; what is the same for all samples is computed on meta tensors."""

    def __init__(self, module: fx.GraphModule) -> None:
        self.nodes = list(module.graph.nodes)
        self.same = fx.Interpreter(module)
        self.having: dict[fx.Node, _Has] = {}
        self.least = 1

    def run(self, shapes: Sequence[Tensor]) -> int:
        """The number, or `_Unproven`."""
        state, *values = [node for node in self.nodes if node.op == "placeholder"]
        self.having[state] = _Has.SAMPLES
        self.same.env.update(zip(values, shapes, strict=True))
        for node in self.nodes:
            if node.op.startswith("call_"):
                self._take(node)
        (rate,) = self.nodes[-1].args
        if not self._has_samples(rate):
            raise _Unproven
        return self.least

    def _take(self, node: fx.Node) -> None:
        if draws_numbers(node) or not _is_of_torch(node):
            raise _Unproven
        if not any(one in self.having for one in node.all_input_nodes):
            self.same.env[node] = _on_meta(self.same, node)
        else:
            several = operation_name(node) in ("chunk", "split")
            self._check(node, operation_name(node))
            self.having[node] = _Has.SEVERAL if several else _Has.SAMPLES

    def _check(self, node: fx.Node, name: str) -> None:
        if name in _POINTWISE:
            return self._meets(node.all_input_nodes)
        if name == "getitem":
            return self._item(*node.args)
        if name == "matmul":
            return self._product(*node.args)
        values: Any = node.args[0] if name == "cat" else node.args[:1]
        others = () if name == "cat" else node.all_input_nodes[1:]
        if not all(map(self._has_samples, values)) or any(one in self.having for one in others):
            raise _Unproven
        if name in _LEAST and not updates_statistics(node):
            return self._need(_LEAST[name])
        if name == "batch_norm" and not argument(node, "training", 5):
            return self._need(2)
        if name in ("layer_norm", "rms_norm"):
            return self._need(len(argument(node, "normalized_shape", 1)) + 1)
        if name == "pad":
            return self._need(len(argument(node, "pad", 1)) // 2 + 1)
        return self._along(_dimensions(node, name))

    def _has_samples(self, value: Any) -> bool:
        return isinstance(value, fx.Node) and self.having.get(value) is _Has.SAMPLES

    def _need(self, dimensions: int) -> None:
        self.least = max(self.least, dimensions)

    def _along(self, dimensions: Sequence[Any]) -> None:
        """Operations along these dimensions leave samples alone."""
        for one in dimensions:
            if type(one) is not int or one == 0:
                raise _Unproven
            self._need(one + 1 if one > 0 else 1 - one)

    def _meets(self, values: Sequence[fx.Node]) -> None:
        """Values that are broadcast to one another, what has no samples not along dimension 0."""
        for one in values:
            shape = getattr(self.same.env.get(one), "shape", ())
            if self.having.get(one) is _Has.SEVERAL:
                raise _Unproven
            if len(shape) > 0 and one not in self.having:
                self._need(len(shape) + (shape[0] != 1))

    def _item(self, value: Any, index: Any) -> None:
        if self.having[value] is _Has.SEVERAL and type(index) is int:
            return
        index = index if isinstance(index, tuple) else (None,)
        keeps_first = index[0] is ... or index[0] == slice(None)
        if not keeps_first or not all(isinstance(one, slice) for one in index[1:]):
            raise _Unproven
        self._need(len(index))

    def _product(self, left: Any, right: Any) -> None:
        """Rows of samples times a matrix; otherwise matrices in dimensions beside the samples."""
        both = self._has_samples(left) and self._has_samples(right)
        matrix = self.same.env.get(right if self._has_samples(left) else left)
        if not both and (matrix is None or matrix.dim() != 2):
            raise _Unproven
        self._need(2 if self._has_samples(left) and not both else 3)


def _dimensions(node: fx.Node, name: str) -> Sequence[Any]:
    """Along which dimensions it computes; what is not known counts as dimension 0."""
    if name in _ALONG:
        return [argument(node, "dim", _ALONG[name])]
    if name in ("transpose", "swapaxes"):
        return node.args[1:3]
    if name in _REDUCTIONS and argument(node, "keepdim", 2) is True:
        over = argument(node, "dim", 1)
        return over if isinstance(over, tuple | list) and over else [over]
    return [0]


def _is_of_torch(node: fx.Node) -> bool:
    if node.op == "call_method":
        return True
    module = getattr(node.target, "__module__", None) or "torch"
    return module == "_operator" or module.partition(".")[0] == "torch"


def _on_meta(interpreter: fx.Interpreter, node: fx.Node) -> Any:
    try:
        with torch.no_grad():
            return interpreter.run_node(node)
    except Exception as error:
        raise _Unproven from error
