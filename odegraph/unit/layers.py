"""Functional forms of the torch.nn layers whose own forward decides things by control flow.

All other layers of torch.nn are straight lines to their functional call and are traced as they
are. The functions here run under the tracer: reading `layer.weight` gives the graph's value.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from torch import nn
from torch.nn import functional as F

Value = Any  # a tensor, or the tracer's stand-in for one


class BufferWriter(Protocol):
    """What a lowered layer may ask of its tracer."""

    def write_buffer(self, layer: nn.Module, name: str, value: Value) -> None:
        """Record the value that `layer.name` has after this call."""
        ...


def lower_batch_norm(writer: BufferWriter, layer: Any, x: Value) -> Value:
    """Batch normalisation (Ioffe and Szegedy 2015); new running statistics beside the old ones."""
    if layer.training and layer.track_running_stats and layer.running_mean is not None:
        return _batch_norm_with_update(writer, layer, x)
    by_batch = layer.training or (layer.running_mean is None and layer.running_var is None)
    tracked = not layer.training or layer.track_running_stats
    mean, variance = (layer.running_mean, layer.running_var) if tracked else (None, None)
    return F.batch_norm(
        x, mean, variance, layer.weight, layer.bias, training=by_batch, eps=layer.eps
    )


def _batch_norm_with_update(writer: BufferWriter, layer: Any, x: Value) -> Value:
    count = layer.num_batches_tracked
    if count is not None:
        count = count + 1
        writer.write_buffer(layer, "num_batches_tracked", count)
    old_mean, old_variance = layer.running_mean, layer.running_var
    mean, variance = old_mean.clone(), old_variance.clone()
    cumulative = layer.momentum is None
    momentum = _momentum(layer)
    y = F.batch_norm(
        x, mean, variance, layer.weight, layer.bias, training=True, momentum=momentum, eps=layer.eps
    )
    if cumulative and count is not None:
        # momentum = 1 left the statistics of this batch; the mean over all batches moves 1/count.
        mean = old_mean + (mean - old_mean) / count
        variance = old_variance + (variance - old_variance) / count
    writer.write_buffer(layer, "running_mean", mean)
    writer.write_buffer(layer, "running_var", variance)
    return y


def _momentum(layer: Any) -> float:
    if layer.momentum is not None:
        return layer.momentum
    return 0.0 if layer.num_batches_tracked is None else 1.0


def lower_instance_norm(writer: BufferWriter, layer: Any, x: Value) -> Value:
    """Instance normalisation (Ulyanov et al. 2016) of a batch."""
    by_instance = layer.training or not layer.track_running_stats
    mean, variance = layer.running_mean, layer.running_var
    if by_instance and mean is not None:
        mean, variance = mean.clone(), variance.clone()
        writer.write_buffer(layer, "running_mean", mean)
        writer.write_buffer(layer, "running_var", variance)
    return F.instance_norm(
        x,
        mean,
        variance,
        layer.weight,
        layer.bias,
        use_input_stats=by_instance,
        momentum=0.0 if layer.momentum is None else layer.momentum,
        eps=layer.eps,
    )


def lower_multihead_attention(
    writer: BufferWriter,  # noqa: ARG001
    layer: Any,
    query: Value,
    key: Value,
    value: Value,
    **options: Any,
) -> tuple[Value, Value]:
    """Multi-head attention (Vaswani et al. 2017) of batched sequences [batch, length, width]."""
    same = query is key and key is value
    if layer.batch_first:
        query = query.transpose(0, 1)
        key, value = (query, query) if same else (key.transpose(0, 1), value.transpose(0, 1))
    output = F.multi_head_attention_forward(
        query,
        key,
        value,
        layer.embed_dim,
        layer.num_heads,
        layer.in_proj_weight,
        layer.in_proj_bias,
        layer.bias_k,
        layer.bias_v,
        layer.add_zero_attn,
        layer.dropout,
        layer.out_proj.weight,
        layer.out_proj.bias,
        # Without dropout the mode makes no difference, and the graphs should say so.
        training=layer.training and layer.dropout > 0,
        **_separate_projections(layer),
        **options,
    )
    attended, weights = output[0], output[1]
    return (attended.transpose(0, 1) if layer.batch_first else attended), weights


def _separate_projections(layer: Any) -> dict[str, Value]:
    if layer._qkv_same_embed_dim:
        return {}
    return {
        "use_separate_proj_weight": True,
        "q_proj_weight": layer.q_proj_weight,
        "k_proj_weight": layer.k_proj_weight,
        "v_proj_weight": layer.v_proj_weight,
    }


def lower_softmax_2d(
    writer: BufferWriter,  # noqa: ARG001
    layer: Any,  # noqa: ARG001
    x: Value,
) -> Value:
    """Softmax over the channels of an image."""
    return F.softmax(x, dim=-3)


_LOWERED: dict[Callable[..., Any], Callable[..., Any]] = {
    nn.BatchNorm2d.forward: lower_batch_norm,
    nn.InstanceNorm2d.forward: lower_instance_norm,
    nn.MultiheadAttention.forward: lower_multihead_attention,
    nn.Softmax2d.forward: lower_softmax_2d,
}


def lowering_of(layer: nn.Module) -> Callable[..., Any] | None:
    """The functional form of a layer, or None where its own forward can be traced."""
    return _LOWERED.get(type(layer).forward)
