"""Take BatchNorm out of a unit in evaluation mode, where it follows a convolution or linear layer.

There it is an affine map of each channel, and the layer before it can do it: weight' = s weight and
bias' = s (bias - mean) + shift with s = scale / sqrt(variance + eps). A BatchNorm before a
convolution stays: a convolution pads its input with zeros after the norm, so that no weights of its
own give the same values at the border.

A BatchNorm after a linear layer scales its features only where there are two dimensions; of more it
scales the second. So it is folded where all states that the unit was called with tell that there
are two, into `torch.addmm`, which takes nothing else.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, fx
from torch.nn import functional as F

from odegraph.unit.functional import unique_names
from odegraph.unit.operations import argument
from odegraph.unit.ranks import ranks
from odegraph.unit.unit import Unit

CONVOLUTIONS = (torch.conv1d, torch.conv2d, torch.conv3d)


@dataclass(frozen=True)
class FoldedNorm:
    """One BatchNorm by the paths of its values, and the layer that takes it over."""

    weight: str
    bias: str
    mean: str
    variance: str
    scale: str | None
    shift: str | None
    eps: float

    @property
    def removed(self) -> set[str]:
        """What the folded unit has no more."""
        return {self.mean, self.variance, self.scale or "", self.shift or ""}


@dataclass(frozen=True)
class FoldedUnit:
    """A unit in evaluation mode without the norms that were folded into its layers."""

    unit: Unit
    norms: tuple[FoldedNorm, ...]

    def folded(self, values: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """The values of the folded unit, from those of the unit, stacked [entries, *shape]."""
        found = dict(values)
        for norm in self.norms:
            found |= _folded_values(norm, found)
        return {path: found[path] for path in (*self.unit.parameters, *self.unit.buffers)}


def fold_norms(unit: Unit, seen: Collection[tuple[int, ...]] = ()) -> FoldedUnit:
    """The unit without each BatchNorm that alone reads a convolution, or a linear layer.

    `seen` are the shapes of one sample in all states that the unit was called with. Without any,
    norms after linear layers stay.
    """
    graph = unit.evaluation.graph
    found = ranks(unit, seen)
    vectors = {node for node, numbers in found.items() if numbers == {2}}
    pairs = [(node, norm) for node in graph.nodes if (norm := _fold(node, vectors)) is not None]
    norms = tuple(norm for _, norm in pairs)
    if not norms or unit.parts is not None:
        return FoldedUnit(unit, ())
    shapes = dict(zip((*unit.parameters, *unit.buffers), unit.value_shapes, strict=True))
    parameters: list[str] = []
    for path in unit.parameters:
        added = [norm.bias for norm in norms if norm.weight == path]
        parameters += [path, *(one for one in added if one not in shapes)]
        shapes |= {one: shapes[path].new_empty(shapes[path].shape[0]) for one in added}
    removed = {path for norm in norms for path in norm.removed}
    # Counters of a norm that is gone are read by nobody.
    read = {node.meta.get("path") for node in graph.nodes if node.op == "placeholder" if node.users}
    kept = tuple(path for path in parameters if path not in removed)
    buffers = tuple(path for path in unit.buffers if path in read - removed)
    rewritten = _rewritten(graph, [*kept, *buffers], dict(pairs))
    name = unit.evaluation.__class__.__name__
    module = fx.GraphModule(unit.evaluation, rewritten, class_name=name)
    folded = dataclasses.replace(
        unit,
        parameters=kept,
        buffers=buffers,
        updated_buffers=(),
        positive_slots=tuple(path for path in unit.positive_slots if path in buffers),
        evaluation=module,
        training=module,
        value_shapes=tuple(shapes[path] for path in (*kept, *buffers)),
    )
    return FoldedUnit(folded, norms)


def _fold(node: fx.Node, vectors: Collection[fx.Node]) -> FoldedNorm | None:
    """What becomes of a BatchNorm; None for any other node, or where it must stay."""
    if node.target is not F.batch_norm or argument(node, "training", 5):
        return None
    layer = node.args[0]
    if not isinstance(layer, fx.Node):
        return None
    if layer.target not in CONVOLUTIONS and (layer.target is not F.linear or layer not in vectors):
        return None
    weight, bias = argument(layer, "weight", 1), argument(layer, "bias", 2)
    mean, variance = argument(node, "running_mean", 1), argument(node, "running_var", 2)
    scale, shift = argument(node, "weight", 3), argument(node, "bias", 4)
    own = [one for one in (weight, bias, mean, variance, scale, shift) if one is not None]
    if mean is None or variance is None or list(layer.users) != [node]:
        return None
    if any(one.op != "placeholder" or len(one.users) > 1 for one in own):
        return None
    stem = weight.meta["path"].rpartition(".")[0]
    return FoldedNorm(
        weight=weight.meta["path"],
        bias=f"{stem}.bias".lstrip(".") if bias is None else bias.meta["path"],
        mean=mean.meta["path"],
        variance=variance.meta["path"],
        scale=None if scale is None else scale.meta["path"],
        shift=None if shift is None else shift.meta["path"],
        eps=float(argument(node, "eps", 7)),
    )


def _rewritten(old: fx.Graph, paths: list[str], norms: Mapping[fx.Node, FoldedNorm]) -> fx.Graph:
    graph = fx.Graph()
    copies: dict[fx.Node, fx.Node] = {}
    values: dict[str, fx.Node] = {}
    for path, name in zip(["x", *paths], unique_names(["x", *paths]), strict=True):
        values[path] = graph.placeholder(name)
        values[path].meta["path"] = path
    biases = {node.all_input_nodes[0]: norm.bias for node, norm in norms.items()}
    for node in old.nodes:
        if node.op == "placeholder":
            if node.meta["path"] in values:
                copies[node] = values[node.meta["path"]]
        elif node in norms:
            copies[node] = copies[node.all_input_nodes[0]]
        else:
            copies[node] = graph.node_copy(node, copies.__getitem__)
            copies[node].meta = dict(node.meta)
            if node in biases:
                _set_bias(copies[node], values[biases[node]])
                copies[node] = _for_vectors(copies[node])
    return graph


def _set_bias(convolution: fx.Node, bias: fx.Node) -> None:
    if len(convolution.args) > 2:
        convolution.args = (*convolution.args[:2], bias, *convolution.args[3:])
    else:
        convolution.kwargs = {**convolution.kwargs, "bias": bias}


def _for_vectors(layer: fx.Node) -> fx.Node:
    """A linear layer as `torch.addmm`, for matrices of one vector a sample and for nothing else."""
    if layer.target is not F.linear:
        return layer
    weight, bias = argument(layer, "weight", 1), argument(layer, "bias", 2)
    with layer.graph.inserting_before(layer):
        transposed = layer.graph.call_method("t", (weight,))
        product = layer.graph.call_function(torch.addmm, (bias, layer.args[0], transposed))
    product.meta = dict(layer.meta)
    layer.graph.erase_node(layer)
    return product


def _folded_values(norm: FoldedNorm, values: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Weight and bias, computed in float64."""
    weight = values[norm.weight]
    mean, variance = values[norm.mean].double(), values[norm.variance].double()
    scale = torch.rsqrt(variance + norm.eps)
    if norm.scale is not None:
        scale = scale * values[norm.scale].double()
    shift = -mean if norm.bias not in values else values[norm.bias].double() - mean
    bias = scale * shift
    if norm.shift is not None:
        bias = bias + values[norm.shift].double()
    channels = scale.reshape(*scale.shape, *[1] * (weight.dim() - scale.dim()))
    folded = {norm.weight: weight.double() * channels, norm.bias: bias}
    return {path: value.to(weight.dtype) for path, value in folded.items()}
