"""One step of a scheme by itself, as a graph; an implicit one has cycles: its equations.

A Runge-Kutta scheme is drawn as its tableau, k_i = R(x + sum_j a_ij k_j, theta(c_i)) and
x(1) = x(0) + sum_i b_i k_i with h = 1; where there are embedded weights, the estimate of the error
is sum_i (b_i - b^_i) k_i. Steps of the other kinds are drawn as they are compiled.
"""

from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from functools import partial

import networkx as nx

from odegraph._exact import Exact, to_exact
from odegraph.basis import Basis, PiecewiseConstant, PiecewiseLinear
from odegraph.draw.labels import subscript
from odegraph.draw.scene import Scene
from odegraph.draw.spelled_out import spelled_out
from odegraph.draw.step_scene import step_scene
from odegraph.draw.step_texts import (
    COEFFICIENTS,
    DEPTHS,
    Notation,
    numbered_step_title,
    step_texts,
)
from odegraph.draw.view import every_step
from odegraph.ir import (
    Combine,
    Edge,
    Evaluate,
    Input,
    Manifestation,
    Output,
    StepGraph,
    Theta,
    build_step_graph,
    manifestation,
)
from odegraph.ir.graph import NamedNode
from odegraph.passes import DEFAULT_PASSES, run_passes
from odegraph.scheme import (
    GeneralLinearScheme,
    LinearMultistepScheme,
    RosenbrockScheme,
    RungeKuttaScheme,
    Scheme,
)
from odegraph.scheme.number_field import to_sympy
from odegraph.scheme.tableau import Matrix

STATE = "x0"
RESULT = "x1"
ERROR = "error"
ERROR_OUTPUT = "output.error"
MAX_NEEDS = 3
# Hats keep theta apart at every depth.
HATS = PiecewiseLinear(1)
ONE = to_exact(1)
Terms = list[tuple[str, Exact]]


def scheme_graph(scheme: RungeKuttaScheme) -> StepGraph:
    """The tableau as the graph of one step over depth 0 to 1."""
    form = Manifestation(
        scheme=scheme,
        basis=PiecewiseConstant(1),
        state_basis=None,
        grid=(Fraction(0), Fraction(1)),
        span=Fraction(1),
    )
    return _graph(form, _parts(scheme))


def scheme_scene(scheme: Scheme) -> Scene:
    """The picture of one step of a scheme; with several values, after what makes them.

    Raises:
        GraphError: a scheme that cannot be compiled; the message says why, and what can.
    """
    if isinstance(scheme, RungeKuttaScheme):
        return _scene(scheme, scheme_graph(scheme), notation=DEPTHS)
    if isinstance(scheme, LinearMultistepScheme):
        started = f", started with {scheme.start}" if scheme.history > 1 else ""
        return _scene(scheme, _compiled(scheme, HATS, steps=scheme.history), remark=started)
    if isinstance(scheme, GeneralLinearScheme):
        # In the first step all values are one: the second is the one that shows the scheme.
        return _scene(scheme, _compiled(scheme, HATS, steps=2))
    if isinstance(scheme, RosenbrockScheme):
        # It wants theta constant within the step.
        return _scene(scheme, _compiled(scheme, PiecewiseConstant(1)), notation=COEFFICIENTS)
    return _scene(scheme, _compiled(scheme, HATS))


def _compiled(scheme: Scheme, basis: Basis, *, steps: int = 1) -> StepGraph:
    form = manifestation(scheme, basis=basis, steps=steps)
    return spelled_out(run_passes(build_step_graph(form), DEFAULT_PASSES))


def _scene(
    scheme: Scheme, graph: StepGraph, *, notation: Notation = DEPTHS, remark: str = ""
) -> Scene:
    items = every_step(graph)
    texts = step_texts(
        graph,
        items,
        notation=notation,
        step_title=partial(_step_title, graph),
        output_names={ERROR_OUTPUT: "error"},
    )
    return step_scene(items, texts, title=f"{scheme.title} ({scheme.name}){remark}")


