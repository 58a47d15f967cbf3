"""What the nodes of a graph hold when it is read back: linear forms, and what stands for slots."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from odegraph._exact import Exact, to_exact
from odegraph.emit.operations.solver_call import StagesOfUnit

Form = Mapping[Any, Exact]
Slots = Sequence[Form]
ZERO, ONE = to_exact(0), to_exact(1)


@dataclass(frozen=True)
class Slot:
    """A stacked tensor, before and after `unbind`; its coefficients are unknowns (path, index)."""

    path: str
    is_counter: bool


@dataclass(frozen=True)
class Called:
    """What a call of the unit returned: the rate, and in training new statistics after it."""

    rate: Form


@dataclass(frozen=True)
class Matrix:
    """The matrix of coupled stages of a linear unit, with the slots of each stage."""

    stages: StagesOfUnit
    theta: Sequence[Sequence[Any]]


@dataclass(frozen=True)
class Batch:
    """States, or their rates, along the batch axis."""

    forms: tuple[Form, ...]


@dataclass(frozen=True)
class Ignored:
    """Counters, new statistics and their storage: no part of the rates."""


def floating(slots: Sequence[Any]) -> list[Form]:
    """The slots of floats; counters are left out."""
    return [slot for slot in slots if not isinstance(slot, Ignored)]


def item(value: object, index: Any) -> object:
    """value[index] of a slot, a call or the rates of a solve."""
    match value:
        case Slot(path, is_counter):
            return Ignored() if is_counter else {(path, index): ONE}
        case Called(rate) if index == 0:
            return rate
        case list():
            return value[index]
    return Ignored()


def form_of(value: Any) -> Form:
    """The form that a value stands for."""
    match value:
        case Called(rate):
            return rate
        case Ignored():
            return {}
    return value


def scaled(form: Form, weight: Exact) -> Form:
    """weight * form."""
    return {unknown: weight * value for unknown, value in form.items()}


def sum_of(left: Form, right: Form) -> Form:
    """left + right."""
    total = dict(left)
    for unknown, weight in right.items():
        total[unknown] = total[unknown] + weight if unknown in total else weight
    return total
