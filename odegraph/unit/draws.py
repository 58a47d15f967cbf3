"""Take the random numbers of a unit out of it, so that all stages of a step can share them.

A unit with dropout is a vector field only while its mask stands still: a scheme that sees another
mask in every stage combines rates of different fields.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import fx
from torch.fx.proxy import GraphAppendingTracer
from torch.nn import functional as F

from odegraph._errors import UnitError
from odegraph.unit.functional import must_stay
from odegraph.unit.operations import argument, draws_numbers, operation_name

SELU_FLOOR = -1.7580993408473766  # what alpha dropout puts in place of a value: SELU at -infinity

_PLAIN_DRAW = re.compile(
    r"rand(n|int|perm)?(_like)?|bernoulli_?|multinomial|poisson|(log_)?normal_?|uniform_?|"
    r"exponential_?|geometric_?|cauchy_?|random_?"
)


@dataclass(frozen=True)
class HeldDraws:
    """A functional graph in two forms that share random numbers.

    Attributes:
        first: draws; it returns the `count` tensors that it drew after everything else.
        again: takes them as its last arguments, and draws nothing.
        count: how many tensors are drawn; zero where both are the graph itself.
    """

    first: fx.GraphModule
    again: fx.GraphModule
    count: int


def hold_draws(module: fx.GraphModule) -> HeldDraws:
    """Split drawing from computing.

    For dropout the scaled mask is what is drawn, so that one call computes the same bits as before.
    A sample whose distribution depends on the state is held as it was drawn first.

    Raises:
        UnitError: an operation that draws and computes at once in a way that is not known here.
    """
    graph, _ = _copied(module.graph)
    draws = [_isolated(node) for node in list(graph.nodes) if draws_numbers(node)]
    if not draws:
        return HeldDraws(module, module, 0)
    first, copies = _copied(graph)  # which also makes their names unique
    _return_too(first, [copies[draw] for draw in draws])
    again, copies = _copied(graph)
    _given(again, [copies[draw] for draw in draws])
    return HeldDraws(_module(module, first), _module(module, again), len(draws))


def _copied(graph: fx.Graph) -> tuple[fx.Graph, dict[fx.Node, fx.Node]]:
    copy, nodes = fx.Graph(), {}
    copy.output(copy.graph_copy(graph, nodes))
    return copy, nodes


def _module(module: fx.GraphModule, graph: fx.Graph) -> fx.GraphModule:
    graph.eliminate_dead_code(is_impure_node=must_stay)
    graph.lint()
    return fx.GraphModule(torch.nn.Module(), graph, class_name=type(module).__name__)


def _given(graph: fx.Graph, draws: list[fx.Node]) -> None:
    """Let the graph take what it drew as arguments."""
    last = graph.find_nodes(op="placeholder")[-1]
    names = ["noise"] if len(draws) == 1 else [f"noise_{i + 1}" for i in range(len(draws))]
    for name, draw in zip(names, draws, strict=True):
        with graph.inserting_after(last):
            last = graph.placeholder(name)
        last.meta["path"] = name
        draw.replace_all_uses_with(last)
        graph.erase_node(draw)


def _return_too(graph: fx.Graph, draws: list[fx.Node]) -> None:
    output = graph.output_node()
    results = output.args[0]
    output.args = ((*(results if isinstance(results, tuple) else (results,)), *draws),)


def _isolated(node: fx.Node) -> fx.Node:
    """The node that draws; where the draw depends on the state, after it was rewritten."""
    name = operation_name(node)
    if _PLAIN_DRAW.fullmatch(name):
        return node
    if name not in _SPLIT:
        raise UnitError(
            f"draws random numbers inside of `{name}`, so that the stages of a step cannot share "
            "them. Draw with `F.dropout` or `torch.rand_like`, and compute with what was drawn."
        )
    with node.graph.inserting_before(node):
        draw, value = _SPLIT[name](_Call(node))
    if isinstance(value, tuple):
        for user in list(node.users):
            index: Any = user.args[1]
            user.replace_all_uses_with(value[index].node)
            node.graph.erase_node(user)
    else:
        node.replace_all_uses_with(value.node)
    node.graph.erase_node(node)
    return draw.node


class _Call:
    """The arguments of a call as values to compute with: what is computed joins the graph."""

    def __init__(self, node: fx.Node) -> None:
        self.node = node
        self.tracer = GraphAppendingTracer(node.graph)

    def __call__(self, name: str, position: int, *, default: Any = None) -> Any:
        value = argument(self.node, name, position)
        value = default if value is None else value
        return fx.map_arg(value, self._value)  # pyright: ignore[reportArgumentType]

    def _value(self, node: fx.Node) -> fx.Proxy:
        return fx.Proxy(node, self.tracer)


Split = Callable[[_Call], tuple[Any, Any]]


def _mask(like: Any, p: float) -> Any:
    """Zeros with probability p, else 1 / (1 - p)."""
    return _named(F.dropout(torch.ones_like(like), p, training=True))


def _named(draw: Any) -> Any:
    draw.node.name = "mask"
    return draw


def _dropout(function: Callable[..., Any]) -> Split:
    """Drop(x) = x Drop(1): the same draws, the same bits."""

    def split(call: _Call) -> tuple[Any, Any]:
        x = call("input", 0)
        draw = _named(function(torch.ones_like(x), call("p", 1, default=0.5), training=True))
        return draw, x * draw

    return split


def _native_dropout(call: _Call) -> tuple[Any, Any]:
    x = call("input", 0)
    draw = _mask(x, call("p", 1))
    return draw, (x * draw, draw != 0)


def _alpha_dropout(function: Callable[..., Any]) -> Split:
    """a x + b where x is kept, and a constant where it is not (Klambauer et al. 2017)."""

    def split(call: _Call) -> tuple[Any, Any]:
        x, p = call("input", 0), call("p", 1, default=0.5)
        scale = 1 / math.sqrt((1 - p) * (1 + p * SELU_FLOOR**2)) if p < 1 else 0.0
        # Of zeros it leaves b, which is positive, where kept, and the constant elsewhere.
        draw = _named(function(torch.zeros_like(x), p, training=True))
        return draw, torch.where(draw > 0, scale * x + draw, draw)

    return split


def _rrelu(call: _Call) -> tuple[Any, Any]:
    """Slopes of the negative values are drawn, one for each (Xu et al. 2015)."""
    x = call("input", 0)
    slopes = call("lower", 1, default=1 / 8), call("upper", 2, default=1 / 3)
    draw = _named(F.rrelu(-torch.ones_like(x), *slopes, training=True))
    return draw, torch.where(x < 0, -x * draw, x)


NO_MASK = (
    "has attention with dropout together with {option}. Leave dropout out of the attention, and "
    "put `nn.Dropout` behind it."
)


def _attention(call: _Call) -> tuple[Any, Any]:
    """softmax(q k^T / sqrt(d)) v with a mask on the weights."""
    for option, position in (("attn_mask", 3), ("is_causal", 5), ("enable_gqa", 7)):
        if call(option, position, default=False) is not False:
            raise UnitError(NO_MASK.format(option=f"`{option}`"))
    query, key, value = call("query", 0), call("key", 1), call("value", 2)
    scale = call("scale", 6)
    scores = query @ key.transpose(-2, -1)
    scores = scores * (query.shape[-1] ** -0.5 if scale is None else scale)
    weights = torch.softmax(scores, -1)
    draw = _mask(weights, call("dropout_p", 4))
    return draw, (weights * draw) @ value


def _multi_head_attention(call: _Call) -> tuple[Any, Any]:
    """Attention of sequences [length, batch, width], and the mean of its weights over heads."""
    for option, position in _UNSUPPORTED.items():
        if call(option, position, default=False) is not False:
            raise UnitError(NO_MASK.format(option=f"`{option}`"))
    heads, p = call("num_heads", 4), call("dropout_p", 10)
    projected = zip(
        (call("query", 0), call("key", 1), call("value", 2)),
        _projections(call),
        _thirds(call("in_proj_bias", 6)),
        strict=True,
    )
    query, key, value = (
        F.linear(x, weight, bias).unflatten(-1, (heads, -1)).permute(1, 2, 0, 3)
        for x, weight, bias in projected
    )
    scale = math.sqrt(heads / call("embed_dim_to_check", 3))
    weights = torch.softmax(scale * query @ key.transpose(-2, -1), -1)
    draw = _mask(weights, p)
    kept = weights * draw
    joined = (kept @ value).permute(2, 0, 1, 3).flatten(2)
    result = F.linear(joined, call("out_proj_weight", 11), call("out_proj_bias", 12))
    return draw, (result, kept.mean(1) if call("average_attn_weights", 23, default=True) else kept)


_UNSUPPORTED: Mapping[str, int] = {
    "bias_k": 7,
    "bias_v": 8,
    "add_zero_attn": 9,
    "key_padding_mask": 14,
    "attn_mask": 16,
    "is_causal": 24,
}


def _projections(call: _Call) -> list[Any]:
    if call("use_separate_proj_weight", 17, default=False):
        return [call(f"{one}_proj_weight", 18 + i) for i, one in enumerate("qkv")]
    return _thirds(call("in_proj_weight", 5))


def _thirds(stacked: Any) -> list[Any]:
    if stacked is None:
        return [None] * 3
    parts = stacked.chunk(3)
    return [parts[i] for i in range(3)]


_SPLIT: Mapping[str, Split] = {
    **{name: _dropout(getattr(F, name)) for name in ("dropout", *(f"dropout{d}d" for d in "123"))},
    **{
        name: _alpha_dropout(getattr(F, name))
        for name in ("alpha_dropout", "feature_alpha_dropout")
    },
    "native_dropout": _native_dropout,
    "rrelu": _rrelu,
    "scaled_dot_product_attention": _attention,
    "multi_head_attention_forward": _multi_head_attention,
}
