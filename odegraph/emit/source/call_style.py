"""How a call of torch is written by hand: its public name, and only the arguments that matter."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Mapping
from typing import Any

import torch
from torch import fx
from torch.nn import functional as F

from odegraph._errors import EmitError

REQUIRED = object()

_CONVOLUTION = {"stride": 1, "padding": 0, "dilation": 1, "groups": 1}
_TRANSPOSED = {"stride": 1, "padding": 0, "output_padding": 0, "groups": 1, "dilation": 1}
_AFFINE = {"input": REQUIRED, "weight": REQUIRED, "bias": None}
_POOL = {"padding": 0, "ceil_mode": False, "count_include_pad": True, "divisor_override": None}

# Functions written in C++ have no signature to ask for.
_DEFAULTS: Mapping[Any, Mapping[str, Any]] = {
    F.linear: _AFFINE,
    F.conv1d: _AFFINE | _CONVOLUTION,
    F.conv2d: _AFFINE | _CONVOLUTION,
    F.conv3d: _AFFINE | _CONVOLUTION,
    F.conv_transpose1d: _AFFINE | _TRANSPOSED,
    F.conv_transpose2d: _AFFINE | _TRANSPOSED,
    F.conv_transpose3d: _AFFINE | _TRANSPOSED,
    F.gelu: {"input": REQUIRED, "approximate": "none"},
    F.softplus: {"input": REQUIRED, "beta": 1.0, "threshold": 20.0},
    F.hardshrink: {"input": REQUIRED, "lambd": 0.5},
    F.softshrink: {"input": REQUIRED, "lambd": 0.5},
    F.avg_pool1d: {"input": REQUIRED, "kernel_size": REQUIRED, "stride": None} | _POOL,
    F.avg_pool2d: {"input": REQUIRED, "kernel_size": REQUIRED, "stride": None} | _POOL,
    F.avg_pool3d: {"input": REQUIRED, "kernel_size": REQUIRED, "stride": None} | _POOL,
}
_CONSTANTS_BY_NAME = (F.multi_head_attention_forward,)
_ALWAYS_SHOWN = ("p", "training")
_NEVER_SHOWN = ("_stacklevel", "inplace")
_ONE_PER_AXIS = ("stride", "padding", "dilation", "output_padding", "kernel_size")


def styled(target: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> tuple[list, dict]:
    """Positional and keyword arguments of a call, without those that are at their default."""
    defaults = _defaults(target)
    if defaults is None or len(args) > len(defaults):
        return list(args), dict(kwargs)
    given = dict(zip(defaults, args, strict=False)) | dict(kwargs)
    if not set(given) <= set(defaults):
        return list(args), dict(kwargs)
    positional: list[Any] = []
    named: dict[str, Any] = {}
    for key, default in defaults.items():
        value = _one_for_all_axes(key, given.get(key, default))
        if key in _NEVER_SHOWN or (_same(value, default) and key not in _ALWAYS_SHOWN):
            continue
        named_constant = target in _CONSTANTS_BY_NAME and not isinstance(value, fx.Node)
        in_line = not named and not named_constant and len(positional) == list(defaults).index(key)
        if in_line and (default is REQUIRED or isinstance(value, fx.Node)):
            positional.append(value)
        else:
            named[key] = value
    return positional, named


def _same(value: Any, default: Any) -> bool:
    return value is default or (type(value) is type(default) and value == default)


def _one_for_all_axes(key: str, value: Any) -> Any:
    is_per_axis = key in _ONE_PER_AXIS and isinstance(value, tuple | list) and value
    if is_per_axis and all(v == value[0] for v in value):
        return value[0]
    return value


@functools.cache
def _defaults(target: Any) -> Mapping[str, Any] | None:
    if target in _DEFAULTS:
        return _DEFAULTS[target]
    if not inspect.isfunction(target) or getattr(F, target.__name__, None) is not target:
        return None
    parameters = inspect.signature(target).parameters.values()
    if any(p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD) for p in parameters):
        return None
    return {p.name: REQUIRED if p.default is p.empty else p.default for p in parameters}


def public_name(target: Any) -> str:
    """`F.relu`, `torch.tanh`, `torch.ops.aten.add.Tensor`; what torch does not name is refused."""
    if isinstance(target, torch._ops.OpOverload) and target.namespace == "aten":
        return f"torch.ops.{target}"
    found = _names().get(target)
    if found is None:
        raise EmitError(
            f"The unit calls `{getattr(target, '__name__', target)}`, which a stand-alone module "
            "cannot import. Write it with functions of torch or torch.nn.functional."
        )
    return found


@functools.cache
def _names() -> dict[Any, str]:
    """Later entries win: torch.nn.functional before torch before its submodules."""
    private = {name: f for name, f in vars(torch).items() if name.startswith("_")}
    public = [
        ("torch.special", vars(torch.special)),
        ("torch.fft", vars(torch.fft)),
        ("torch.linalg", vars(torch.linalg)),
        ("torch.autograd", {"grad": torch.autograd.grad}),
        ("torch", vars(torch)),
        ("F", vars(F)),
    ]
    found = _callables("torch", private)
    for prefix, space in public:
        found |= _callables(prefix, {n: f for n, f in space.items() if not n.startswith("_")})
    return found


def _callables(prefix: str, space: Mapping[str, Any]) -> dict[Any, str]:
    """Functions by what they are; of several names the function's own wins."""
    names = [n for n, f in space.items() if callable(f) and not isinstance(f, type)]
    names.sort(key=lambda n: (n == getattr(space[n], "__name__", None), n))
    return {space[n]: f"{prefix}.{n}" for n in names}
