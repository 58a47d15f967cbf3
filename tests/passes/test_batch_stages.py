"""Independent stages in one call: the numbers of the stages one by one, and fewer calls."""

import copy
import functools

import networkx as nx
import pytest
import torch
from example_units import Normed, Tanh, randomized
from executors import generated_module
from graph_values import value
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from random_tableaus import explicit_tableaus
from torch import fx, nn
from torch.testing import assert_close

import odegraph as og
from odegraph.emit.read_back import read_back
from odegraph.ir import (
    BatchedRate,
    Evaluate,
    EvaluateBatch,
    StepGraph,
    Theta,
    build_step_graph,
    check,
    manifestation,
    to_text,
)
from odegraph.passes import batch_stages, evaluate_apart, run_passes
from odegraph.scheme import scheme_names

PASSES = (*og.DEFAULT_PASSES, batch_stages)
FAMILY = ("extrapolated-euler(3)", "extrapolated-euler(4)", "extrapolated-euler(6)")
CONSTANT = og.PiecewiseConstant(1)

# Schemes of the catalogue with stages that do not need one another.
INDEPENDENT = (
    "dormand-prince-6-5",
    "dormand-prince-8-7",
    "luther-konen-5-first",
    "nystrom-5",
    "ssp-rk-7-5",
    "ssp-rk-8-5",
    "ssp-rk-9-5",
    "tsitouras-9-8-first",
    "tsitouras-9-8-second",
    "verner-contrast-6-5",
)


@functools.cache
def one_form(scheme: str):
    scheme_ = og.load_scheme(scheme)
    return manifestation(scheme_, basis=CONSTANT, steps=getattr(scheme_, "history", 1))


def calls(graph: StepGraph) -> list[str]:
    return [*graph.of_type(Evaluate), *graph.of_type(EvaluateBatch)]


def chain_within(graph: StepGraph, step: int) -> int:
    inside = [n for n, node in graph.nodes() if node.step == step]
    depth: dict[str, int] = {}
    for name in inside:
        below = [depth[source] for source, _ in graph.inputs(name) if source in depth]
        depth[name] = isinstance(graph.node(name), Evaluate) + max(below, default=0)
    return max(depth.values())


def batched(block: og.OdeBlock) -> og.OdeBlock:
    return og.with_execution(block, passes=PASSES)


def test_the_catalogue_has_no_other_schemes_with_independent_stages():
    found = []
    for name in scheme_names():
        graph = run_passes(build_step_graph(one_form(name)), og.DEFAULT_PASSES)
        if batch_stages(graph) is not graph:
            found.append(name)
    assert found == list(INDEPENDENT)


@pytest.mark.parametrize("scheme", [*INDEPENDENT, *FAMILY])
def test_a_step_calls_the_unit_once_for_each_link_of_its_longest_chain(scheme):
    graph = run_passes(build_step_graph(one_form(scheme)), og.DEFAULT_PASSES)
    chain = chain_within(graph, 0)
    merged = check(batch_stages(graph))
    assert len(calls(merged)) == chain < len(calls(graph))
    block = og.OdeBlock(
        Tanh(), scheme=scheme, basis=CONSTANT, steps=1, execution=og.Execution(passes=PASSES)
    )
    assert len(block.graph_module.graph.find_nodes(op="call_module", target="unit")) == chain
    assert block.evaluations == len(calls(graph))


@pytest.mark.parametrize("order", range(2, 9))
def test_extrapolated_euler_takes_as_many_calls_as_its_order(order):
    graph = run_passes(build_step_graph(one_form(f"extrapolated-euler({order})")), PASSES)
    assert len(calls(graph)) == order


QUICK = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
BASES = [CONSTANT, og.PiecewiseConstant(2), og.PiecewiseLinear(2), og.Legendre(1)]


@QUICK
@given(
    scheme=explicit_tableaus(most=6),
    basis=st.sampled_from(BASES),
    grid=st.sampled_from([[0, 1], [0, "1/2", 1], [0, "1/2", "3/4", 1]]),
)
@pytest.mark.filterwarnings("ignore:theta.t. jumps:odegraph.ir.OrderLossWarning")
def test_laws_of_the_pass_and_its_reverse(scheme, basis, grid):
    form = manifestation(scheme, basis=basis, grid=grid, span="1/4")
    graph = run_passes(build_step_graph(form), og.DEFAULT_PASSES)
    merged = check(batch_stages(graph))
    assert_close(value(merged), value(graph), rtol=1e-12, atol=1e-12)
    apart = check(evaluate_apart(merged))
    assert sorted(to_text(apart).splitlines()) == sorted(to_text(graph).splitlines())
    assert to_text(check(batch_stages(merged))) == to_text(merged)
    assert_no_two_calls_could_be_one(merged)
    if basis.size == 1:
        steps = {node.step for _, node in graph.nodes() if isinstance(node, Evaluate)}
        for step in steps:
            own = [name for name in calls(merged) if merged.node(name).step == step]
            assert len(own) == chain_within(graph, step)


