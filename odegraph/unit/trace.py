"""From an `nn.Module` to a `Unit`: traced once in evaluation mode and once in training mode."""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import Tensor, fx, nn

from odegraph._errors import UnitError
from odegraph.unit.functional import functional_graph, new_module
from odegraph.unit.symbolic import trace_symbolically
from odegraph.unit.unit import Unit

_PREFIX = "unit."


class _Rate(nn.Module):
    """Calls the unit with the state alone, so that hooks and optional arguments do as they do."""

    def __init__(self, unit: nn.Module) -> None:
        super().__init__()
        self.unit = unit

    def forward(self, x: Tensor) -> Tensor:
        return self.unit(x)


def trace_unit(module: nn.Module, *, example: Tensor | None = None) -> Unit:
    """Trace a residual module R(x) into functional graphs R(x, *parameters, *buffers).

    The module itself is left as it is. `example` is a state; only units that torch.fx cannot trace
    need one.
    """
    refuse_non_module(module)
    work = _Rate(_copy_structure(module))
    parameters = tuple(path for path, _ in module.named_parameters())
    buffers = tuple(path for path, _ in module.named_buffers())
    evaluation, _ = _trace(work.eval(), parameters, buffers)
    training, updated = _trace(work.train(), parameters, buffers)
    if training.code == evaluation.code:
        training = evaluation
    cls = type(module)
    return Unit(
        name=cls.__name__,
        reference=f"{cls.__module__}:{cls.__qualname__}",
        parameters=parameters,
        buffers=buffers,
        updated_buffers=updated,
        positive_buffers=_positive_buffers(module),
        is_linear=False,
        evaluation=evaluation,
        training=training,
        value_shapes=tuple(v.to("meta") for v in [*_parameters(module), *_buffers(module)]),
    )


def _parameters(module: nn.Module) -> list[Tensor]:
    return [p.detach() for _, p in module.named_parameters()]


def _buffers(module: nn.Module) -> list[Tensor]:
    return [b.detach() for _, b in module.named_buffers()]


def refuse_non_module(module: Any) -> None:
    """Refuse what is not an instance of nn.Module."""
    if not isinstance(module, nn.Module):
        raise UnitError(f"not a module `{module}`")


def _copy_structure(module: nn.Module) -> nn.Module:
    """A copy with its own mode and attributes that shares every tensor with the original."""
    tensors = [*module.parameters(), *module.buffers()]
    tensors += [v for m in module.modules() for v in vars(m).values() if isinstance(v, Tensor)]
    return copy.deepcopy(module, memo={id(tensor): tensor for tensor in tensors})


def _trace(
    work: nn.Module, parameters: tuple[str, ...], buffers: tuple[str, ...]
) -> tuple[fx.GraphModule, tuple[str, ...]]:
    traced, updates = trace_symbolically(work)
    new_values = {path.removeprefix(_PREFIX): node for path, node in updates.items()}
    graph = functional_graph(traced, new_values, parameters=parameters, buffers=buffers)
    return new_module(graph, name=type(work).__name__), tuple(b for b in buffers if b in new_values)


def _positive_buffers(module: nn.Module) -> tuple[str, ...]:
    """Running variances: a projection in depth must keep them positive."""
    found = []
    for path, layer in module.named_modules():
        if isinstance(layer, nn.modules.batchnorm._NormBase) and layer.running_var is not None:
            found.append(f"{path}.running_var".lstrip("."))
    return tuple(b for b, _ in module.named_buffers() if b in found)