def _step_title(graph: StepGraph, step: int) -> str:
    form = graph.manifestation
    title = "one step, h = 1" if form.steps == 1 else numbered_step_title(form, step)
    return "; ".join([title, *_dependencies(graph, step)])


def _dependencies(graph: StepGraph, step: int) -> list[str]:
    """What makes a step implicit, in words, where it fits into one line."""
    units = [n for n, node in graph.nodes() if isinstance(node, Evaluate) and node.step == step]
    needs = []
    for number, name in enumerate(units):
        rates = [source for source in _terms_of_state(graph, name) if source in units]
        if not set(rates).isdisjoint(units[number:]):
            symbols = (_symbol(graph, rate) for rate in rates)
            needs.append(f"{_symbol(graph, name)} depends on {', '.join(symbols)}")
    if len(needs) > MAX_NEEDS:
        return [f"implicit: {len(needs)} of {len(units)} rates depend on themselves or later ones"]
    return [f"implicit: {'; '.join(needs)}"] if needs else []


def _terms_of_state(graph: StepGraph, unit: str) -> list[str]:
    return [source for source, _ in graph.inputs(graph.input(unit, "state"))]


def _symbol(graph: StepGraph, rate: str) -> str:
    node = graph.node(rate)
    assert isinstance(node, Evaluate)
    return subscript(node.part.value, node.stage)


def _parts(scheme: RungeKuttaScheme) -> Iterator[NamedNode]:
    A, b, c = (_exact_rows(rows) for rows in _rows_of(scheme))
    result_stage = scheme.stages - 1 if scheme.stages > 1 and A[-1] == b[0] else None
    yield STATE, Input(), []
    for i, weights in enumerate(A):
        # Where the state of the last unit is the result, it is computed once.
        state = RESULT if i == result_stage else f"x{i + 1}.stage"
        terms = _terms(weights)
        if terms:
            yield _sum(state, [(STATE, ONE), *terms])
        first = c[0].index(c[0][i])
        if first == i:
            yield f"theta{i + 1}", Theta(0, c[0][i], (), ()), []
        edges = [
            (state if terms else STATE, Edge("state")),
            (f"theta{first + 1}", Edge("theta")),
        ]
        yield f"k{i + 1}", Evaluate(0, i + 1), edges
    if result_stage is None:
        yield _sum(RESULT, [(STATE, ONE), *_terms(b[0])])
    yield "output", Output(None, 1), [(RESULT, Edge("state"))]
    if scheme.b_embedded is not None:
        yield _sum(ERROR, _terms([to_exact(p - q) for p, q in zip(b[0], b[1], strict=True)]))
        yield ERROR_OUTPUT, Output(None, 1), [(ERROR, Edge("state"))]


def _rows_of(scheme: RungeKuttaScheme) -> tuple[Matrix, Matrix, Matrix]:
    tableau = scheme.tableau
    weights = (tableau.b,) if tableau.b_embedded is None else (tableau.b, tableau.b_embedded)
    return tableau.A, weights, (tableau.c,)


def _exact_rows(rows: Matrix) -> list[list[Exact]]:
    return [[to_exact(to_sympy(value)) for value in row] for row in rows]


def _terms(weights: Sequence[Exact]) -> Terms:
    return [(f"k{j + 1}", weight) for j, weight in enumerate(weights) if weight != 0]


def _sum(name: str, terms: Terms) -> NamedNode:
    return name, Combine(0), [(source, Edge("term", weight)) for source, weight in terms]


def _graph(form: Manifestation, parts: Iterable[NamedNode]) -> StepGraph:
    """Like `odegraph.ir.step_graph`, for parts that may need what comes after them."""
    graph, parts = nx.DiGraph(), list(parts)
    graph.add_nodes_from((name, {"node": node}) for name, node, _ in parts)
    for name, _, inputs in parts:
        graph.add_edges_from((source, name, {"edge": edge}) for source, edge in inputs)
    return StepGraph(form, nx.freeze(graph))
