"""Carry an optimizer along when coefficients move to another basis."""

import copy
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from odegraph._errors import GraphError, ProjectionError
from odegraph._exact import shorten
from odegraph.basis import Basis, ExactMatrix, dual, mass, projection
from odegraph.block.ode_block import OdeBlock
from odegraph.block.slot_maps import dense, map_slot
from odegraph.emit.slots import slots_of

FIRST_MOMENTS = ("exp_avg", "momentum_buffer", "grad_avg")
SECOND_MOMENTS = ("exp_avg_sq", "max_exp_avg_sq", "square_avg", "sum")

Optimizer = TypeVar("Optimizer", bound=torch.optim.Optimizer)


@dataclass(frozen=True)
class Move:
    """Where a parameter went: its successor and the map of dual vectors, None for a plain copy."""

    target: nn.Parameter
    dual: ExactMatrix | None


def transfer_optimizer(
    optimizer: Optimizer, old_model: nn.Module, new_model: nn.Module
) -> Optimizer:
    """The optimizer of `new_model`, with what that of `old_model` has learned about gradients.

    `new_model` was made of `old_model` by `refine`, `project`, `split` and the like. If theta' =
    P theta, gradients obey g = P^T g'; so what averages gradients (momentum) is a dual vector and
    moves with the pseudo-inverse transpose (P^+)^T: where an element is cut in two, each child gets
    half. Second moments are squares of such vectors: their roots move with the absolute values of
    that matrix, so they stay positive, and the step of Adam keeps its size. Learning rates and
    all other settings are kept.

    Raises:
        GraphError: a parameter of the optimizer belongs to no parameter of both models.
        ProjectionError: the optimizer keeps something of which it is not known how it moves.
    """
    known = moves(old_model, new_model)
    strangers = [p for group in optimizer.param_groups for p in group["params"] if p not in known]
    if strangers:
        raise GraphError(
            f"The optimizer has {len(strangers)} parameters (the first of shape "
            f"{list(strangers[0].shape)}) that `{type(old_model).__name__}` does not share with "
            "the new model. Give the model that it was made for, and what was made of that."
        )
    moved = copy.copy(optimizer)
    move_optimizer(moved, known)
    return moved


def move_optimizer(optimizer: torch.optim.Optimizer, known: Mapping[Tensor, Move]) -> None:
    """Let an optimizer own the successors of its parameters; others stay as they are."""
    state: defaultdict[Tensor, Any] = defaultdict(dict)
    for parameter, values in optimizer.state.items():
        move = known.get(parameter)
        target = parameter if move is None else move.target
        state[target] = values if move is None else _moved(values, parameter, move)
    optimizer.param_groups = [
        {**group, "params": [_successor(p, known) for p in group["params"]]}
        for group in optimizer.param_groups
    ]
    optimizer.state = state


def moves(old_model: nn.Module, new_model: nn.Module) -> dict[Tensor, Move]:
    """Where each parameter of `old_model` went, by name."""
    maps = _slot_maps(old_model, new_model)
    new = dict(new_model.named_parameters())
    return {
        parameter: Move(new[name], maps.get(name))
        for name, parameter in old_model.named_parameters()
        if name in new
    }


def weight_penalty(model: nn.Module) -> Tensor:
    """Half the integral of || theta(t) ||^2 over depth, of all blocks; plain weights as they are.

    theta^T M theta / 2 with the mass matrix M: the same number for the same theta(t) on any basis.
    Add a multiple of it to the loss in place of an optimizer's `weight_decay`, which grows with the
    number of elements.
    """
    blocks = [module for module in model.modules() if isinstance(module, OdeBlock)]
    slots = [(slot, b.manifestation.basis) for b in blocks for slot in slots_of(b.theta).values()]
    inside = {id(slot) for slot, _ in slots}
    plain = [p.square().sum() for p in model.parameters() if id(p) not in inside]
    deep = [_integral_of_square(slot, basis) for slot, basis in slots]
    if not plain + deep:
        raise GraphError(f"The model `{type(model).__name__}` has no parameters to weigh.")
    return torch.stack(plain + deep).sum() / 2


def _integral_of_square(slot: Tensor, basis: Basis) -> Tensor:
    matrix = dense(mass(basis)).to(slot)
    flat = slot.reshape(basis.size, -1)
    return (flat * (matrix @ flat)).sum()


def _slot_maps(old_model: nn.Module, new_model: nn.Module) -> dict[str, ExactMatrix]:
    new = dict(new_model.named_modules())
    maps: dict[str, ExactMatrix] = {}
    for path, block in old_model.named_modules():
        other = new.get(path)
        if not isinstance(block, OdeBlock) or not isinstance(other, OdeBlock):
            continue
        source, target = block.manifestation.basis, other.manifestation.basis
        if source != target:
            matrix = dual(projection(source, target))
            prefix = f"{path}.theta." if path else "theta."
            maps |= {f"{prefix}{slot}": matrix for slot in slots_of(block.theta)}
    return maps


def _successor(parameter: Tensor, known: Mapping[Tensor, Move]) -> Tensor:
    move = known.get(parameter)
    return parameter if move is None else move.target


def _moved(values: Mapping[str, Any], parameter: Tensor, move: Move) -> dict[str, Any]:
    return {key: _moved_value(key, value, parameter, move) for key, value in values.items()}


def _moved_value(key: str, value: Any, parameter: Tensor, move: Move) -> Any:
    if not isinstance(value, Tensor):
        return value if move.dual is None else _plain_value(key, value)
    if move.dual is None or value.shape != parameter.shape:
        return value.clone()
    return _mover(key)(value, move.dual)


def _mover(key: str) -> Callable[[Tensor, ExactMatrix], Tensor]:
    if key in FIRST_MOMENTS:
        return map_slot
    if key in SECOND_MOMENTS:
        return _squares
    raise _unknown(key)


def _squares(values: Tensor, matrix: ExactMatrix) -> Tensor:
    absolute = ExactMatrix(
        tuple({j: abs(value) for j, value in row.items()} for row in matrix.rows), matrix.columns
    )
    return map_slot(values.sqrt(), absolute).square()


def _plain_value(key: str, value: Any) -> Any:
    if value is None or isinstance(value, int | float):
        return value
    raise _unknown(key)


def _unknown(key: str) -> ProjectionError:
    return ProjectionError(
        f"The optimizer keeps `{shorten(key)}`, of which it is not known how it moves to another "
        f"basis; known are {', '.join((*FIRST_MOMENTS, *SECOND_MOMENTS))}. Make a new optimizer "
        "for the new model."
    )
