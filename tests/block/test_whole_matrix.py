"""Baked blocks of linear units on vectors: one matrix for all steps."""

import pytest
import torch
from example_units import randomized
from executors import generated_module
from torch import nn
from torch.testing import assert_close

import odegraph as og
from odegraph.ir import Evaluate
from odegraph.passes import collapse_linear

PASSES = (collapse_linear, *og.DEFAULT_PASSES)
BASES = [og.PiecewiseConstant(4), og.PiecewiseLinear(2), og.Legendre(2)]


def linear_block(basis: og.Basis, *, scheme: str = "rk4-classic", passes=PASSES) -> og.OdeBlock:
    return randomized(
        og.OdeBlock(
            nn.Linear(3, 3, bias=False),
            scheme=scheme,
            basis=basis,
            steps=8,
            span="1/2",
            execution=og.Execution(passes=passes),
        )
    ).eval()


@pytest.mark.parametrize("scheme", ["euler", "rk4-classic", "dormand-prince", "gauss-2"])
@pytest.mark.parametrize("basis", BASES, ids=str)
def test_all_steps_are_one_matrix_for_any_theta(tmp_path, scheme, basis):
    block, x = linear_block(basis, scheme=scheme), torch.randn(4, 3)
    expected = og.with_execution(block, passes=og.DEFAULT_PASSES)(x)
    block(x)
    baked = og.bake(block)
    shapes = {name: tuple(slot.shape) for name, slot in baked.state_dict().items()}
    assert shapes == {"theta.weight": (1, 3, 3)}
    assert len(baked.step_graph.of_type(Evaluate)) == 1
    assert_close(baked(x), expected, rtol=1e-12, atol=1e-13)
    generated = generated_module(baked, tmp_path).eval()
    assert torch.equal(generated(x), baked(x))
    og.draw(baked, tmp_path / "baked.dot")


def test_the_matrix_of_float32_is_computed_in_float64():
    block, x = linear_block(og.Legendre(2)), torch.randn(4, 3)
    expected = block(x)
    single = block.float()
    single(x.float())
    found = og.bake(single)(x.float())
    assert found.dtype == torch.float32
    assert_close(found.double(), expected, rtol=1e-6, atol=1e-6)


def test_blocks_that_do_not_collapse_keep_their_steps():
    basis, x = og.PiecewiseLinear(2), torch.randn(4, 3)
    plain = linear_block(basis, passes=og.DEFAULT_PASSES)
    plain(x)
    unseen = linear_block(basis)
    channels = linear_block(basis)
    channels(torch.randn(4, 2, 3))
    both = linear_block(basis)
    both(x)
    both(torch.randn(4, 2, 3))
    for block in (plain, unseen, channels, both):
        baked = og.bake(block)
        assert len(baked.step_graph.of_type(Evaluate)) == 32
        assert_close(baked(x), block(x), rtol=1e-12, atol=1e-13)


class Narrow(nn.Module):
    """A product of two thin matrices: 128 products a call."""

    def __init__(self) -> None:
        super().__init__()
        self.down = nn.Linear(64, 1, bias=False)
        self.up = nn.Linear(1, 64, bias=False)

    def forward(self, x):
        return self.up(self.down(x))


def test_a_matrix_with_more_entries_than_the_steps_have_products_is_not_made():
    def baked(steps: int) -> nn.Module:
        block = og.OdeBlock(
            Narrow(),
            scheme="euler",
            basis=og.PiecewiseConstant(steps),
            steps=steps,
            execution=og.Execution(passes=PASSES),
        )
        block(torch.ones(1, 64))
        return og.bake(block)

    assert "theta.weight" not in baked(31).state_dict()
    assert "theta.weight" in baked(32).state_dict()


def test_the_matrix_takes_vectors_alone():
    block = linear_block(og.Legendre(1))
    block(torch.randn(4, 3))
    with pytest.raises(RuntimeError, match="matrix"):
        og.bake(block)(torch.randn(4, 2, 3))
