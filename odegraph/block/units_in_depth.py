"""Blocks whose theta(t) starts from several units, one at each node of the basis."""

from collections.abc import Sequence
from fractions import Fraction

import torch
from torch import Tensor, nn

from odegraph._errors import UnitError
from odegraph.basis import Basis, ExactMatrix, identity, projection
from odegraph.basis.exact_matrix import solve
from odegraph.basis.projection import collocation
from odegraph.block.ode_block import OdeBlock
from odegraph.block.slot_maps import map_slots, map_statistics
from odegraph.emit.slots import slot_module
from odegraph.ir import Manifestation, manifestation, statistics_basis
from odegraph.scheme import Scheme
from odegraph.unit import Unit, trace_unit


def block_of_units(
    units: Sequence[nn.Module],
    *,
    scheme: Scheme | str,
    basis: Basis,
    steps: int | None = None,
    grid: Sequence[Fraction | int | str] | None = None,
    span: Fraction | int | float | str = 1,
    state_basis: Basis | None = None,
    example: Tensor | None = None,
) -> OdeBlock:
    """A block with theta(t_b) equal to the parameters of units[b] at each node t_b of the basis.

    On a piecewise-constant basis unit b is element b: with forward Euler and one step an element
    the block is the residual network of these units, and independent units start it as one.

    Raises:
        UnitError: not one unit for each coefficient, or units of unequal structure.
        SchemeError, GraphError: see `OdeBlock`.
    """
    if len(units) != basis.size:
        raise UnitError(
            f"There are {len(units)} units for the {basis.size} coefficients of {basis!r}; give "
            "one unit for each node of the basis."
        )
    refuse_unequal_units(units)
    traced = trace_unit(units[0], example=example)
    form = manifestation(
        scheme,
        basis=basis,
        state_basis=_state_basis(traced, basis, state_basis),
        steps=steps,
        grid=grid,
        span=span,
    )
    block = of_values(traced, form, units)
    block.train(units[0].training)
    return block


def of_values(unit: Unit, form: Manifestation, units: Sequence[nn.Module]) -> OdeBlock:
    """A block of a traced unit that takes its values at the nodes of the basis from `units`."""
    coefficients = coefficients_of_values(form.basis)
    theta = map_slots(_stacked([dict(one.named_parameters()) for one in units]), coefficients)
    state: dict[str, Tensor] = {}
    if form.state_basis is not None:
        values = _stacked([dict(one.named_buffers()) for one in units])
        matrix = coefficients
        if form.state_basis != form.basis:
            matrix = projection(form.basis, form.state_basis) @ coefficients
        state = map_statistics(values, matrix, positive=unit.positive_slots)
    return OdeBlock.of_slots(unit, form, theta=slot_module(theta), state=slot_module(state))


def coefficients_of_values(basis: Basis) -> ExactMatrix:
    """The map from values of theta at the nodes of a basis to its coefficients."""
    return solve(collocation(basis, basis), identity(basis.size))


def refuse_unequal_units(units: Sequence[nn.Module]) -> None:
    """Refuse units of which one has another class, or tensors of other names or shapes.

    Raises:
        UnitError: names the first two that differ, and the difference.
    """
    first = describe(units[0])
    for number, unit in enumerate(units[1:], start=2):
        difference = first_difference(first, describe(unit))
        if difference is not None:
            raise UnitError(
                f"Unit 1 and unit {number} are not equal in structure: {difference}. All "
                "units of a block share one traced graph; only their values may differ."
            )


def describe(unit: nn.Module) -> dict[str, str]:
    """The structure of a module: its layers with their settings, its tensors with their shapes."""
    layers = {
        f"layer `{path or '.'}`": f"{type(layer).__name__}({layer.extra_repr()})"
        for path, layer in unit.named_modules()
    }
    tensors = {**dict(unit.named_parameters()), **dict(unit.named_buffers())}
    shapes = {f"`{path}`": f"{list(t.shape)} {t.dtype}" for path, t in tensors.items()}
    return layers | shapes


def first_difference(first: dict[str, str], second: dict[str, str]) -> str | None:
    """Where two descriptions differ first, in words; None where they do not."""
    for name in dict.fromkeys([*first, *second]):
        one, other = first.get(name, "missing"), second.get(name, "missing")
        if one != other:
            return f"{name} is {one} in one and {other} in the other"
    return None


def _stacked(values: Sequence[dict[str, Tensor]]) -> dict[str, Tensor]:
    return {
        path: _stack([one[path] for one in values], like=tensor)
        for path, tensor in values[0].items()
    }


def _stack(tensors: Sequence[Tensor], *, like: Tensor) -> Tensor:
    stacked = torch.stack([tensor.detach() for tensor in tensors])
    return nn.Parameter(stacked, like.requires_grad) if isinstance(like, nn.Parameter) else stacked


def _state_basis(unit: Unit, basis: Basis, given: Basis | None) -> Basis | None:
    if not unit.buffers:
        return None
    return statistics_basis(basis) if given is None else given
