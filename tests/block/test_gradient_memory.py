"""Gradients from checkpoints: the bits of backpropagation, in a fraction of its memory."""

import pickle

import pytest
import torch
from example_units import Normed, Tanh, randomized
from saved_tensors import LiveTensors, saved_tensors
from torch import nn

import odegraph as og

pytestmark = pytest.mark.filterwarnings("ignore::odegraph.OrderLossWarning")

SCHEMES = [
    "euler",
    "rk4-classic",
    "dormand-prince",  # first same as last: a rate crosses the steps
    "adams-bashforth-3",  # so do two states and rates
    "implicit-midpoint",
]
BASES = [og.PiecewiseConstant(1), og.PiecewiseConstant(4), og.PiecewiseLinear(2), og.Legendre(2)]


class Dropped(nn.Module):
    """Linear, BatchNorm, dropout: new statistics and random numbers in every call."""

    def __init__(self, size: int = 3) -> None:
        super().__init__()
        self.f = nn.Linear(size, size)
        self.norm = nn.BatchNorm1d(size)
        self.drop = nn.Dropout(0.3)

    def forward(self, x):
        return torch.tanh(self.drop(self.norm(self.f(x))))


def trained(block: og.OdeBlock, start: torch.Tensor):
    """Everything that a training step changes or draws from."""
    torch.manual_seed(3)
    x = start.clone().requires_grad_()
    end = block(x)
    loss = (end * torch.arange(1.0, end.numel() + 1).reshape(end.shape)).sum()
    gradients = torch.autograd.grad(loss, [x, *block.parameters()], allow_unused=True)
    return [end, *gradients, *block.state.state_dict().values(), torch.rand(2)]


def assert_same_bits(one, other) -> None:
    for left, right in zip(one, other, strict=True):
        assert (left is None and right is None) or torch.equal(left, right)


@pytest.mark.parametrize("snapshots", [1, 3, None, 20])
@pytest.mark.parametrize("basis", BASES, ids=str)
@pytest.mark.parametrize("scheme", SCHEMES)
def test_checkpoints_give_the_bits_of_backpropagation(scheme, basis, snapshots):
    block = randomized(og.OdeBlock(Tanh(3), scheme=scheme, basis=basis, steps=8))
    kept = og.with_execution(block, gradients=og.Checkpoints(snapshots))
    start = torch.randn(4, 3)
    assert_same_bits(trained(kept, start), trained(block, start))


@pytest.mark.parametrize("scheme", ["rosenbrock-euler", "etd-2-rk"])
def test_checkpoints_of_linearised_steps(scheme):
    block = og.OdeBlock(Tanh(3), scheme=scheme, basis=og.PiecewiseConstant(2), steps=4)
    randomized(block)
    kept = og.with_execution(block, gradients=og.Checkpoints(2))
    start = torch.randn(4, 3)
    assert_same_bits(trained(kept, start), trained(block, start))


class Noisy(nn.Module):
    """A unit that draws in evaluation, too."""

    def __init__(self, size: int = 3) -> None:
        super().__init__()
        self.f = nn.Linear(size, size)

    def forward(self, x):
        return torch.tanh(self.f(x)) * torch.rand_like(x)


@pytest.mark.parametrize("unit", [Dropped, Normed, Noisy], ids=["dropout", "batch norm", "noise"])
@pytest.mark.parametrize("mode", [True, False])
@pytest.mark.parametrize("basis", BASES, ids=str)
def test_dropout_draws_the_same_and_statistics_are_updated_once(unit, mode, basis):
    block = randomized(og.OdeBlock(unit(), scheme="rk4-classic", basis=basis, steps=8)).train(mode)
    kept = og.with_execution(block, gradients=og.Checkpoints(2))
    start = torch.randn(6, 3)
    assert_same_bits(trained(kept, start), trained(block, start))


def test_autocast_holds_in_backward():
    torch.set_default_dtype(torch.float32)
    block = og.OdeBlock(Tanh(3), scheme="rk4-classic", basis=og.PiecewiseConstant(2), steps=6)
    kept = og.with_execution(block, gradients=og.Checkpoints(2))
    found = []
    for one in (block, kept):
        with torch.autocast("cpu", dtype=torch.bfloat16):
            end = one(torch.ones(2, 3))
        end.sum().backward()
        found.append([end, *(slot.grad for slot in one.parameters())])
    assert_same_bits(*found)


class Wide(nn.Module):
    """A convolution between two activations."""

    def __init__(self) -> None:
        super().__init__()
        self.f = nn.Conv2d(4, 4, 3, padding=1)

    def forward(self, x):
        return torch.tanh(self.f(torch.tanh(x)))


def peaks(block: og.OdeBlock, x: torch.Tensor) -> tuple[int, int]:
    """Bytes saved by autograd, and of all live tensors, in one training step."""
    with saved_tensors(but=[x, *block.parameters()]) as saved:
        block(x).square().sum().backward()
    with LiveTensors() as live:
        block(x).square().sum().backward()
    return saved.bytes, live.peak.bytes


