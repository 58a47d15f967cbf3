"""The state at any depths as a graph: dense output, one sum of rates for each depth."""

from bisect import bisect_right
from collections.abc import Sequence
from fractions import Fraction

from odegraph._errors import GraphError
from odegraph._exact import to_exact
from odegraph.ir.builder import GraphBuilder
from odegraph.ir.check import check
from odegraph.ir.graph import StepGraph, step_graph
from odegraph.ir.manifestation import Manifestation
from odegraph.ir.runge_kutta import coupled_stages, runge_kutta_step
from odegraph.ir.solver import Solver
from odegraph.scheme import RungeKuttaScheme

ONE = to_exact(1)


def build_dense_graph(
    manifestation: Manifestation, depths: Sequence[Fraction], *, solver: Solver | None = None
) -> StepGraph:
    """The graph with outputs x(t) for each t of `depths`, which lie in [0, 1].

    Inside a step, x(t_n + theta dt) = x_n + h sum_i b_i(theta) k_i; on the grid it is the state.

    Raises:
        GraphError: the scheme has no dense output.
    """
    scheme = manifestation.scheme
    if not isinstance(scheme, RungeKuttaScheme) or scheme.b_dense is None:
        raise GraphError(
            f"The scheme `{scheme.name}` has no dense output, so that states are known on the grid "
            "only. Choose a scheme that has some, such as `rk4-classic`, `dormand-prince` or "
            "`gauss-2`, or put the depths on the grid."
        )
    builder = GraphBuilder(manifestation, solver)
    states, coupled = [builder.input()], coupled_stages(scheme.entries[0])
    for step in range(manifestation.steps):
        states.append(runge_kutta_step(builder, scheme, step, states[-1], coupled=coupled))
    found = {depth: _state_at(builder, scheme, states, depth) for depth in dict.fromkeys(depths)}
    for position, depth in enumerate(depths, start=1):
        builder.output(found[depth], position)
    return check(step_graph(manifestation, builder.parts))


def _state_at(
    builder: GraphBuilder, scheme: RungeKuttaScheme, states: Sequence[str], depth: Fraction
) -> str:
    grid = builder.manifestation.grid
    step = bisect_right(grid, depth) - 1
    if grid[step] == depth:
        return states[step]
    theta = (depth - grid[step]) / (grid[step + 1] - grid[step])
    weights = scheme.dense_weights(theta).flat()
    rates = [
        (f"step{step}.k{i}", builder.scaled(step, weight))
        for i, weight in enumerate(weights, start=1)
    ]
    return builder.combine(f"dense{depth}", step, [(states[step], ONE), *rates])
