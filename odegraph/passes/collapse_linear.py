"""Make one matrix of many equal steps of a linear unit.

For R(x) = M x a step of length h is R(h M), with the stability function R = P / Q of the scheme; k
equal steps are its k-th power.
"""

import itertools
from collections.abc import Iterator
from fractions import Fraction

from odegraph._errors import GraphError
from odegraph._exact import Exact, to_exact
from odegraph.ir import (
    Apply,
    Edge,
    Propagator,
    StepGraph,
    Theta,
    parts_of,
    step_graph,
)
from odegraph.ir.graph import NamedNode
from odegraph.passes.values_across import values_across
from odegraph.scheme import RungeKuttaScheme
from odegraph.scheme.number_field import to_sympy

ONE = to_exact(1)
FEWEST = 2  # one step alone costs more as a matrix than as its stages, for few samples


def collapse_linear(graph: StepGraph) -> StepGraph:
    """The graph in which runs of equal steps with one theta are a matrix times the state.

    The numbers are those of the steps to rounding, for units that are linear; compiling refuses
    others. Comes before the passes that share rates between steps.

    Raises:
        GraphError: the scheme is no Runge-Kutta scheme, or rates are already shared.
    """
    scheme = graph.manifestation.scheme
    if not isinstance(scheme, RungeKuttaScheme):
        raise GraphError(
            f"`collapse_linear` takes Runge-Kutta schemes, and `{scheme.name}` is of kind "
            f"`{scheme.kind}`. Leave the pass out, or choose a scheme such as `rk4-classic`."
        )
    return step_graph(graph.manifestation, _collapsed(graph, scheme))


def _collapsed(graph: StepGraph, scheme: RungeKuttaScheme) -> Iterator[NamedNode]:
    reads, crossing = _reads(graph), values_across(graph)
    runs = list(_runs(graph, reads))
    inside = {step for run in runs for step in run}
    matrices: dict[str, list[NamedNode]] = {}
    for run in runs:
        first, after = run[0], run[-1] + 1
        if len(crossing[first]) > 1 or len(crossing[after]) > 1:
            raise GraphError(
                "`collapse_linear` found steps that share rates already. Put it first: "
                "`passes=(collapse_linear, *odegraph.DEFAULT_PASSES)`."
            )
        states = crossing[first][0], crossing[after][0]
        (theta,) = reads[first]
        h = to_exact(_length(graph, first))
        matrices[states[1]] = list(_as_matrix(scheme, h, run, theta=theta, states=states))
    for name, node, inputs in parts_of(graph):
        if isinstance(node, Theta) or node.step not in inside:
            yield name, node, inputs
        else:
            yield from matrices.get(name, ())


def _reads(graph: StepGraph) -> list[dict[str, tuple]]:
    """The theta(t) that each step reads, by name, one name for each value."""
    reads: list[dict[tuple, str]] = [{} for _ in range(graph.manifestation.steps)]
    for _, node, inputs in parts_of(graph):
        for source, edge in inputs:
            theta = graph.node(source)
            if edge.role == "theta" and node.step is not None and isinstance(theta, Theta):
                reads[node.step].setdefault((theta.row, theta.state_row), source)
    return [{name: value for value, name in one.items()} for one in reads]


def _runs(graph: StepGraph, reads: list[dict[str, tuple]]) -> Iterator[list[int]]:
    """Consecutive steps of one length that read one theta."""

    def kind(step: int) -> tuple:
        values = tuple(reads[step].values())
        # A step that reads several is like no other.
        return (values, _length(graph, step)) if len(values) == 1 else (step,)

    for _, steps in itertools.groupby(range(graph.manifestation.steps), key=kind):
        run = list(steps)
        if len(run) >= FEWEST:
            yield run


def _length(graph: StepGraph, step: int) -> Fraction:
    start, end = graph.manifestation.intervals[step]
    return graph.manifestation.span * (end - start)


def _as_matrix(
    scheme: RungeKuttaScheme, h: Exact, run: list[int], *, theta: str, states: tuple[str, str]
) -> Iterator[NamedNode]:
    start, end = states
    numerator, denominator = (
        _scaled([to_sympy(c) for c in p], h) for p in (scheme.stability.P, scheme.stability.Q)
    )
    matrix = f"step{run[0]}.propagator"
    edges = [(theta, Edge("theta")), (start, Edge("like"))]
    yield matrix, Propagator(run[0], numerator, denominator, len(run)), edges
    terms = [(matrix, Edge("matrix")), (start, Edge("term", ONE))]
    yield end, Apply(run[0], 0), terms


def _scaled(coefficients: list[Exact], h: Exact) -> tuple[Exact, ...]:
    """The coefficients of a polynomial in h M as those of one in M."""
    return tuple((c * h**power) for power, c in enumerate(coefficients))