@pytest.mark.parametrize(
    ("unit", "shape"),
    [(lambda: Tanh(2, 50), (64, 2)), (Wide, (2, 4, 8, 8))],
    ids=["small", "conv"],
)
@pytest.mark.parametrize("scheme", ["euler", "rk4-classic"])
def test_a_quarter_of_the_memory_is_enough_for_64_steps(unit, shape, scheme):
    block = og.OdeBlock(unit(), scheme=scheme, basis=og.PiecewiseConstant(1), steps=64)
    kept = og.with_execution(block, gradients=og.Checkpoints())
    x = torch.randn(shape)
    everything, live = peaks(block, x)
    saved, live_kept = peaks(kept, x)
    assert saved <= 0.25 * everything
    assert live_kept <= 0.25 * live


def test_memory_grows_like_the_root_of_the_steps():
    def saved(steps: int) -> int:
        block = og.OdeBlock(
            Wide(),
            scheme="euler",
            basis=og.PiecewiseConstant(1),
            steps=steps,
            execution=og.Execution(gradients=og.Checkpoints()),
        )
        return peaks(block, torch.randn(2, 4, 8, 8))[0]

    assert saved(256) <= 2.5 * saved(64)


@pytest.mark.parametrize(("scheme", "values"), [("euler", 1), ("dormand-prince", 2)])
def test_a_budget_keeps_the_states_that_fit(scheme, values):
    block = og.OdeBlock(Wide(), scheme=scheme, basis=og.PiecewiseConstant(1), steps=32)

    def saved(gradients, *, batch: int) -> int:
        return peaks(og.with_execution(block, gradients=gradients), state(batch))[0]

    def state(batch: int) -> torch.Tensor:
        return torch.randn(batch, 4, 8, 8)

    size = values * state(2).untyped_storage().nbytes()
    one = saved(og.Checkpoints(1), batch=2)
    for budget, count in [(size, 1), (2 * size - 1, 1), (5 * size, 5), (6 * size - 1, 5)]:
        found = saved(og.Checkpoints(budget=budget), batch=2)
        assert found == saved(og.Checkpoints(count), batch=2)
        assert found - one <= budget - size
    assert saved(og.Checkpoints(budget=8 * size), batch=4) == saved(og.Checkpoints(4), batch=4)
    assert saved(og.Checkpoints(budget=10**9), batch=2) == saved(og.Checkpoints(32), batch=2)


def test_a_budget_gives_the_bits_of_backpropagation():
    block = randomized(
        og.OdeBlock(Tanh(3), scheme="rk4-classic", basis=og.PiecewiseConstant(4), steps=8)
    )
    kept = og.with_execution(block, gradients=og.Checkpoints(budget=300))
    start = torch.randn(4, 3)
    assert_same_bits(trained(kept, start), trained(block, start))


def test_a_budget_without_place_for_a_state_is_refused():
    block = og.OdeBlock(
        Tanh(),
        scheme="euler",
        basis=og.PiecewiseConstant(1),
        steps=2,
        execution=og.Execution(gradients=og.Checkpoints(budget=63)),
    )
    with pytest.raises(og.GraphError, match=r"63` bytes, and one state of shape \[4, 2\] takes 64"):
        block(torch.ones(4, 2))


@pytest.mark.parametrize("budget", [0, True, 1e6, "1 MB"])
def test_a_budget_is_a_number_of_bytes(budget):
    with pytest.raises(og.GraphError, match="a whole number of bytes, such as"):
        og.Checkpoints(budget=budget)


def test_a_number_and_a_budget_are_one_too_many():
    with pytest.raises(og.GraphError, match=r"follows from either. Give one of them"):
        og.Checkpoints(3, budget=1000)


def test_what_is_chosen_stays_with_the_model(tmp_path):
    block = og.OdeBlock(
        Tanh(),
        scheme="euler",
        basis=og.PiecewiseConstant(4),
        steps=4,
        execution=og.Execution(gradients=og.Checkpoints(3)),
    )
    path = og.save(block, tmp_path / "block.safetensors")
    others = [
        og.manifest(block, scheme="heun-2"),
        og.project(block, basis=og.Legendre(1)),
        og.refine(block),
        pickle.loads(pickle.dumps(block)),
        og.load(path, model=block),
    ]
    assert all(one.execution == block.execution for one in others)
    assert og.with_execution(block, gradients=og.Backpropagation()).execution == og.Execution()


def test_second_derivatives_are_refused():
    block = og.OdeBlock(
        Tanh(),
        scheme="euler",
        basis=og.PiecewiseConstant(1),
        steps=2,
        execution=og.Execution(gradients=og.Checkpoints()),
    )
    x = torch.ones(1, 2, requires_grad=True)
    with pytest.raises(og.GraphError, match=r"have no derivatives.*Use `odegraph.with_execution"):
        torch.autograd.grad(block(x).sum(), x, create_graph=True)


@pytest.mark.parametrize("snapshots", [0, -1, True, "8", 2.0])
def test_a_number_of_snapshots_is_needed(snapshots):
    with pytest.raises(og.GraphError, match="the number of states that are kept, at least 1"):
        og.Checkpoints(snapshots)


def test_what_is_no_execution_is_refused():
    with pytest.raises(og.GraphError, match="give the object that computes them"):
        og.Execution(gradients="checkpoints")  # pyright: ignore[reportArgumentType]
    with pytest.raises(og.GraphError, match=r"a tuple of functions.*collapse_linear"):
        og.Execution(passes=["simplify"])  # pyright: ignore[reportArgumentType]
