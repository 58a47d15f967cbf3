"""The local error of every step as a graph: what an embedded pair says, from one pass."""

from odegraph._errors import GraphError
from odegraph.ir.builder import GraphBuilder
from odegraph.ir.check import check
from odegraph.ir.graph import StepGraph, step_graph
from odegraph.ir.manifestation import Manifestation
from odegraph.ir.runge_kutta import coupled_stages, runge_kutta_step
from odegraph.ir.solver import NewtonKrylov
from odegraph.scheme import RungeKuttaScheme


def build_error_graph(manifestation: Manifestation) -> StepGraph:
    """The graph with outputs h_n sum_i (b_i - b_embedded_i) k_i, one for each step n.

    Raises:
        GraphError: the scheme is not an explicit Runge-Kutta pair.
    """
    scheme = manifestation.scheme
    embedded = scheme.b_embedded if isinstance(scheme, RungeKuttaScheme) else None
    if not isinstance(scheme, RungeKuttaScheme) or embedded is None or not scheme.is_explicit:
        raise GraphError(
            f"The scheme `{scheme.name}` has no embedded method to tell the error of a step by. "
            "Choose an explicit pair such as `bogacki-shampine` or `dormand-prince`."
        )
    difference = [b - other for b, other in zip(scheme.b.flat(), embedded.flat(), strict=True)]
    builder = GraphBuilder(manifestation, NewtonKrylov())  # an explicit pair solves nothing
    state, coupled = builder.input(), coupled_stages(scheme.entries[0])
    for step in range(manifestation.steps):
        state = runge_kutta_step(builder, scheme, step, state, coupled=coupled)
        terms = [
            (f"step{step}.k{i}", builder.scaled(step, weight))
            for i, weight in enumerate(difference, start=1)
        ]
        builder.output(builder.combine(f"error{step}", step, terms), step + 1)
    return check(step_graph(manifestation, builder.parts))
