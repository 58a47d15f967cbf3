"""What may become a unit: checks before tracing, and the copy that is traced."""

from __future__ import annotations

import copy
import inspect
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from odegraph._errors import UnitError

_VARIADIC = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
_POSITIONAL = (
    inspect.Parameter.POSITIONAL_ONLY,
    inspect.Parameter.POSITIONAL_OR_KEYWORD,
    inspect.Parameter.VAR_POSITIONAL,
)


def admit(module: Any) -> nn.Module:
    """A copy with its own mode and attributes that shares every tensor with the module.

    Tracing sets the mode and runs `forward`, and the user's module must not notice.
    """
    _refuse_non_module(module)
    name = type(module).__name__
    _refuse_compiled(module, name)
    _refuse_signature(module, name)
    _refuse_lazy(module, name)
    return copy_structure(module)


def copy_structure(module: nn.Module) -> nn.Module:
    """A copy that shares every tensor with the module."""
    tensors = [*module.parameters(), *module.buffers()]
    tensors += [v for m in module.modules() for v in vars(m).values() if isinstance(v, Tensor)]
    try:
        return copy.deepcopy(module, memo={id(tensor): tensor for tensor in tensors})
    except Exception as error:
        raise UnitError(
            f"The unit `{type(module).__name__}` cannot be copied ({type(error).__name__}: {error})"
            ", and a copy is what is traced. Keep files, locks and generators out of the module."
        ) from error


def _refuse_non_module(module: Any) -> None:
    if isinstance(module, nn.Module):
        return
    if isinstance(module, type) and issubclass(module, nn.Module):
        raise UnitError(
            f"A unit is an instance of `{module.__name__}`, and this is the class. "
            f"Call it: `{module.__name__}(...)`."
        )
    raise UnitError(
        f"A unit is a `torch.nn.Module`, and this is `{type(module).__name__}`. Put the function "
        "R(x) into the `forward` of an nn.Module, with its weights as nn.Parameter."
    )


def _refuse_compiled(module: nn.Module, name: str) -> None:
    if isinstance(module, torch.jit.ScriptModule) or hasattr(module, "_orig_mod"):
        raise UnitError(
            f"The unit `{name}` is compiled already, and cannot be traced again. Pass the plain "
            "nn.Module, and compile the block instead."
        )


def _refuse_signature(module: nn.Module, name: str) -> None:
    if type(module).forward is nn.Module.forward:
        raise UnitError(f"The unit `{name}` has no `forward`. Define `forward(self, x)`.")
    parameters = inspect.signature(module.forward).parameters.values()
    required = [p.name for p in parameters if p.default is p.empty and p.kind not in _VARIADIC]
    takes_state = any(p.kind in _POSITIONAL for p in parameters)
    if len(required) > 1 or not takes_state:
        raise UnitError(
            f"The unit `{name}` has `forward({', '.join(required)})`; a unit takes the state "
            "alone: `forward(x)`. Depth enters through the coefficients theta(t), so choose a "
            "basis with more elements instead of an argument for time; give other arguments a "
            "default."
        )


def _refuse_lazy(module: nn.Module, name: str) -> None:
    for path, value in [*module.named_parameters(), *module.named_buffers()]:
        if is_lazy(value):
            raise UnitError(
                f"The unit `{name}` has the lazy parameter `{path}`, which has no shape yet. "
                "Call the unit once on a state before compiling it."
            )
