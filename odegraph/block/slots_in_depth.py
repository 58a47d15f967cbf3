"""The slots of a new block, and those of a state dict that it is asked to load."""

from collections.abc import Mapping
from typing import Protocol

import torch
from torch import Tensor, nn

from odegraph._errors import ProjectionError
from odegraph._exact import to_float
from odegraph.basis import Basis
from odegraph.emit.rounding import Precision
from odegraph.emit.slots import slot_module, slot_of, slots_of
from odegraph.ir import Manifestation, statistics_basis
from odegraph.unit import Unit


class HasSlots(Protocol):
    """A block: its slots, and the manifestation that says what they are coefficients of."""

    manifestation: Manifestation
    theta: nn.Module
    state: nn.Module


def basis_of_statistics(unit: Unit, basis: Basis, given: Basis | None) -> Basis | None:
    """The basis of the unit's buffers: the one given, or what suits `basis`."""
    if not unit.buffers:
        return None
    return given if given is not None or not isinstance(basis, Basis) else statistics_basis(basis)


def constant_slots(unit: nn.Module, form: Manifestation) -> tuple[nn.Module, nn.Module]:
    """Slots of all parameters and of all buffers that have the unit's own values at every depth."""
    theta = {
        path: nn.Parameter(_constant_in_depth(value, form.basis), value.requires_grad)
        for path, value in unit.named_parameters()
    }
    state = {
        path: _constant_in_depth(value, form.state_basis) for path, value in unit.named_buffers()
    }
    return slot_module(theta), slot_module(state)


def first_of_slots(unit: Unit, theta: nn.Module, state: nn.Module) -> list[Tensor]:
    """Parameters and buffers that the unit can be called with: the first of each slot."""
    return [
        *(slot_of(theta, path)[0] for path in unit.parameters),
        *(slot_of(state, path)[0] for path in unit.buffers),
    ]


def precision_of(slots: Mapping[str, Tensor]) -> Precision:
    """The float precision of the slots."""
    floats = (slot for slot in slots.values() if slot.is_floating_point())
    # Without slots the state alone decides; weights in double suit a state of any precision.
    dtype = next((slot.dtype for slot in floats), torch.float64)
    return Precision.DOUBLE if dtype == torch.float64 else Precision.SINGLE


def refuse_other_bases(
    block: HasSlots, state_dict: Mapping[str, Tensor], prefix: str, *_: object
) -> None:
    """Refuse slots with another number of coefficients; a hook before a state dict is loaded.

    Raises:
        ProjectionError: a slot is one of another basis.
    """
    for kind, container in (("theta", block.theta), ("state", block.state)):
        for path, slot in slots_of(container).items():
            given = state_dict.get(f"{prefix}{kind}.{path}")
            if given is None or given.shape[1:] != slot.shape[1:]:
                continue  # torch names missing keys and units of other sizes
            if given.shape[0] != slot.shape[0]:
                raise ProjectionError(
                    f"`{prefix}{kind}.{path}` has {given.shape[0]} coefficients in the state dict, "
                    f"but the basis {block.manifestation.basis!r} has {slot.shape[0]}. Load it "
                    "into a block of the basis that it was saved with, then use "
                    "`odegraph.project`."
                )


def _constant_in_depth(value: Tensor, basis: Basis | None) -> Tensor:
    """The coefficients of the function that has `value` at every depth."""
    assert basis is not None
    if not value.is_floating_point():
        return torch.stack([value.detach().clone()] * basis.size)
    weights = [to_float(coefficient) for coefficient in basis.constant_coefficients()]
    return torch.stack([value.detach() * weight for weight in weights])
