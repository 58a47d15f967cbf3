"""What the operations of a traced graph do, as far as the compiler must know."""

from __future__ import annotations

import difflib
import re
from typing import Any

from torch import Tensor, fx
from torch.nn import functional as F

_DROPOUTS = (
    F.dropout,
    F.dropout1d,
    F.dropout2d,
    F.dropout3d,
    F.alpha_dropout,
    F.feature_alpha_dropout,
)
_RANDOM = re.compile(
    r"rand|dropout|bernoulli|rrelu|normal_?$|multinomial|poisson|gumbel|"
    r"(uniform|exponential|geometric|cauchy)_$"
)
LEAVING = ("item", "tolist", "numpy", "backward", "register_hook", "data_ptr", "storage")
"""Methods of a tensor whose result is no value of the graph."""


def argument(node: fx.Node, name: str, position: int) -> Any:
    """An argument of a call, given by position or by keyword; None where it is left out."""
    return node.args[position] if len(node.args) > position else node.kwargs.get(name)


def is_random(node: fx.Node) -> bool:
    """Whether the node may draw random numbers."""
    by_option = node.target in (F.scaled_dot_product_attention, F.multi_head_attention_forward)
    return by_option or _RANDOM.search(operation_name(node)) is not None


def operation_name(node: fx.Node) -> str:
    """The name of what a node calls, without the overload."""
    name = node.target if isinstance(node.target, str) else getattr(node.target, "__name__", "")
    return name.partition(".")[0]


def is_idle_dropout(node: fx.Node) -> bool:
    """Whether the node is a dropout that passes its input on."""
    if node.op != "call_function" or node.target not in _DROPOUTS:
        return False
    return argument(node, "training", 2) is False or argument(node, "p", 1) == 0


def draws_numbers(node: fx.Node) -> bool:
    """Whether the node draws random numbers with the options that it is called with."""
    if not node.op.startswith("call_") or not is_random(node) or is_idle_dropout(node):
        return False
    match node.target:
        case F.scaled_dot_product_attention:
            return bool(argument(node, "dropout_p", 4))
        case F.multi_head_attention_forward:
            trains = argument(node, "training", 13) is not False
            return trains and bool(argument(node, "dropout_p", 10))
        case F.rrelu:
            return bool(argument(node, "training", 3))
    return True


def updates_statistics(node: fx.Node) -> bool:
    """Whether the node is a normalisation that changes running statistics in place."""
    by_batch = node.target is F.batch_norm and bool(argument(node, "training", 5))
    by_instance = (
        node.target is F.instance_norm and argument(node, "use_input_stats", 5) is not False
    )
    return (by_batch or by_instance) and isinstance(argument(node, "running_mean", 1), fx.Node)


def is_size(node: fx.Node) -> bool:
    """Whether the node is a size, dtype or device, or an integer computed from sizes alone."""
    if node.op == "call_method":
        return node.target in ("size", "dim", "numel")
    if node.target is getattr:
        return node.args[1] in ("shape", "dtype", "device", "ndim")
    inputs = node.all_input_nodes
    return node.op == "call_function" and bool(inputs) and all(map(is_size, inputs))


def leaves_the_graph(method: str) -> str:
    """What to tell about a method that does not return a value of the graph."""
    if method in LEAVING:
        return (
            f"reads values out of the graph with `.{method}()`, so a static graph would hold those "
            "of one state for ever. Compute with the tensor itself."
        )
    near = difflib.get_close_matches(method, dir(Tensor), n=1)
    hint = f"Did you mean `{near[0]}`?" if near else "See the documentation of torch.Tensor."
    return f"calls `.{method}()`, which tensors do not have. {hint}"
