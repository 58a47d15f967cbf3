"""Equal steps of a linear unit as one matrix: the numbers of the steps, in a constant time."""

import pytest
import torch
from example_units import Tanh, randomized
from torch import nn
from torch.testing import assert_close

import odegraph as og
from odegraph.ir import Evaluate, Propagator, build_step_graph, manifestation, to_text
from odegraph.passes import collapse_linear, run_passes

PASSES = (collapse_linear, *og.DEFAULT_PASSES)
SCHEMES = ["euler", "rk4-classic", "dormand-prince", "implicit-midpoint", "gauss-2", "radau-iia-3"]


def linear(size: int = 3) -> nn.Module:
    return nn.Linear(size, size, bias=False)


@pytest.mark.parametrize("basis", [og.PiecewiseConstant(1), og.PiecewiseConstant(2)], ids=str)
@pytest.mark.parametrize("scheme", SCHEMES)
def test_all_executors_agree_with_the_reference(executor, scheme, basis):
    import reference

    unit = linear()
    block = og.OdeBlock(
        unit,
        scheme=scheme,
        basis=basis,
        steps=8,
        span="1/2",
        execution=og.Execution(passes=PASSES),
    )
    randomized(block)
    x = torch.randn(4, 3)
    assert len(block.step_graph.of_type(Propagator)) == basis.size
    assert block.evaluations == 0
    expected = torch.as_tensor(reference.run(block, unit, x.numpy()))
    assert_close(executor(block, unit)(x), expected, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_gradients_are_those_of_the_steps(differentiable, scheme):
    unit = linear()
    block = og.OdeBlock(unit, scheme=scheme, basis=og.PiecewiseConstant(2), steps=8, span=2)
    randomized(block)
    collapsed = og.with_execution(block, passes=PASSES)
    x = torch.randn(4, 3)

    def gradient(run):
        return torch.autograd.grad(run(x).square().sum(), list(run.parameters()))

    for one, other in zip(gradient(differentiable(collapsed, unit)), gradient(block), strict=True):
        assert_close(one, other, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("gradients", [og.Backpropagation(), og.Checkpoints()], ids=str)
def test_a_thousand_steps_of_a_convolution(gradients):
    unit = nn.Conv2d(2, 2, 3, padding=1, bias=False)
    block = og.OdeBlock(unit, scheme="euler", basis=og.PiecewiseConstant(1), steps=1000)
    collapsed = og.with_execution(block, passes=PASSES, gradients=gradients)
    x = torch.randn(3, 2, 4, 4)
    assert_close(collapsed(x), block(x), rtol=1e-11, atol=1e-12)


def test_a_state_without_a_batch():
    block = og.OdeBlock(linear(), scheme="euler", basis=og.PiecewiseConstant(1), steps=5)
    collapsed = og.with_execution(block, passes=PASSES)
    x = torch.randn(3)
    assert_close(collapsed(x), block(x), rtol=1e-13, atol=1e-13)


def text(basis: og.Basis, **grid) -> list[str]:
    form = manifestation("crank-nicolson", basis=basis, **grid)
    return to_text(run_passes(build_step_graph(form), PASSES)).splitlines()


def test_the_stability_function_has_the_length_of_the_step():
    assert text(og.PiecewiseConstant(1), steps=4) == [
        "x0 = input",
        "step0.theta1 = theta(0): (1) [0]",
        "step0.propagator = ((1 + 1/8 M) / (1 + -1/8 M))^4 with M of step0.theta1",
        "x4 = step0.propagator[0] times (1) x0",
        "output4 = output 4: x4",
    ]


@pytest.mark.parametrize(
    ("basis", "grid", "matrices"),
    [
        (og.PiecewiseConstant(1), [0, "1/4", "1/2", 1], [2]),
        (og.PiecewiseConstant(1), [0, "1/4", "1/2", "3/4", "7/8", 1], [3, 2]),
        (og.PiecewiseConstant(breakpoints=[0, "1/2", "3/4", 1]), [0, "1/4", "1/2", "3/4", 1], [2]),
        (og.PiecewiseLinear(1), [0, "1/2", 1], []),
    ],
    ids=str,
)
def test_runs_of_equal_steps_are_collapsed_and_others_are_not(basis, grid, matrices):
    form = manifestation("rk4-classic", basis=basis, grid=grid)
    graph = run_passes(build_step_graph(form), PASSES)
    found = [graph.node(name) for name in graph.of_type(Propagator)]
    assert [one.repeats for one in found if isinstance(one, Propagator)] == matrices
    stages = 4 * (form.steps - sum(matrices))
    assert len(graph.of_type(Evaluate)) == stages


def test_units_that_are_not_linear_are_refused():
    with pytest.raises(og.GraphError, match=r"proven linear.*`Tanh` is not"):
        og.OdeBlock(
            Tanh(),
            scheme="euler",
            basis=og.PiecewiseConstant(1),
            steps=4,
            execution=og.Execution(passes=PASSES),
        )


def test_other_kinds_and_shared_values_are_refused():
    leapfrog = manifestation("leapfrog", basis=og.PiecewiseConstant(1), steps=4)
    with pytest.raises(og.GraphError, match="is of kind `linear-multistep`"):
        collapse_linear(build_step_graph(leapfrog))
    pairs = manifestation(
        "dormand-prince", basis=og.PiecewiseConstant(1), grid=[0, "1/4", "1/2", 1]
    )
    shared = run_passes(build_step_graph(pairs), og.DEFAULT_PASSES)
    with pytest.raises(og.GraphError, match=r"share rates already. Put it first"):
        collapse_linear(shared)
