"""The layout in memory that the state of a block enters in; torch's layers pass it on."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import torch
from torch import Tensor

from odegraph._errors import GraphError

AXES: Mapping[torch.memory_format, str] = MappingProxyType(
    {
        torch.channels_last: "[batch, channels, height, width]",
        torch.channels_last_3d: "[batch, channels, depth, height, width]",
    }
)


def check_memory_format(given: object) -> None:
    """Refuse what is no memory format of torch.

    Raises:
        GraphError: `given` is something else.
    """
    if not isinstance(given, torch.memory_format):
        raise GraphError(
            f"`memory_format` is `{given}`; give a format of torch, such as `torch.channels_last`."
        )


def named_format(state: Mapping[str, Any]) -> dict[str, Any]:
    """The state of an object as it is pickled: `torch.save` cannot write the format itself."""
    return {**state, "memory_format": str(state["memory_format"]).removeprefix("torch.")}


def known_format(state: Mapping[str, Any]) -> dict[str, Any]:
    """The inverse of `named_format`."""
    return {**state, "memory_format": getattr(torch, state["memory_format"])}


def laid_out(x: Tensor, memory_format: torch.memory_format) -> Tensor:
    """The same state in another layout: `x` itself where it has that, or with `preserve_format`.

    Raises:
        GraphError: a state without the axes of the layout.
    """
    if memory_format is torch.preserve_format:
        return x
    axes = AXES.get(memory_format)
    if axes is not None and x.dim() != axes.count(",") + 1:
        raise GraphError(
            f"`memory_format={memory_format}` is a layout of states {axes}, and this one has shape "
            f"{list(x.shape)}. Leave the format out, or choose it for the blocks of images alone."
        )
    return x.contiguous(memory_format=memory_format)


def laid_out_slots(
    slots: Mapping[str, Tensor], memory_format: torch.memory_format
) -> dict[str, Tensor]:
    """Slots whose coefficients lie in the layout of the states that they are to be combined with.

    Those with as many axes as such a state are taken for the weights of convolutions.
    """
    axes = AXES.get(memory_format)
    if axes is None:
        return dict(slots)
    count = axes.count(",") + 2
    return {path: _last(slot) if slot.dim() == count else slot for path, slot in slots.items()}


def _last(slot: Tensor) -> Tensor:
    """[depths, out, in, *space] with the strides of [depths, out, *space, in]."""
    return slot.movedim(2, -1).contiguous().movedim(-1, 2)
