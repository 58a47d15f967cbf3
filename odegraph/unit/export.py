"""Tracing with torch.export, for what torch.fx cannot trace: lifts values, keeps buffer updates."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, fx, nn
from torch.export import Dim, ExportedProgram
from torch.export.graph_signature import InputKind, OutputKind
from torch.nn import functional as F

from odegraph._errors import UnitError
from odegraph.unit.functional import Trace
from odegraph.unit.operations import leaves_the_graph
from odegraph.unit.quiet import quiet
from odegraph.unit.symbolic import WRAPPER, constant_tensor

_aten = torch.ops.aten

# The same operation under the name that people write; the rest keeps the name of torch.ops.aten.
_PUBLIC: Mapping[Any, Any] = {
    _aten.add.Tensor: operator.add,
    _aten.add.Scalar: operator.add,
    _aten.sub.Tensor: operator.sub,
    _aten.sub.Scalar: operator.sub,
    _aten.mul.Tensor: operator.mul,
    _aten.mul.Scalar: operator.mul,
    _aten.div.Tensor: operator.truediv,
    _aten.div.Scalar: operator.truediv,
    _aten.neg.default: operator.neg,
    **{
        getattr(_aten, n).Scalar: getattr(operator, n) for n in ("gt", "ge", "lt", "le", "eq", "ne")
    },
    **{
        getattr(_aten, n).Tensor: getattr(operator, n) for n in ("gt", "ge", "lt", "le", "eq", "ne")
    },
    _aten.matmul.default: torch.matmul,
    _aten.mm.default: torch.mm,
    _aten.bmm.default: torch.bmm,
    _aten.linear.default: F.linear,
    _aten.conv1d.default: F.conv1d,
    _aten.conv2d.default: F.conv2d,
    _aten.conv3d.default: F.conv3d,
    _aten.relu.default: F.relu,
    _aten.gelu.default: F.gelu,
    _aten.silu.default: F.silu,
    _aten.softmax.int: torch.softmax,
    _aten.where.self: torch.where,
    _aten.native_dropout.default: torch.native_dropout,
    _aten.cat.default: torch.cat,
    _aten.arange.default: torch.arange,
    _aten.scaled_dot_product_attention.default: F.scaled_dot_product_attention,
    **{getattr(_aten, n).default: getattr(torch, n) for n in ("tanh", "sigmoid", "sin", "cos")},
    **{
        getattr(_aten, n).default: getattr(torch, n)
        for n in ("exp", "log", "sqrt", "abs", "square")
    },
}
_METHODS: Mapping[Any, str] = {
    _aten.sym_size.int: "size",
    _aten.view.default: "view",
    _aten.reshape.default: "reshape",
    _aten.permute.default: "permute",
    _aten.transpose.int: "transpose",
    _aten.unsqueeze.default: "unsqueeze",
    _aten.expand.default: "expand",
    _aten.select.int: "select",
    _aten.squeeze.dim: "squeeze",
    _aten.split.Tensor: "split",
    _aten._unsafe_view.default: "reshape",
    _aten.clone.default: "clone",
}
_LONGEST_LITERAL = 64
_IDLE = ("pin_memory", "layout")
_CHECKS = ("_assert", "sym_constrain_range", "_check")


def trace_by_export(module: nn.Module, example: Tensor) -> Trace:
    """The graph of module(x) for every batch size, from one state."""
    with quiet():
        dynamic = {"x": dict.fromkeys(range(example.dim()), Dim.AUTO)}
        program = torch.export.export(module, (_batch(example),), dynamic_shapes=dynamic)
        _refuse_modes(program)
        program = program.run_decompositions({})
    return _read(program)


def _batch(example: Tensor) -> Tensor:
    """A size of one would be taken for a constant."""
    return torch.cat([example, example]) if example.dim() > 1 and len(example) == 1 else example


def _refuse_modes(program: ExportedProgram) -> None:
    for node in program.graph.nodes:
        if "set_grad_enabled" in str(node.target) or "autocast" in str(node.target):
            raise UnitError(
                "switches gradients or autocast inside of its forward, which a static graph "
                "cannot hold. Use `.detach()`, or switch around the whole block."
            )


def _read(program: ExportedProgram) -> Trace:
    graph = fx.Graph()
    state = graph.placeholder("x")
    copies: dict[fx.Node, Any] = {}
    inputs = {spec.arg.name: spec for spec in program.graph_signature.input_specs}
    for node in program.graph.nodes:
        if node.op == "placeholder":
            copies[node] = _input(graph, inputs[node.name], program, state)
        elif node.op == "get_attr":
            raise UnitError(
                "branches or loops on values with an operator of torch that holds whole graphs. "
                "Use `torch.where`, which computes both sides."
            )
        elif node.op != "output" and not str(node.target).startswith(_CHECKS, 5):
            copies[node] = _copy(graph, node, lambda n: copies[n])
    return _outputs(program, graph, {n.name: c for n, c in copies.items()})


def _input(graph: fx.Graph, spec: Any, program: ExportedProgram, state: fx.Node) -> fx.Node:
    match spec.kind:
        case InputKind.USER_INPUT:
            return state
        case InputKind.PARAMETER | InputKind.BUFFER:
            return graph.create_node("get_attr", spec.target.removeprefix(WRAPPER))
    value = program.constants.get(spec.target)
    is_short = isinstance(value, Tensor) and value.numel() <= _LONGEST_LITERAL
    if not isinstance(value, Tensor) or not is_short or "lifted_tensor" not in spec.target:
        raise UnitError(constant_tensor(str(spec.target)))
    # Written as numbers in forward, so it is a constant of the unit and is written out again.
    options = {"dtype": value.dtype, "device": graph.call_function(getattr, (state, "device"))}
    return graph.call_function(torch.tensor, (value.tolist(),), options)


def _copy(graph: fx.Graph, node: fx.Node, value: Callable[[fx.Node], Any]) -> fx.Node:
    args = fx.map_arg(tuple(node.args), value)
    kwargs = {k: fx.map_arg(v, value) for k, v in node.kwargs.items() if k not in _IDLE}
    if "device" in kwargs:
        kwargs["device"] = _device_of_state(graph)
    if node.target in (_aten.item.default, _aten._local_scalar_dense.default):
        raise UnitError(leaves_the_graph("item"))
    if node.target in _METHODS:
        return graph.call_method(_METHODS[node.target], args, kwargs)
    if node.target is _aten.layer_norm.default:
        return graph.call_function(F.layer_norm, args[:5])
    is_plain = "alpha" not in kwargs
    target = _PUBLIC.get(node.target, node.target) if is_plain else node.target
    return graph.create_node("call_function", target, args, kwargs, node.name.strip("_"))


def _device_of_state(graph: fx.Graph) -> fx.Node:
    """A tensor that was made on the example's device is made on the state's device instead."""
    state = next(n for n in graph.nodes if n.op == "placeholder")
    return graph.call_function(getattr, (state, "device"))


def _outputs(program: ExportedProgram, graph: fx.Graph, copies: Mapping[str, Any]) -> Trace:
    updates: dict[str, fx.Node] = {}
    rates: list[Any] = []
    for spec in program.graph_signature.output_specs:
        if spec.kind is OutputKind.BUFFER_MUTATION:
            updates[str(spec.target).removeprefix(WRAPPER)] = copies[spec.arg.name]
        elif spec.kind is OutputKind.USER_OUTPUT:
            rates.append(copies.get(spec.arg.name))
    graph.output(rates[0] if len(rates) == 1 else tuple(rates))
    return Trace(graph, updates)
