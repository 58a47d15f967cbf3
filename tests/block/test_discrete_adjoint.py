"""Gradients by the adjoint graph: those of backpropagation, with the stages alone kept."""

import pytest
import torch
from catalogue_names import kind_of
from example_units import Normed, Tanh, randomized
from saved_tensors import saved_tensors
from torch import nn
from torch.nn import functional as F
from torch.testing import assert_close

import odegraph as og
from odegraph.ir import Halves

pytestmark = [
    pytest.mark.filterwarnings("ignore::odegraph.OrderLossWarning"),
    pytest.mark.filterwarnings("ignore::odegraph.block.halves.SeparabilityWarning"),
    pytest.mark.filterwarnings("ignore::odegraph.block.backward.BackwardSubstepWarning"),
]

EXPLICIT = [
    name
    for name in og.scheme_names()
    if og.load_scheme(name).is_explicit and kind_of(name) not in ("exponential", "rosenbrock")
]
FEW = ["heun-2", "rk4-classic", "dormand-prince", "adams-bashforth-3", "stormer-verlet"]
BASES = [
    og.PiecewiseConstant(1),
    og.PiecewiseConstant(4),
    og.PiecewiseLinear(3),
    og.Legendre(2),
    og.BSpline(3, 2),
    og.Cosine(3),
]


class Convolved(nn.Module):
    """Two convolutions around a norm and an activation."""

    def __init__(self) -> None:
        super().__init__()
        self.f = nn.Conv2d(2, 3, 3, padding=1)
        self.norm = nn.BatchNorm2d(3)
        self.g = nn.Conv2d(3, 2, 3, padding=1)

    def forward(self, x):
        return self.g(torch.relu(self.norm(self.f(x))))


class Attention(nn.Module):
    """A pre-norm block of attention over a sequence."""

    def __init__(self, size: int = 4) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(size)
        self.attention = nn.MultiheadAttention(size, 2, batch_first=True)

    def forward(self, x):
        x = self.norm(x)
        return self.attention(x, x, x, need_weights=False)[0]


class Recalled(nn.Module):
    """A unit whose rate depends on a buffer that it changes."""

    def __init__(self, size: int = 3) -> None:
        super().__init__()
        self.f = nn.Linear(size, size)
        self.register_buffer("mean", torch.ones(size))

    def forward(self, x):
        rate = torch.tanh(self.f(x) * self.mean)
        if self.training:
            self.mean.copy_(0.5 * self.mean + 0.5 * rate.detach().mean(0))
        return rate


def gradients(block: nn.Module, start: torch.Tensor):
    x = start.clone().requires_grad_()
    end = block(x)
    loss = (end * torch.arange(1.0, end.numel() + 1).reshape(end.shape)).sum()
    learning = [one for one in block.parameters() if one.requires_grad]
    return end, torch.autograd.grad(loss, [x, *learning])


def by_adjoint(block: og.OdeBlock, **choices) -> og.OdeBlock:
    return og.with_execution(block, gradients=og.DiscreteAdjoint(), **choices).train(block.training)


def largest_weight(block: og.OdeBlock) -> float:
    """At least 1; rounding errors grow with weights that cancel, 458 in `tanaka-efficient-7-6`."""
    edges = (edge for *_, edge in block.step_graph.graph.edges(data="edge"))
    halves = (Halves.both(edge.weight) for edge in edges if edge.weight is not None)
    return max(1.0, *(abs(float(w)) for one in halves for row in one.rows for w in row))


def assert_agree(block: og.OdeBlock, start: torch.Tensor, **choices) -> None:
    back, bound = by_adjoint(block, **choices), 1e-12 * largest_weight(block)
    (end, expected), (same, found) = gradients(block, start), gradients(back, start)
    assert_close(same, end, rtol=1e-13, atol=1e-13)
    for one, other in zip(found, expected, strict=True):
        assert_close(one, other, rtol=0, atol=bound * float(other.abs().max()))


@pytest.mark.parametrize("scheme", EXPLICIT)
def test_gradients_of_all_explicit_schemes_are_those_of_backpropagation(scheme):
    basis = og.PiecewiseLinear(2)
    block = og.OdeBlock(Tanh(4), scheme=scheme, basis=basis, steps=5, span="1/2")
    assert_agree(randomized(block), torch.randn(3, 4))


@pytest.mark.parametrize("basis", BASES, ids=str)
@pytest.mark.parametrize("scheme", FEW)
def test_gradients_in_all_bases(scheme, basis):
    block = og.OdeBlock(Tanh(4), scheme=scheme, basis=basis, steps=4)
    assert_agree(randomized(block), torch.randn(3, 4))


