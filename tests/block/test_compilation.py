"""Compiled blocks: the numbers of the graph, by code that does not grow with depth."""

import copy

import pytest
import torch
from example_units import Normed, Tanh, randomized
from torch.testing import assert_close

import odegraph as og

pytestmark = [
    pytest.mark.filterwarnings("ignore::odegraph.OrderLossWarning"),
    # Dynamo hides this warning of torch, but cannot hide an error.
    pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor"),
]

UNEVEN = (0, "1/7", "1/3", "1/2", "5/8", 1)
FORMS = {
    "uniform": {"steps": 6},
    "uneven": {"grid": UNEVEN},
    "hats": {"basis": og.PiecewiseLinear(2), "steps": 6},
    "global": {"basis": og.Legendre(2), "grid": UNEVEN},
}


def block_of(unit, **options) -> og.OdeBlock:
    chosen = {"scheme": "rk4-classic", "basis": og.PiecewiseConstant(2)} | options
    return randomized(og.OdeBlock(unit, **chosen))


def trained(block: og.OdeBlock, start: torch.Tensor):
    """The state at the end, all gradients, and the statistics that the call left behind."""
    x = start.clone().requires_grad_()
    end = block(x)
    loss = (end * torch.arange(1.0, end.numel() + 1).reshape(end.shape)).sum()
    gradients = torch.autograd.grad(loss, [x, *block.parameters()], allow_unused=True)
    return [end, *gradients, *block.state.state_dict().values()]


def assert_same(block: og.OdeBlock, other: og.OdeBlock, start: torch.Tensor) -> None:
    for found, expected in zip(trained(block, start), trained(other, start), strict=True):
        assert_close(found, expected, rtol=1e-12, atol=1e-12)
    with torch.no_grad():
        assert_close(block(start), other(start), rtol=1e-12, atol=1e-12)


@pytest.fixture(scope="module")
def counted():
    """What the backend `counting` was asked to compile, one entry a graph."""
    graphs: list[torch.fx.GraphModule] = []

    def counting(graph, inputs):
        graphs.append(graph)
        return graph

    torch._dynamo.register_backend(counting, name="counting")
    return graphs


@pytest.fixture
def compilations(counted):
    """The same, empty at first."""
    torch.compiler.reset()
    counted.clear()
    return counted


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("form", list(FORMS))
def test_compiled_blocks_give_the_numbers_of_the_graph(form, training):
    torch.compiler.reset()
    block = block_of(Normed(2), scheme="heun-2", **FORMS[form])
    compiled = og.with_execution(block, compilation=og.CompiledSteps("eager"))
    start = torch.randn(5, 2)
    assert_same(compiled.train(training), block.train(training), start)


def test_a_block_compiled_whole():
    torch.compiler.reset()
    block = block_of(Tanh(2), basis=og.Legendre(1), steps=2)
    assert_same(
        og.with_execution(block, compilation=og.CompiledWhole("eager")), block, torch.randn(3, 2)
    )


@pytest.mark.parametrize("scheme", ["adams-bashforth-3", "bogacki-shampine"])
def test_values_that_cross_steps_reach_the_next_segment(scheme):
    torch.compiler.reset()
    block = block_of(Tanh(2), scheme=scheme, steps=5)
    assert_same(
        og.with_execution(block, compilation=og.CompiledSteps("eager")), block, torch.randn(3, 2)
    )


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")
@pytest.mark.parametrize("training", [True, False])
def test_machine_code_gives_the_numbers_of_the_graph(training):
    torch.compiler.reset()
    block = block_of(Normed(2), scheme="midpoint", basis=og.PiecewiseLinear(1), grid=UNEVEN)
    compiled = copy.deepcopy(block)
    compiled.compile()
    assert_same(compiled.train(training), block.train(training), torch.randn(5, 2))


@pytest.mark.parametrize("basis", [og.PiecewiseConstant(4), og.PiecewiseLinear(2)], ids=str)
def test_the_code_does_not_grow_with_depth(compilations, basis):
    counts = []
    for steps in (4, 64):
        before = len(compilations)
        block = block_of(Tanh(2), scheme="euler", basis=basis, steps=steps)
        block.compile(og.CompiledSteps("counting"))
        block(torch.randn(3, 2))
        counts.append(sum(len(one.graph.nodes) for one in compilations[before:]))
    assert counts[1] <= counts[0]


def test_steps_of_different_length_share_their_code(compilations):
    block = block_of(Tanh(2), basis=og.PiecewiseConstant(1), grid=UNEVEN)
    block.compile(og.CompiledSteps("counting"))
    block(torch.randn(3, 2))
    assert len(compilations) <= 2  # five steps: four, and the last one


def test_batches_of_many_sizes_compile_twice(compilations):
    block = block_of(Tanh(2), scheme="euler", steps=8).eval()
    block.compile(og.CompiledSteps("counting"))
    with torch.no_grad():
        block(torch.randn(4, 2))
        first = len(compilations)
        for size in (7, 9, 12, 31):
            block(torch.randn(size, 2))
    assert len(compilations) == 2 * first


def test_checkpoints_of_compiled_steps():
    torch.compiler.reset()
    block = block_of(Tanh(2), steps=8)
    kept = og.with_execution(
        block, gradients=og.Checkpoints(3), compilation=og.CompiledSteps("eager")
    )
    assert_same(kept, block, torch.randn(3, 2))


def test_a_baked_block_is_compiled_too(compilations):
    block = block_of(Normed(2), basis=og.PiecewiseLinear(2), steps=4).eval()
    baked = og.bake(block)
    baked.compile(og.CompiledSteps("counting"))
    x = torch.randn(3, 2)
    assert_close(baked(x), block(x), rtol=1e-12, atol=1e-12)
    assert compilations
    assert_close(copy.deepcopy(baked)(x), block(x), rtol=1e-12, atol=1e-12)


def test_eager_takes_compilation_back(compilations):
    block = block_of(Tanh(2), steps=4)
    block.compile(og.CompiledSteps("counting"))
    block.compile(og.Eager())
    block(torch.randn(3, 2))
    assert not compilations


def test_a_gradient_that_the_state_did_not_ask_for_stays_away():
    torch.compiler.reset()
    block = block_of(Tanh(2), steps=4)
    block.compile(og.CompiledSteps("eager"))
    x = torch.randn(3, 2)
    block(x).sum().backward()
    assert x.grad is None and not x.requires_grad


def test_a_word_is_no_compilation():
    with pytest.raises(og.GraphError, match=r"`compilation` is `fast`.*`CompiledSteps\(\)`"):
        og.Execution(compilation="fast")
