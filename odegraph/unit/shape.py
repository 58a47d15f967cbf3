"""The law of a residual unit: the rate has the shape of the state. Checked without numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch._subclasses import fake_tensor

from odegraph._errors import UnitError
from odegraph.unit.quiet import quiet

BATCH = 2
_LENGTHS = (8, 7, 32)
_MOST_GUESSES = 30

_VALUE_DEPENDENT = (
    "has a rate whose shape depends on values, as with `x[x > 0]`; dx/dt = R(x, theta) has the "
    "shape of the state. Use `torch.where`, which keeps every entry."
)

Shape = tuple[int, ...]


def refuse_shape_change(run: Callable[..., Any], x: Tensor, values: Sequence[Tensor]) -> None:
    """Raise where the rate of a state like x has another shape than x."""
    try:
        rate = _shape_of_rate(run, tuple(x.shape), values, like=x)
    except UnitError:
        raise
    except Exception as error:
        raise UnitError(
            f"does not accept a state of shape {list(x.shape)}: "
            f"{first_line(error)}. Give it a state of the shape its first layer takes."
        ) from error
    if rate != tuple(x.shape):
        raise UnitError(_shape_change(tuple(x.shape), rate))


def guess_state(
    module: nn.Module, rate: Callable[..., Any], values: Sequence[Tensor]
) -> Tensor | None:
    """A state (on the meta device) that the unit accepts, guessed from the sizes of its layers.

    None where no guess is accepted; an error where a layer or a matrix says what a state is and
    every rate has another shape. A vector of parameters says little: it may scale a part.
    """
    reliable = set(candidate_shapes(module, least_dimensions=2))
    changed: list[tuple[Shape, Shape]] = []
    like = _like(values)
    for shape in candidate_shapes(module, least_dimensions=0):
        try:
            result = _shape_of_rate(rate, shape, values, like=like)
        except UnitError:
            raise
        except fake_tensor.DynamicOutputShapeException as error:
            raise UnitError(_VALUE_DEPENDENT) from error
        except fake_tensor.DataDependentOutputException:
            result = shape  # as far as the unit gets without numbers, it takes this state
        except Exception:
            continue
        if result == shape:
            return torch.empty(shape, dtype=like.dtype, device="meta")
        if shape in reliable:
            changed.append((shape, result))
    if changed:
        raise UnitError(_shape_change(*changed[0]))
    return None


def _like(values: Sequence[Tensor]) -> Tensor:
    floating = (v for v in values if v.is_floating_point())
    return torch.empty((), dtype=next(floating, torch.empty(())).dtype)


def _shape_of_rate(
    run: Callable[..., Any], shape: Shape, values: Sequence[Tensor], *, like: Tensor
) -> Shape:
    mode = fake_tensor.FakeTensorMode(allow_non_fake_inputs=True)
    with quiet(), mode, torch.no_grad():
        x = torch.empty(shape, dtype=like.dtype, device=like.device)
        inputs = [
            torch.empty(
                v.shape,
                dtype=like.dtype if v.is_floating_point() else v.dtype,
                device=like.device,
            )
            for v in values
        ]
        rate = run(x, *inputs)
    if not isinstance(rate, Tensor):
        raise UnitError(
            f"returns `{type(rate).__name__}`; dx/dt = R(x, theta) is one tensor of the state's "
            "shape. Return that tensor alone."
        )
    return tuple(rate.shape)


def _shape_change(state: Shape, rate: Shape) -> str:
    return (
        f"maps a state of shape {list(state)} to a rate of shape {list(rate)}; "
        "dx/dt = R(x, theta) needs both to be equal. Let its last layer return as many features, "
        "and the same spatial size, as its first layer takes."
    )


def first_line(error: BaseException) -> str:
    """The first line of a message, short enough to stand inside another one."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines[0] if lines else type(error).__name__)[:200].rstrip(". ")


def candidate_shapes(module: nn.Module, *, least_dimensions: int) -> list[Shape]:
    """Shapes of states that some layer, or else some bare parameter, of the module would take.

    Of the parameters, those with at least `least_dimensions` dimensions are asked.
    """
    found: dict[Shape, None] = {}
    # Attention layers first: other layers take states of any rank.
    is_other = {layer: not isinstance(layer, nn.MultiheadAttention) for layer in module.modules()}
    for layer in sorted(is_other, key=lambda layer: is_other[layer]):
        found |= dict.fromkeys(_taken_by(layer))
    for parameter in module.parameters():
        if parameter.dim() >= least_dimensions:
            found |= dict.fromkeys(_features(n) for n in reversed(parameter.shape))
    return list(found)[:_MOST_GUESSES]


def _features(size: int) -> Shape:
    return (BATCH, size)


def _sequences(size: Shape) -> Iterator[Shape]:
    yield (BATCH, *size)
    yield (BATCH, 5, *size)


def _images(channels: int, *, axes: int) -> Iterator[Shape]:
    for length in _LENGTHS:
        yield (BATCH, channels, *[length] * axes)


def _taken_by(layer: nn.Module) -> Iterator[Shape]:
    match layer:
        case nn.Linear():
            yield from _sequences((layer.in_features,))
        case nn.Bilinear():
            yield from _sequences((layer.in1_features,))
        case nn.LayerNorm() | nn.RMSNorm():
            yield from _sequences(tuple(layer.normalized_shape))
        case nn.MultiheadAttention():
            yield (BATCH, 5, layer.embed_dim)
        case nn.Conv1d() | nn.ConvTranspose1d():
            yield from _images(layer.in_channels, axes=1)
        case nn.Conv2d() | nn.ConvTranspose2d():
            yield from _images(layer.in_channels, axes=2)
        case nn.Conv3d() | nn.ConvTranspose3d():
            yield from _images(layer.in_channels, axes=3)
        case nn.BatchNorm1d() | nn.InstanceNorm1d():
            yield _features(layer.num_features)
            yield from _images(layer.num_features, axes=1)
        case nn.BatchNorm2d() | nn.InstanceNorm2d():
            yield from _images(layer.num_features, axes=2)
        case nn.BatchNorm3d() | nn.InstanceNorm3d():
            yield from _images(layer.num_features, axes=3)
        case nn.GroupNorm():
            for axes in (2, 1, 0):
                yield from _images(layer.num_channels, axes=axes)
