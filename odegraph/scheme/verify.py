"""The border: from what a file says to what is proven. Nothing downstream checks again."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from odegraph.scheme.additive_runge_kutta import verify_additive_runge_kutta
from odegraph.scheme.base import Scheme
from odegraph.scheme.composed import verify_composed
from odegraph.scheme.composition import verify_composition
from odegraph.scheme.exponential import verify_exponential
from odegraph.scheme.general_linear import verify_general_linear
from odegraph.scheme.linear_multistep import verify_linear_multistep
from odegraph.scheme.nystrom import verify_nystrom
from odegraph.scheme.partitioned_runge_kutta import verify_partitioned_runge_kutta
from odegraph.scheme.rosenbrock import verify_rosenbrock
from odegraph.scheme.runge_kutta import verify_runge_kutta
from odegraph.scheme.spec import SchemeSpec
from odegraph.scheme.verifier import Verifier

VERIFIERS: Mapping[str, Verifier[Any, Any, Any]] = MappingProxyType(
    {
        "runge-kutta": verify_runge_kutta,
        "linear-multistep": verify_linear_multistep,
        "partitioned-runge-kutta": verify_partitioned_runge_kutta,
        "composition": verify_composition,
        "nystrom": verify_nystrom,
        "additive-runge-kutta": verify_additive_runge_kutta,
        "rosenbrock": verify_rosenbrock,
        "exponential": verify_exponential,
        "general-linear": verify_general_linear,
    }
)


def verify(spec: SchemeSpec, *, recorded: Mapping[str, Any] | None = None) -> Scheme:
    """Prove what the spec says, and its claims.

    `recorded` is what `Scheme.record` gave when this very spec was proven; only the catalogue,
    which compares content hashes, passes it.

    Raises:
        SchemeError: all faults of the coefficients, or all claims that are false.
    """
    if "base" in spec.texts:
        return verify_composed(spec, recorded=recorded)
    return VERIFIERS[spec.kind](spec, recorded=recorded)
