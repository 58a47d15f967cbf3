"""One step of a scheme by itself, as a graph; an implicit one has cycles, for nothing compiles it.

k_i = R(x + sum_j a_ij k_j, theta(c_i)), x(1) = x(0) + sum_i b_i k_i, with h = 1; where there are
embedded weights, the estimate of the error is sum_i (b_i - b^_i) k_i.
"""

from collections.abc import Iterator
from fractions import Fraction

from odegraph._errors import EmitError
from odegraph._exact import Exact, to_exact, to_rational
from odegraph.basis import PiecewiseConstant
from odegraph.draw.labels import subscript
from odegraph.draw.scene import Scene
from odegraph.draw.step_scene import step_scene
from odegraph.draw.step_texts import depths_text, step_texts
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
    step_graph,
)
from odegraph.ir.graph import NamedNode
from odegraph.scheme import RungeKuttaScheme, Scheme

STATE = "x0"
RESULT = "x1"
ERROR = "error"
ERROR_OUTPUT = "output.error"
MAX_NEEDS = 3
ONE = to_exact(1)
Terms = list[tuple[str, Exact]]


def scheme_graph(scheme: Scheme) -> StepGraph:
    """The graph of one step over depth 0 to 1.

    Raises:
        EmitError: the scheme is of a kind without a tableau.
    """
    if not isinstance(scheme, RungeKuttaScheme):
        raise EmitError(
            f"The scheme `{scheme.name}` is of kind `{scheme.kind}`, and one step of it has no "
            "picture: only Runge-Kutta schemes are drawn by themselves. Draw a block with it."
        )
    form = Manifestation(
        scheme=scheme,
        basis=PiecewiseConstant(1),
        state_basis=None,
        grid=(Fraction(0), Fraction(1)),
        span=Fraction(1),
    )
    return step_graph(form, _parts(scheme))


def scheme_scene(scheme: Scheme) -> Scene:
    """The picture of one step of a scheme."""
    graph = scheme_graph(scheme)
    items = every_step(graph)
    texts = step_texts(
        graph,
        items,
        theta_text=depths_text,
        step_title=lambda _: "; ".join(["one step, h = 1", *_dependencies(graph)]),
        output_names={ERROR_OUTPUT: "error"},
    )
    return step_scene(items, texts, title=f"{scheme.title} ({scheme.name})")


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
    result_stage = _stage_of_result(scheme)
    yield STATE, Input(), []
    for i in range(scheme.stages):
        state = RESULT if i == result_stage else f"x{i + 1}.stage"
        terms = _terms([scheme.A[i, j] for j in range(scheme.stages)])
        if terms:
            yield _sum(state, [(STATE, ONE), *terms])
        theta, depth = _theta(scheme, i)
        if theta == f"theta{i + 1}":
            yield theta, Theta(0, depth, (), ()), []
        edges = [(state if terms else STATE, Edge("state")), (theta, Edge("theta"))]
        yield f"k{i + 1}", Evaluate(0, i + 1), edges
    if result_stage is None:
        yield _sum(RESULT, [(STATE, ONE), *_terms(list(scheme.b))])
    yield "output", Output(None, 1), [(RESULT, Edge("state"))]
    yield from _error_estimate(scheme)


def _stage_of_result(scheme: RungeKuttaScheme) -> int | None:
    # The state of the last unit is the result: it is computed once.
    last = scheme.stages - 1
    weights = [scheme.A[last, j] for j in range(scheme.stages)]
    return last if last and weights == list(scheme.b) else None


def _error_estimate(scheme: RungeKuttaScheme) -> Iterator[NamedNode]:
    if scheme.b_embedded is None:
        return
    pairs = zip(scheme.b, scheme.b_embedded, strict=True)
    yield _sum(ERROR, _terms([to_exact(b - embedded) for b, embedded in pairs]))
    yield ERROR_OUTPUT, Output(None, 1), [(ERROR, Edge("state"))]


def _terms(weights: list[Exact]) -> Terms:
    return [(f"k{j + 1}", weight) for j, weight in enumerate(weights) if weight != 0]


def _sum(name: str, terms: Terms) -> NamedNode:
    return name, Combine(0), [(source, Edge("term", weight)) for source, weight in terms]


def _theta(scheme: RungeKuttaScheme, stage: int) -> tuple[str, Exact | Fraction]:
    """Stages with the same c share one theta(c): the name of the first of them."""
    first = next(j for j in range(scheme.stages) if scheme.c[j] == scheme.c[stage])
    depth = to_rational(scheme.c[stage])
    return f"theta{first + 1}", scheme.c[stage] if depth is None else depth
