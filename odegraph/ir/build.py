"""From a manifestation to its step graph."""

import warnings
from collections.abc import Callable, Mapping
from fractions import Fraction
from types import MappingProxyType

from odegraph._errors import GraphError
from odegraph.ir.additive import build_additive_runge_kutta
from odegraph.ir.builder import GraphBuilder
from odegraph.ir.check import check
from odegraph.ir.composition import build_composition
from odegraph.ir.exponential import build_exponential
from odegraph.ir.general_linear import build_general_linear
from odegraph.ir.graph import StepGraph, step_graph
from odegraph.ir.linear_multistep import build_linear_multistep
from odegraph.ir.manifestation import Manifestation
from odegraph.ir.nystrom import build_nystrom
from odegraph.ir.partitioned import build_partitioned_runge_kutta
from odegraph.ir.rosenbrock import build_rosenbrock
from odegraph.ir.runge_kutta import build_runge_kutta
from odegraph.ir.solver import Solver
from odegraph.scheme import LinearMultistepScheme, RungeKuttaScheme

KIND_BUILDERS: Mapping[str, Callable[..., str]] = MappingProxyType(
    {
        "runge-kutta": build_runge_kutta,
        "linear-multistep": build_linear_multistep,
        "exponential": build_exponential,
        "general-linear": build_general_linear,
        "rosenbrock": build_rosenbrock,
        "partitioned-runge-kutta": build_partitioned_runge_kutta,
        "composition": build_composition,
        "nystrom": build_nystrom,
        "additive-runge-kutta": build_additive_runge_kutta,
    }
)


class OrderLossWarning(UserWarning):
    """The formula of a step reaches over a jump of theta(t), where the scheme loses its order."""


def build_step_graph(manifestation: Manifestation, *, solver: Solver | None = None) -> StepGraph:
    """The graph of a manifestation as the scheme's formulas say it, not yet simplified.

    Implicit stages are solved by `solver`; without one by the manifestation's, or by
    `NewtonKrylov()`, which suits every unit.

    Raises:
        GraphError: the kind of scheme cannot be compiled.
    """
    scheme = manifestation.scheme
    if scheme.kind not in KIND_BUILDERS:
        raise GraphError(
            f"The scheme `{scheme.name}` is of kind `{scheme.kind}`, which is not compiled. "
            f"Kinds that are: {', '.join(KIND_BUILDERS)}."
        )
    _warn_of_jumps(manifestation)
    builder = GraphBuilder(manifestation, solver)
    # The composition of steps by a Runge-Kutta scheme is one.
    kind = "runge-kutta" if isinstance(scheme, RungeKuttaScheme) else scheme.kind
    last = KIND_BUILDERS[kind](builder, scheme)
    builder.output(last, manifestation.steps)
    return check(step_graph(manifestation, builder.parts))


def _warn_of_jumps(manifestation: Manifestation) -> None:
    scheme = manifestation.scheme
    if isinstance(scheme, LinearMultistepScheme) and scheme.history > 1:
        _warn_of_recycled_rates(manifestation, scheme)
    else:
        _warn_of_straddled_jumps(manifestation)


def _warn_of_recycled_rates(manifestation: Manifestation, scheme: LinearMultistepScheme) -> None:
    # Also at a jump on the grid: states and rates from before it enter the steps behind it.
    jumps = manifestation.basis.jumps
    if jumps and scheme.order > 1:
        warnings.warn(
            f"theta(t) jumps at depth {_listed(jumps)}: what is from before a jump enters the "
            f"{scheme.history - 1} steps behind it, so that `{scheme.name}` falls from order "
            f"{scheme.order} to 1. Take a continuous basis, or a one-step scheme with the jumps on "
            "the grid.",
            OrderLossWarning,
            stacklevel=2,
        )


def _listed(depths: tuple[Fraction, ...]) -> str:
    more = f" and {len(depths) - 4} more" if len(depths) > 4 else ""
    return ", ".join(str(depth) for depth in depths[:4]) + more


def _warn_of_straddled_jumps(manifestation: Manifestation) -> None:
    straddled = manifestation.straddled_jumps
    if straddled and manifestation.scheme.order > 1:
        warnings.warn(
            f"theta(t) jumps inside a step, at depth {_listed(straddled)}: there "
            f"`{manifestation.scheme.name}` falls from order {manifestation.scheme.order} to 1. "
            "Take a number of steps that is a multiple of the basis elements, or put the jumps on "
            "the grid.",
            OrderLossWarning,
            stacklevel=2,
        )
