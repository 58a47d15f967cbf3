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
    maps each claim to the type of its value; `texts` are the keys that hold text. `alternatives`
    are sets of keys that say the same in another form, and may stand in place of the `required`
    ones.
    """

    arrays: Mapping[str, int]
    required: tuple[str, ...]
    claims: Mapping[str, type]
    alternatives: tuple[tuple[str, ...], ...] = ()
    texts: tuple[str, ...] = ()


RUNGE_KUTTA = Kind(
    arrays={
        "A": 2,
        "b": 1,
        "c": 1,
        "b_embedded": 1,
        "b_dense": 2,
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
        "dense_order": int,
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

LINEAR_MULTISTEP = Kind(
    arrays={"alpha": 1, "beta": 1},
    required=("alpha", "beta"),
    claims={
        "order": int,
        "history": int,
        "explicit": bool,
        "strongly_stable": bool,
        "a_stable": bool,
        "l_stable": bool,
        "error_constant": str,
    },
    texts=("start",),
)

ADDITIVE_RUNGE_KUTTA = Kind(
    arrays={
        "A_explicit": 2,
        "b_explicit": 1,
        "c_explicit": 1,
        "b_explicit_embedded": 1,
        "A_implicit": 2,
        "b_implicit": 1,
        "c_implicit": 1,
        "b_implicit_embedded": 1,
    },
    required=("A_explicit", "b_explicit", "A_implicit", "b_implicit"),
    claims={
        "stages": int,
        "order": int,
        "explicit_order": int,
        "implicit_order": int,
        "embedded_order": int,
        "stage_order": int,
        "diagonally_implicit": bool,
        "stiffly_accurate": bool,
        "globally_stiffly_accurate": bool,
        "a_stable": bool,
        "l_stable": bool,
    },
)

ROSENBROCK = Kind(
    arrays={"alpha": 2, "Gamma": 2, "b": 1, "b_embedded": 1},
    required=("alpha", "Gamma", "b"),
    claims={
        "stages": int,
        "order": int,
        "embedded_order": int,
        "linear_order": int,
        "stiffly_accurate": bool,
        "a_stable": bool,
        "l_stable": bool,
    },
)

EXPONENTIAL = Kind(
    arrays={"A": 2, "b": 1, "c": 1},
    required=("A", "b", "c"),
    claims={"stages": int, "order": int, "stiff_order": int},
)

GENERAL_LINEAR = Kind(
    arrays={"A": 2, "U": 2, "B": 2, "V": 2, "c": 1},
    required=("A", "U", "B", "V"),
    claims={
        "stages": int,
        "values": int,
        "order": int,
        "uneven_order": int,
        "fsal": bool,
        "strongly_stable": bool,
    },
)

PARTITIONED_RUNGE_KUTTA = Kind(
    arrays={"A_q": 2, "b_q": 1, "A_p": 2, "b_p": 1},
    required=("A_q", "b_q", "A_p", "b_p"),
    claims={
        "stages": int,
        "order": int,
        "general_order": int,
        "explicit": bool,
        "symplectic": bool,
        "generally_symplectic": bool,
        "symmetric": bool,
    },
)

COMPOSITION = Kind(
    arrays={"drift": 1, "kick": 1, "coefficients": 1, "adjoint": 1},
    required=("drift", "kick"),
    alternatives=(("base",),),
    claims={
        "stages": int,
        "order": int,
        "explicit": bool,
        "symplectic": bool,
        "symmetric": bool,
        "has_negative_substeps": bool,
    },
    texts=("base",),
)

NYSTROM = Kind(
    arrays={
        "A_bar": 2,
        "A": 2,
        "b_bar": 1,
        "b": 1,
        "c": 1,
        "b_bar_embedded": 1,
        "b_embedded": 1,
    },
    required=("A_bar", "b_bar", "b", "c"),
    claims={
        "stages": int,
        "order": int,
        "embedded_order": int,
        "explicit": bool,
        "symplectic": bool,
    },
)

KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        "runge-kutta": RUNGE_KUTTA,
        "linear-multistep": LINEAR_MULTISTEP,
        "partitioned-runge-kutta": PARTITIONED_RUNGE_KUTTA,
        "composition": COMPOSITION,
        "nystrom": NYSTROM,
        "additive-runge-kutta": ADDITIVE_RUNGE_KUTTA,
        "rosenbrock": ROSENBROCK,
        "exponential": EXPONENTIAL,
        "general-linear": GENERAL_LINEAR,
    }
)
