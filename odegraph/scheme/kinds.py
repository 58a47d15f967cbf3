"""What a scheme file of each kind may say: its arrays of coefficients and its claims."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import final


@final
@dataclass(frozen=True)
class Kind:
    """The vocabulary of one kind of scheme file.

    `arrays` maps each coefficient key to its depth of nesting (1 a vector, 2 a matrix); `claims`
    maps each claim to the type of its value. `alternatives` are sets of keys that say the same in
    another form, and may stand in place of the `required` ones.
    """

    arrays: Mapping[str, int]
    required: tuple[str, ...]
    claims: Mapping[str, type]
    alternatives: tuple[tuple[str, ...], ...] = ()


RUNGE_KUTTA = Kind(
    arrays={
        "A": 2,
        "b": 1,
        "c": 1,
        "b_embedded": 1,
        "A_2N": 1,
        "B_2N": 1,
        "alpha": 2,
        "beta": 2,
    },
    required=("A", "b"),
    alternatives=(("A_2N", "B_2N"), ("alpha", "beta")),
    claims={
        "stages": int,
        "order": int,
        "autonomous_order": int,
        "linear_order": int,
        "embedded_order": int,
        "stage_order": int,
        "explicit": bool,
        "diagonally_implicit": bool,
        "fsal": bool,
        "stiffly_accurate": bool,
        "a_stable": bool,
        "l_stable": bool,
        "symplectic": bool,
        "symmetric": bool,
        "ssp_coefficient": str,
    },
)

KINDS: Mapping[str, Kind] = MappingProxyType({"runge-kutta": RUNGE_KUTTA})
