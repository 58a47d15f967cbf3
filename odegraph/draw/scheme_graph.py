"""One step of a scheme by itself, as a graph; an implicit one has cycles, for nothing compiles it.

k_i = R(x + sum_j a_ij k_j, theta(c_i)), x(1) = x(0) + sum_i b_i k_i, with h = 1; where there are
embedded weights, the estimate of the error is sum_i (b_i - b^_i) k_i.
"""

from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction

import networkx as nx

from odegraph._errors import EmitError
from odegraph._exact import Exact, to_exact
from odegraph.basis import PiecewiseConstant, PiecewiseLinear
from odegraph.draw.labels import subscript
from odegraph.draw.scene import Scene
from odegraph.draw.step_scene import step_scene
from odegraph.draw.step_texts import DEPTHS, step_texts
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
    CompositionScheme,
    LinearMultistepScheme,
    NystromScheme,
    PartitionedRungeKuttaScheme,
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
HALVES = (CompositionScheme, NystromScheme, PartitionedRungeKuttaScheme)
ONE = to_exact(1)
Terms = list[tuple[str, Exact]]


def scheme_graph(scheme: Scheme) -> StepGraph:
    """The graph of one step over depth 0 to 1.

    Raises:
        EmitError: the scheme is of a kind without a tableau.
    """
    if not isinstance(scheme, RungeKuttaScheme):
        raise EmitError(
            f"`{scheme.name}` is of kind `{scheme.kind}`; by themselves only Runge-Kutta and "
            "multistep schemes are drawn. Draw a block that is compiled with it instead."
        )
    form = Manifestation(
        scheme=scheme,
        basis=PiecewiseConstant(1),
        state_basis=None,
        grid=(Fraction(0), Fraction(1)),
        span=Fraction(1),
    )
    return _graph(form, _parts(scheme))


def scheme_scene(scheme: Scheme) -> Scene:
    """The picture of one step of a scheme."""
    if isinstance(scheme, LinearMultistepScheme):
        started = f", started with {scheme.start}" if scheme.history > 1 else ""
        return _compiled_scene(scheme, steps=scheme.history, remark=started)
    if isinstance(scheme, HALVES):
        return _compiled_scene(scheme, steps=1, remark="")
    graph = scheme_graph(scheme)
    items = every_step(graph)
    texts = step_texts(
        graph,
        items,
        notation=DEPTHS,
        step_title=lambda _: "; ".join(["one step, h = 1", *_dependencies(graph)]),
        output_names={ERROR_OUTPUT: "error"},
    )
    return step_scene(items, texts, title=f"{scheme.title} ({scheme.name})")


def _compiled_scene(scheme: Scheme, *, steps: int, remark: str) -> Scene:
    """Steps as they are compiled: with a history, those of the start scheme come first."""
    # Hats keep theta apart at every depth.
    form = manifestation(scheme, basis=PiecewiseLinear(1), steps=steps)
    graph = run_passes(build_step_graph(form), DEFAULT_PASSES)
    items = every_step(graph)
    texts = step_texts(graph, items, notation=DEPTHS)
    return step_scene(items, texts, title=f"{scheme.title} ({scheme.name}){remark}")


def _dependencies(graph: StepGraph) -> list[str]:
    """What makes a scheme implicit, in words, where it fits into one line."""
    needs = []
    for name in graph.of_type(Evaluate):
        state = graph.input(name, "state")
        rates = [source for source, _ in graph.inputs(state) if source.startswith("k")]
        if any(_stage(source) >= _stage(name) for source in rates):
            needs.append(f"{_symbol(name)} depends on {', '.join(map(_symbol, rates))}")
    if len(needs) > MAX_NEEDS:
        stages = graph.manifestation.scheme.stages
        return [f"implicit: {len(needs)} of {stages} stages depend on themselves or later ones"]
    return [f"implicit: {'; '.join(needs)}"] if needs else []


def _stage(rate: str) -> int:
    return int(rate[1:])


def _symbol(rate: str) -> str:
    return subscript("k", _stage(rate))


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
