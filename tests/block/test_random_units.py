"""Dropout inside of a unit: one mask a step, the same wherever the block runs."""

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint

import odegraph as og
from odegraph.ir import Evaluate

P = 0.4
SCHEMES = ("euler", "midpoint", "rk4-classic", "rk4-38", "bogacki-shampine", "dormand-prince")


class Dropped(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.inner = nn.Linear(3, 6)
        self.drop = nn.Dropout(P)
        self.outer = nn.Linear(6, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.outer(self.drop(torch.tanh(self.inner(x))))


def make(scheme: str, *, elements: int = 2, steps: int = 4) -> tuple[og.OdeBlock, nn.Module]:
    unit, basis = Dropped(), og.PiecewiseConstant(elements)
    return og.OdeBlock(unit, scheme=scheme, basis=basis, steps=steps, span=2), unit


def by_hand(unit: nn.Module, scheme: str, x: Tensor, *, steps: int, span: float) -> Tensor:
    """A new mask in every step, drawn before its first stage; the tableau as it is."""
    tableau = og.load_scheme(scheme)
    A, b = (torch.tensor(m.tolist(), dtype=x.dtype) for m in (tableau.A, tableau.b))
    h = span / steps
    for _ in range(steps):
        mask = F.dropout(torch.ones(len(x), 6), P)
        k: list[Tensor] = []
        for i in range(tableau.stages):
            y = x + h * sum((A[i, j] * k[j] for j in range(i)), start=torch.zeros_like(x))
            k.append(unit.outer(mask * torch.tanh(unit.inner(y))))
        x = x + h * sum((w * one for w, one in zip(b.flatten(), k, strict=True)), start=0 * x)
    return x


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_stages_of_a_step_share_a_mask_and_steps_do_not(scheme, differentiable):
    block, unit = make(scheme)
    run = differentiable(block.train(), unit).train()
    x = torch.randn(5, 3)
    torch.manual_seed(3)
    found = run(x)
    torch.manual_seed(3)
    torch.testing.assert_close(found, by_hand(unit, scheme, x, steps=4, span=2.0))


class MaskAlone(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.drop = nn.Dropout(0.5)

    def forward(self, x: Tensor) -> Tensor:
        return self.drop(torch.ones_like(x))


@pytest.mark.parametrize("scheme", [*SCHEMES, "ssp-rk-10-4", "ralston-3"])
def test_each_step_adds_all_or_nothing(scheme):
    # The weights b sum to one: a step moves by h / (1 - p) where it keeps, and else stays.
    block = og.OdeBlock(MaskAlone(), scheme=scheme, basis=og.PiecewiseConstant(1), steps=6)
    kept = 3 * block(torch.zeros(50, 4))
    torch.testing.assert_close(kept, kept.round())
    assert set(kept.round().unique().tolist()) > {1.0, 2.0, 3.0, 4.0, 5.0}


def test_euler_with_one_step_an_element_is_the_residual_network_to_the_last_bit():
    torch.set_default_dtype(torch.float32)
    units = [Dropped() for _ in range(4)]
    block = og.block_of_units(units, scheme="euler", basis=og.PiecewiseConstant(4), steps=4, span=4)
    x = state = torch.randn(5, 3)
    torch.manual_seed(3)
    for unit in units:
        state = state + unit(state)
    torch.manual_seed(3)
    assert torch.equal(block(x), state)


def test_a_seed_gives_the_same_masks_and_another_call_others():
    block, _ = make("rk4-classic")
    x = torch.randn(5, 3)
    torch.manual_seed(3)
    first, second = block(x), block(x)
    torch.manual_seed(3)
    assert torch.equal(block(x), first)
    assert not torch.equal(second, first)


def test_recomputing_for_the_backward_pass_draws_the_same():
    block, _ = make("rk4-classic")
    x = torch.randn(5, 3, requires_grad=True)
    inputs = [x, *block.parameters()]
    torch.manual_seed(3)
    plain = torch.autograd.grad(block(x).square().sum(), inputs)
    torch.manual_seed(3)
    recomputed = checkpoint(block, x, use_reentrant=False)
    again = torch.autograd.grad(recomputed.square().sum(), inputs)
    assert all(torch.equal(a, b) for a, b in zip(plain, again, strict=True))


def test_the_gradient_is_that_of_the_masked_map():
    block, unit = make("rk4-classic", elements=1)
    x = torch.randn(5, 3)
    torch.manual_seed(3)
    found = torch.autograd.grad(block(x).square().sum(), list(block.parameters()))
    torch.manual_seed(3)
    end = by_hand(unit, "rk4-classic", x, steps=4, span=2.0)
    expected = torch.autograd.grad(end.square().sum(), list(unit.parameters()))
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one.squeeze(0), other)


def test_evaluation_draws_nothing_and_takes_the_last_rate_over_where_training_does_not():
    block, _ = make("bogacki-shampine", elements=1, steps=3)
    evaluated, trained = (
        [(node.step, node.draws) for _, node in graph.nodes() if isinstance(node, Evaluate)]
        for graph in (block.graphs.evaluation, block.graphs.training)
    )
    assert evaluated == [(step, None) for step in (0, 0, 0, 0, 1, 1, 1, 2, 2)]
    assert trained == [(step, step) for step in (0, 0, 0, 1, 1, 1, 2, 2, 2)]
    before = torch.get_rng_state()
    block.eval()(torch.ones(5, 3))
    assert torch.equal(torch.get_rng_state(), before)


class AlwaysOn(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return F.dropout(torch.ones_like(x), 0.5, training=True)


def test_a_unit_that_is_random_in_evaluation_too_shares_its_mask_there():
    block = og.OdeBlock(AlwaysOn(), scheme="rk4-classic", basis=og.PiecewiseConstant(1), steps=4)
    kept = 2 * block.eval()(torch.zeros(50, 4))
    torch.testing.assert_close(kept, kept.round())
    torch.manual_seed(3)
    found = block(torch.zeros(5, 4))
    torch.manual_seed(3)
    assert torch.equal(og.bake(block)(torch.zeros(5, 4)), found)


def test_the_explicit_part_of_a_split_unit_shares_its_mask(differentiable):
    still = nn.Linear(4, 4, bias=False)
    nn.init.zeros_(still.weight)
    unit = og.SplitUnit(MaskAlone(), still)
    basis = og.PiecewiseConstant(1)
    block = og.OdeBlock(unit, scheme="imex-ssp2-322", basis=basis, steps=6)
    torch.manual_seed(3)
    kept = 3 * differentiable(block.train(), unit).train()(torch.zeros(50, 4))
    torch.testing.assert_close(kept, kept.round())
    assert set(kept.round().unique().tolist()) > {1.0, 2.0, 3.0, 4.0, 5.0}
