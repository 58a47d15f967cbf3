"""Convolutions without gradients called in the library that computes them.

`torch.conv2d` of a small image spends as long on its way to oneDNN as there, and then returns it in
the layout that it came in. `torch.ops.mkldnn._convolution_pointwise`, which `torch.compile` uses
where weights are frozen, goes there directly, takes the activation along, and computes in
channels_last. It has no derivative.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor, fx, nn
from torch.nn import functional as F

from odegraph.emit.execution.step_segments import cut_into_steps
from odegraph.emit.execution.submodules import with_units
from odegraph.emit.unit_call import UNITS
from odegraph.unit.operations import argument

_ACTIVATIONS: Mapping[Any, str] = MappingProxyType(
    {
        **dict.fromkeys((F.relu, torch.relu, "relu"), "relu"),
        **dict.fromkeys((F.tanh, torch.tanh, "tanh"), "tanh"),
        **dict.fromkeys((F.sigmoid, torch.sigmoid, "sigmoid"), "sigmoid"),
    }
)

PACKED = "packed"


def has_direct_convolutions() -> bool:
    """Whether this build of torch computes convolutions in oneDNN, and has been let to."""
    return torch.backends.mkldnn.is_available() and bool(torch.backends.mkldnn.enabled)


def with_direct_convolutions(module: fx.GraphModule) -> fx.GraphModule | None:
    """The same graph, with the slots of `module`; None where its units have no convolutions."""
    called = {str(node.target) for node in module.graph.nodes if node.op == "call_module"}
    units = {name: _directed(module, name) for name in called & set(UNITS.values())}
    changed = {name: unit for name, unit in units.items() if unit is not None}
    return with_units(module, changed) if changed else None


def with_packed_weights(module: fx.GraphModule) -> fx.GraphModule | None:
    """The same with a copy of each weight as oneDNN keeps it, so that no call rearranges it.

    Only for a graph whose slots stay what they are.
    """
    direct = with_direct_convolutions(module)
    if direct is None:
        return None
    pieces = cut_into_steps(direct)
    with torch.no_grad():
        values = dict(zip(pieces.constants, pieces.prologue(), strict=True))
    packed = nn.Module()
    direct.add_module(PACKED, packed)
    for call in direct.graph.find_nodes(op="call_module"):
        for position, convolution in _weights_of(direct, str(call.target)).items():
            read = call.args[position]
            name = f"{read.name}_{call.target}_{position}"
            if not hasattr(packed, name):
                packed.register_buffer(name, _packed(values[read.name], convolution))
            with direct.graph.inserting_before(call):
                call.update_arg(position, direct.graph.get_attr(f"{PACKED}.{name}"))
    direct.graph.eliminate_dead_code()
    direct.recompile()
    return direct


def _weights_of(module: fx.GraphModule, name: str) -> dict[int, fx.Node]:
    """By the position of an argument of a unit the convolution that alone reads it as weight."""
    unit = module.get_submodule(name)
    assert isinstance(unit, fx.GraphModule)
    found = {}
    for position, given in enumerate(unit.graph.find_nodes(op="placeholder")):
        readers = list(given.users)
        if len(readers) == 1 and readers[0].target is convolve and readers[0].args[1] is given:
            found[position] = readers[0]
    return found


def _packed(weight: Tensor, convolution: fx.Node) -> Tensor:
    stride, padding, dilation, groups = (
        convolution.kwargs[name] for name in ("stride", "padding", "dilation", "groups")
    )
    return torch.ops.mkldnn._reorder_convolution_weight(weight, padding, stride, dilation, groups)


def convolve(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    *,
    stride: tuple[int, int],
    padding: tuple[int, int],
    dilation: tuple[int, int],
    groups: int,
    activation: str,
) -> Tensor:
    """activation(conv2d(x)); `activation` is `none` for the convolution alone."""
    images = x if x.dim() == 4 else x.unsqueeze(0)  # a unit may take samples one by one
    result = torch.ops.mkldnn._convolution_pointwise(
        images, weight, bias, padding, stride, dilation, groups, activation, [], ""
    )
    return result if x.dim() == 4 else result.squeeze(0)


def _directed(module: fx.GraphModule, name: str) -> fx.GraphModule | None:
    unit = module.get_submodule(name)
    assert isinstance(unit, fx.GraphModule)
    graph = fx.Graph()
    copies: dict[fx.Node, fx.Node] = {}
    taken: set[fx.Node] = set()
    for node in unit.graph.nodes:
        if node in taken:
            continue
        options = _options(node)
        if options is None:
            copies[node] = graph.node_copy(node, copies.__getitem__)
            continue
        activation = _activation_after(node)
        given = tuple(_argument(node, name, at) for name, at in (("input", 0), ("weight", 1)))
        bias = argument(node, "bias", 2)
        arguments = (*(copies[one] for one in given), None if bias is None else copies[bias])
        kind = "none" if activation is None else _ACTIVATIONS[activation.target]
        copies[node] = graph.call_function(convolve, arguments, {**options, "activation": kind})
        if activation is not None:
            copies[activation] = copies[node]
            taken.add(activation)
    has_any = any(node.target is convolve for node in graph.nodes)
    return fx.GraphModule(unit, graph, class_name="DirectUnit") if has_any else None


def _argument(node: fx.Node, name: str, position: int) -> fx.Node:
    return argument(node, name, position)


def _options(node: fx.Node) -> dict[str, Any] | None:
    """The numbers of a convolution of images; None for everything else."""
    if node.target is not F.conv2d:
        return None
    names = (("stride", 3, 1), ("padding", 4, 0), ("dilation", 5, 1))
    found = {name: _pair(argument(node, name, at), default) for name, at, default in names}
    groups = argument(node, "groups", 6)
    if None in found.values():
        return None  # padding given in a word
    return {**found, "groups": 1 if groups is None else groups}


def _pair(value: Any, default: int) -> tuple[int, int] | None:
    match default if value is None else value:
        case int(both):
            return both, both
        case [int(one)]:
            return one, one
        case [int(first), int(second)]:
            return first, second
    return None


def _activation_after(node: fx.Node) -> fx.Node | None:
    """The activation that alone reads the node."""
    (*_, reader) = readers = list(node.users)
    return reader if len(readers) == 1 and reader.target in _ACTIVATIONS else None
