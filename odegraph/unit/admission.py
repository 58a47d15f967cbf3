"""What may become a unit: checks before tracing, and the copy that is traced."""

from __future__ import annotations

import copy
import inspect
from typing import Any

from torch import Tensor, nn
from torch.nn.parameter import is_lazy

from odegraph._errors import UnitError


def admit(module: Any) -> nn.Module:
    """A copy with its own mode and attributes that shares every tensor with the module.

    Tracing sets the mode and runs `forward`, and the user's module must not notice.
    """
    _refuse_non_module(module)
    name = type(module).__name__
    _refuse_signature(module, name)
    _refuse_lazy(module, name)
    tensors = [*module.parameters(), *module.buffers()]
    tensors += [v for m in module.modules() for v in vars(m).values() if isinstance(v, Tensor)]
    try:
        return copy.deepcopy(module, memo={id(tensor): tensor for tensor in tensors})
    except Exception as error:
        raise UnitError(
            f"The unit `{name}` cannot be copied ({type(error).__name__}: {error}), and a copy is "
            "what is traced. Keep files, locks and generators out of the module."
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


def _refuse_signature(module: nn.Module, name: str) -> None:
    if type(module).forward is nn.Module.forward:
        raise UnitError(f"The unit `{name}` has no `forward`. Define `forward(self, x)`.")
    parameters = inspect.signature(module.forward).parameters.values()
    positional = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    required = [p.name for p in parameters if p.default is p.empty and p.kind not in _VARIADIC]
    takes_any = any(p.kind is inspect.Parameter.VAR_POSITIONAL for p in parameters)
    if len(required) > 1 or not (positional or takes_any):
        raise UnitError(
            f"The unit `{name}` has `forward({', '.join(required)})`; a unit takes the state "
            "alone: `forward(x)`. Depth enters through the coefficients theta(t), so choose a basis with "
            "more elements instead of an argument for time; give other arguments a default."
        )


_VARIADIC = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


def _refuse_lazy(module: nn.Module, name: str) -> None:
    for path, value in [*module.named_parameters(), *module.named_buffers()]:
        if is_lazy(value):
            raise UnitError(
                f"The unit `{name}` has the lazy parameter `{path}`, which has no shape yet. "
                "Call the unit once on a state before compiling it."
            )