def assert_no_two_calls_could_be_one(graph: StepGraph) -> None:
    """Of two calls of a step that read one theta(t), one waits for the other."""
    after = {name: nx.descendants(graph.graph, name) for name in calls(graph)}
    for one in after:
        for other in after:
            same_step = graph.node(one).step == graph.node(other).step
            same = graph.input(one, "theta") == graph.input(other, "theta")
            waits = one in after[other] or other in after[one]
            assert one == other or not (same and same_step) or waits


def test_stages_that_read_different_theta_stay_apart():
    form = manifestation("extrapolated-euler(4)", basis=og.PiecewiseLinear(1), steps=1)
    graph = run_passes(build_step_graph(form), PASSES)
    assert len(calls(graph)) == 6
    (batch,) = graph.of_type(EvaluateBatch)
    theta = graph.node(graph.input(batch, "theta"))
    assert isinstance(theta, Theta)
    rates = {node.stage for _, node in graph.nodes() if isinstance(node, BatchedRate)}
    c = og.load_scheme("extrapolated-euler(4)").c
    assert {str(c[i - 1]) for i in rates} == {str(theta.depth)} == {"1/2"}


@pytest.mark.parametrize("basis", [CONSTANT, og.PiecewiseLinear(2)], ids=str)
@pytest.mark.parametrize("scheme", [*INDEPENDENT, *FAMILY])
def test_all_executors_agree_with_the_reference(executor, scheme, basis):
    import reference

    unit = Tanh()
    block = og.OdeBlock(unit, scheme=scheme, basis=basis, steps=2, span="3/4")
    block = batched(randomized(block))
    x = torch.randn(3, 2)
    expected = torch.as_tensor(reference.run(block, unit, x.numpy()))
    assert_close(executor(block, unit)(x), expected, rtol=1e-12, atol=1e-13)


def gradients(run: nn.Module, x: torch.Tensor) -> tuple[torch.Tensor, ...]:
    x = x.clone().requires_grad_()
    return torch.autograd.grad(run(x).square().sum(), [x, *run.parameters()])


@pytest.mark.parametrize("scheme", [*INDEPENDENT, *FAMILY])
def test_gradients_are_those_of_single_stages(differentiable, scheme):
    unit = Tanh()
    block = randomized(og.OdeBlock(unit, scheme=scheme, basis=og.PiecewiseLinear(2), steps=2))
    x = torch.randn(4, 2)
    run = differentiable(batched(block), unit)
    assert_close(run(x), block(x), rtol=1e-12, atol=1e-13)
    for one, other in zip(gradients(run, x), gradients(block, x), strict=True):
        assert_close(one, other, rtol=1e-12, atol=1e-12)


EXECUTIONS = {
    "checkpoints": {"gradients": og.Checkpoints(2)},
    "steps": {"compilation": og.CompiledSteps("eager")},
    "whole": {"compilation": og.CompiledWhole("eager")},
    "adjoint": {"gradients": og.DiscreteAdjoint()},
    "both": {"gradients": og.Checkpoints(2), "compilation": og.CompiledSteps("eager")},
}


@pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor")  # torch's, while it traces
@pytest.mark.parametrize("chosen", EXECUTIONS)
def test_other_choices_stay_what_they_are(chosen):
    unit = nn.Sequential(nn.Conv2d(3, 3, 3, padding=1), nn.GroupNorm(3, 3), nn.ReLU())
    block = og.OdeBlock(
        unit, scheme="extrapolated-euler(4)", basis=og.PiecewiseConstant(2), steps=4
    )
    other = og.with_execution(randomized(block), passes=PASSES, **EXECUTIONS[chosen])
    x = torch.randn(2, 3, 5, 5)
    for one, expected in zip(gradients(other, x), gradients(block, x), strict=True):
        assert_close(one, expected, rtol=1e-11, atol=1e-12)
    with torch.no_grad():
        assert_close(other(x), block(x), rtol=1e-12, atol=1e-12)