@pytest.mark.parametrize("mode", [True, False], ids=["training", "evaluation"])
@pytest.mark.parametrize(
    ("unit", "shape"),
    [
        (Convolved, (3, 2, 5, 5)),
        (Attention, (2, 3, 4)),
        (Normed, (6, 3)),
        (Recalled, (6, 3)),
        (lambda: nn.Linear(3, 3), (4, 3)),
        (lambda: nn.Tanh(), (4, 3)),
    ],
    ids=["conv", "attention", "batch norm", "changed buffer", "linear", "no parameters"],
)
@pytest.mark.parametrize("scheme", ["euler", "rk4-classic", "adams-bashforth-2"])
def test_gradients_and_statistics_of_all_sorts_of_units(unit, shape, mode, scheme):
    block = og.OdeBlock(unit(), scheme=scheme, basis=og.PiecewiseLinear(2), steps=4)
    randomized(block).train(mode)
    back = by_adjoint(block)
    if unit is Recalled:  # backpropagation finds the buffer changed, and gives up
        block = og.with_execution(block, gradients=og.Checkpoints()).train(mode)
    start = torch.randn(shape)
    (_, expected), (_, found) = gradients(block, start), gradients(back, start)
    for one, other in zip(found, expected, strict=True):
        # A bias before a norm has no gradient but rounding errors.
        assert_close(one, other, rtol=1e-10, atol=1e-12 * float(expected[0].abs().max()))
    for one, other in zip(back.state.buffers(), block.state.buffers(), strict=True):
        assert torch.equal(one, other)


PASSES = {
    "none": (),
    "batched": (*og.DEFAULT_PASSES, og.passes.batch_stages),
    "registers": (*og.DEFAULT_PASSES, og.passes.order_registers),
}


@pytest.mark.parametrize("passes", PASSES.values(), ids=PASSES)
@pytest.mark.parametrize("scheme", [*FEW, "williamson-3", "extrapolated-euler(3)"])
def test_gradients_do_not_depend_on_the_passes(scheme, passes):
    block = og.OdeBlock(
        Tanh(4),
        scheme=scheme,
        basis=og.PiecewiseLinear(2),
        steps=3,
        execution=og.Execution(passes=passes),
    )
    assert_agree(randomized(block), torch.randn(3, 4))


def test_layers_of_a_residual_network_have_gradients():
    units = [Tanh(3) for _ in range(4)]
    block = og.block_of_units(units, scheme="euler", basis=og.PiecewiseConstant(4), steps=4, span=4)
    assert_agree(block, torch.randn(5, 3))


# Dynamo of torch 2.13 makes an instance of every autograd function that it traces.
@pytest.mark.filterwarnings("ignore:.*should not be instantiated:DeprecationWarning")
@pytest.mark.parametrize("scheme", ["rk4-classic", "stormer-verlet"])
def test_compiled_steps_forward_and_back(scheme):
    torch.compiler.reset()
    block = og.OdeBlock(Tanh(4), scheme=scheme, basis=og.PiecewiseLinear(2), steps=8)
    assert_agree(
        randomized(block), torch.randn(3, 4), compilation=og.CompiledSteps(backend="aot_eager")
    )


def test_only_what_learns_gets_a_gradient_whenever_that_is_decided():
    block = randomized(
        og.OdeBlock(Tanh(3), scheme="rk4-classic", basis=og.PiecewiseConstant(2), steps=4)
    )
    back = by_adjoint(block)
    x = torch.randn(4, 3)
    for frozen in (["f.weight"], [], ["f.weight", "g.bias"]):
        for one in (block, back):
            for path, slot in one.theta.named_parameters():
                slot.requires_grad_(path not in frozen)
        for one, other in zip(gradients(back, x)[1], gradients(block, x)[1], strict=True):
            assert_close(one, other, rtol=1e-12, atol=1e-12)


def test_swapped_parameters_are_those_that_are_differentiated():
    block = og.OdeBlock(Tanh(3), scheme="heun-2", basis=og.PiecewiseLinear(1), steps=2)
    back = by_adjoint(block)
    randomized(block)
    others = dict(block.named_parameters())
    x = torch.randn(4, 3)
    loss = torch.func.functional_call(back, others, (x,)).square().sum()
    found = torch.autograd.grad(loss, list(others.values()))
    expected = torch.autograd.grad(block(x).square().sum(), list(others.values()))
    assert_close(found, expected, rtol=1e-12, atol=1e-13)


def test_parameters_that_change_before_backward_are_noticed():
    block = by_adjoint(
        og.OdeBlock(Tanh(3), scheme="heun-2", basis=og.PiecewiseConstant(1), steps=2)
    )
    loss = block(torch.randn(4, 3)).sum()
    with torch.no_grad():
        block.theta.f.weight.add_(1)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()


def test_autocast_holds_in_backward():
    torch.set_default_dtype(torch.float32)
    block = og.OdeBlock(Tanh(3), scheme="rk4-classic", basis=og.PiecewiseConstant(2), steps=6)
    back = by_adjoint(block)
    x = torch.randn(8, 3)
    found = []
    for one in (block, back):
        with torch.autocast("cpu", dtype=torch.bfloat16):
            end = one(x)
        found.append(torch.autograd.grad(end.square().sum(), list(one.parameters())))
    # Of the 8 bits of bfloat16, sums of another order may differ in the last two.
    for one, other in zip(*found, strict=True):
        assert_close(one, other, rtol=0, atol=2**-5 * float(other.abs().max()))


