"""From a manifestation to its step graph."""

import warnings
from collections.abc import Callable, Mapping
from types import MappingProxyType

from odegraph._errors import GraphError
from odegraph.ir.builder import GraphBuilder
from odegraph.ir.check import check
from odegraph.ir.graph import StepGraph, step_graph
from odegraph.ir.manifestation import Manifestation
from odegraph.ir.runge_kutta import build_runge_kutta
from odegraph.ir.solver import NewtonKrylov, Solver

KIND_BUILDERS: Mapping[str, Callable[..., str]] = MappingProxyType(
    {"runge-kutta": build_runge_kutta}
)


class OrderLossWarning(UserWarning):
    """A step straddles a jump of theta(t), where the scheme loses its order."""


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
    _warn_of_straddled_jumps(manifestation)
    builder = GraphBuilder(manifestation, solver or manifestation.solver or NewtonKrylov())
    last = KIND_BUILDERS[scheme.kind](builder, scheme)
    builder.output(last, manifestation.steps)
    return check(step_graph(manifestation, builder.parts))


def _warn_of_straddled_jumps(manifestation: Manifestation) -> None:
    straddled = manifestation.straddled_jumps
    if straddled and manifestation.scheme.order > 1:
        shown = ", ".join(str(depth) for depth in straddled[:4])
        more = f" and {len(straddled) - 4} more" if len(straddled) > 4 else ""
        warnings.warn(
            f"theta(t) jumps inside a step, at depth {shown}{more}: there "
            f"`{manifestation.scheme.name}` falls from order {manifestation.scheme.order} to 1. "
            "Take a number of steps that is a multiple of the basis elements, or put the jumps on "
            "the grid.",
            OrderLossWarning,
            stacklevel=2,
        )