def test_the_tableau_is_read_back_with_its_stages_in_another_order():
    scheme = og.load_scheme("extrapolated-euler(4)")
    block = og.OdeBlock(Tanh(), scheme=scheme, basis=og.PiecewiseLinear(1), steps=1)
    plain = read_back(block.graph_module, precision=block.precision)
    found = read_back(batched(block).graph_module, precision=block.precision)
    order = [found.stages.index(name) for name in plain.stages]
    assert found.stages != plain.stages
    assert [[found.A[i][j] for j in order] for i in order] == [list(row) for row in plain.A]
    assert tuple(found.b[i] for i in order) == plain.b
    assert tuple(found.theta[i] for i in order) == plain.theta


def cut_elsewhere(graph: fx.Graph) -> None:
    (node,) = graph.find_nodes(op="call_function", target=torch.chunk)
    node.args = (node.args[0], 2, 1)


def joined_elsewhere(graph: fx.Graph) -> None:
    (node,) = graph.find_nodes(op="call_function", target=torch.cat)
    node.args = (node.args[0], 1)


@pytest.mark.parametrize("change", [cut_elsewhere, joined_elsewhere])
def test_batches_along_another_dimension_are_no_step(change):
    block = og.OdeBlock(Tanh(), scheme="nystrom-5", basis=CONSTANT, steps=1)
    module = copy.copy(batched(block).graph_module)
    change(module.graph)
    with pytest.raises(og.EmitError, match=r"no part of a Runge-Kutta step"):
        read_back(module, precision=block.precision)


def test_batch_statistics_are_those_of_single_stages():
    block = og.OdeBlock(Normed(), scheme="extrapolated-euler(3)", basis=CONSTANT, steps=2)
    other = batched(randomized(block))
    assert other.graphs.evaluation.of_type(EvaluateBatch)
    assert not other.graphs.training.of_type(EvaluateBatch)
    x = torch.randn(6, 3)
    assert torch.equal(other(x), block(x))
    assert_close(dict(other.state_dict()), dict(block.state_dict()), rtol=0, atol=0)
    assert_close(other.eval()(x), block.eval()(x), rtol=1e-12, atol=1e-13)


def test_stages_that_share_a_mask_stay_apart(tmp_path):
    unit = nn.Sequential(nn.Linear(3, 3), nn.Dropout(0.5), nn.Tanh())
    block = og.OdeBlock(unit, scheme="extrapolated-euler(3)", basis=CONSTANT, steps=2)
    other = batched(block)
    assert other.graphs.evaluation.of_type(EvaluateBatch)
    assert not other.graphs.training.of_type(EvaluateBatch)
    x, results = torch.randn(4, 3), []
    for one in (block, other, generated_module(other, tmp_path)):
        torch.manual_seed(1)
        results.append(one(x))
    assert torch.equal(results[0], results[1])
    assert torch.equal(results[0], results[2])


class Centred(nn.Module):
    """Takes the mean over the batch away."""

    def __init__(self) -> None:
        super().__init__()
        self.w = nn.Parameter(torch.ones(2))

    def forward(self, x):
        return self.w * (x - x.mean(0))


def test_units_that_mix_samples_are_refused():
    with pytest.raises(og.GraphError, match=r"nothing proves that `Centred` treats each sample"):
        og.OdeBlock(
            Centred(),
            scheme="nystrom-5",
            basis=CONSTANT,
            steps=1,
            execution=og.Execution(passes=PASSES),
        )


@pytest.mark.parametrize("bake", [lambda block: block, og.bake], ids=["block", "baked"])
def test_states_without_a_batch_are_refused(bake):
    block = og.OdeBlock(
        nn.Softmax(-1), scheme="nystrom-5", basis=CONSTANT, steps=1, example=torch.ones(1, 3)
    )
    assert batched(block)(torch.ones(1, 3)).shape == (1, 3)
    with pytest.raises(og.GraphError, match=r"from 2 dimensions on; a state of shape \[3\]"):
        bake(batched(block))(torch.ones(3))


def test_the_way_back_takes_single_stages():
    block = og.OdeBlock(Tanh(), scheme="extrapolated-euler(3)", basis=CONSTANT, steps=1)
    with pytest.raises(og.GraphError, match="no algebraic inverse") as plain:
        block.inverse(torch.ones(1, 2))
    with pytest.raises(og.GraphError, match="no algebraic inverse") as found:
        batched(block).inverse(torch.ones(1, 2))
    assert str(found.value) == str(plain.value)


def test_long_batches_are_written_on_several_lines(tmp_path):
    block = og.OdeBlock(Tanh(), scheme="extrapolated-euler(8)", basis=CONSTANT, steps=1, span="1/2")
    block = batched(randomized(block))
    x = torch.randn(2, 2)
    assert_close(generated_module(block, tmp_path)(x), block(x), rtol=1e-13, atol=1e-14)