class Wide(nn.Module):
    """A convolution that makes much of a small state."""

    def __init__(self) -> None:
        super().__init__()
        self.f = nn.Conv2d(2, 16, 3, padding=1)
        self.g = nn.Conv2d(16, 2, 3, padding=1)

    def forward(self, x):
        return self.g(torch.tanh(self.f(x)))


@pytest.mark.parametrize(
    ("scheme", "states"), [("euler", 1), ("heun-2", 2), ("rk4-classic", 4), ("dormand-prince", 6)]
)
@pytest.mark.parametrize(
    ("unit", "shape"), [(lambda: Tanh(2, 50), (64, 2)), (Wide, (2, 2, 8, 8))], ids=["small", "conv"]
)
def test_the_states_of_all_stages_are_kept_and_nothing_else(unit, shape, scheme, states):
    steps = 8
    block = og.OdeBlock(unit(), scheme=scheme, basis=og.PiecewiseConstant(1), steps=steps)
    x = torch.randn(shape)
    peaks = []
    for one in (block, by_adjoint(block)):
        with saved_tensors(but=[x, *one.parameters()]) as forward:
            end = one(x)
        peaks.append(forward.bytes)
        with saved_tensors(but=[x, end, *one.parameters()]) as backward:
            end.square().sum().backward()
    everything, kept = peaks
    # The state at depth 0 is the argument itself.
    assert kept == (states * steps - 1) * x.numel() * x.element_size()
    assert kept < everything
    one_unit = everything / (states * steps)
    assert backward.bytes <= 2 * one_unit + 2 * x.numel() * x.element_size()


@pytest.mark.parametrize("scheme", ["gauss-2", "rosenbrock-euler", "etd-2-rk"])
def test_schemes_that_are_not_explicit_are_refused(scheme):
    block = by_adjoint(og.OdeBlock(Tanh(), scheme=scheme, basis=og.PiecewiseConstant(1), steps=2))
    with pytest.raises(og.GraphError, match=rf"`{scheme}` holds a .*Use `Checkpoints"):
        block(torch.ones(1, 2))
    with torch.no_grad():
        assert block(torch.ones(1, 2)).shape == (1, 2)


class Noisy(nn.Module):
    """Random in evaluation, too."""

    def __init__(self) -> None:
        super().__init__()
        self.f = nn.Linear(2, 2)

    def forward(self, x):
        return self.f(x) * torch.rand_like(x)


class Dropped(nn.Module):
    """Two masks in every call, around a norm."""

    def __init__(self) -> None:
        super().__init__()
        self.f = nn.Linear(2, 2)
        self.norm = nn.BatchNorm1d(2)

    def forward(self, x):
        x = F.dropout(self.norm(self.f(x)), 0.3, self.training)
        return F.alpha_dropout(torch.tanh(x), 0.2, self.training)


@pytest.mark.parametrize("scheme", [*FEW, "leapfrog"])
@pytest.mark.parametrize(
    ("unit", "mode"), [(Dropped, True), (Noisy, True), (Noisy, False)], ids=str
)
def test_random_units_compute_with_what_they_drew(unit, mode, scheme):
    block = og.OdeBlock(unit(), scheme=scheme, basis=og.PiecewiseLinear(2), steps=4)
    randomized(block).train(mode)
    x, drawn_next = torch.randn(4, 2), []
    found = []
    for one in (block, by_adjoint(block)):
        torch.manual_seed(3)
        found.append(gradients(one, x))
        drawn_next.append(torch.rand(2))
    (end, expected), (same, others) = found
    assert torch.equal(same, end) and torch.equal(*drawn_next)
    for one, other in zip(others, expected, strict=True):
        assert_close(one, other, rtol=1e-10, atol=1e-12 * float(expected[0].abs().max()))


def test_random_numbers_are_kept_once_a_step():
    unit = nn.Sequential(nn.Linear(2, 16), nn.Dropout(0.5), nn.Linear(16, 2))
    block = by_adjoint(
        og.OdeBlock(unit, scheme="rk4-classic", basis=og.PiecewiseConstant(1), steps=8)
    )
    x = torch.randn(4, 2)
    with saved_tensors(but=[x, *block.parameters()]) as saved:
        block(x)
    masks, states = 8 * 4 * 16, (4 * 8 - 1) * 4 * 2
    assert saved.bytes == (masks + states) * x.element_size()


def test_dropout_does_nothing_in_evaluation():
    unit = nn.Sequential(nn.Linear(3, 3), nn.Dropout(0.5))
    block = og.OdeBlock(unit, scheme="heun-2", basis=og.PiecewiseConstant(1), steps=2)
    assert_agree(block.eval(), torch.randn(4, 3))


def test_second_derivatives_are_refused():
    block = by_adjoint(og.OdeBlock(Tanh(), scheme="euler", basis=og.PiecewiseConstant(1), steps=2))
    x = torch.ones(1, 2, requires_grad=True)
    with pytest.raises(og.GraphError, match=r"have no derivatives.*Use `odegraph.with_execution"):
        torch.autograd.grad(block(x).sum(), x, create_graph=True)
