"""A transformer layer as a unit: what attention computes, and the loop of layers as Euler."""

import torch
from torch import nn

import odegraph as og
from odegraph.models.transformer import TransformerUnit


def test_attention_is_that_of_torch():
    torch.manual_seed(0)
    unit = TransformerUnit(8, heads=2, hidden=16)
    nn.init.zeros_(unit.outer.weight)
    nn.init.zeros_(unit.outer.bias)
    attention = nn.MultiheadAttention(8, 2, batch_first=True)
    state = {
        "in_proj_weight": unit.query_key_value.weight,
        "in_proj_bias": unit.query_key_value.bias,
        "out_proj.weight": unit.mixed.weight,
        "out_proj.bias": unit.mixed.bias,
    }
    attention.load_state_dict(state)
    x = torch.randn(3, 5, 8)
    normed = unit.norm1(x)
    expected, _ = attention(normed, normed, normed)
    torch.testing.assert_close(unit(x), expected)


def test_layers_of_a_transformer_are_euler_steps():
    units: list[nn.Module] = [TransformerUnit(8, heads=2) for _ in range(3)]
    basis = og.PiecewiseConstant(3)
    block = og.block_of_units(units, scheme="euler", basis=basis, steps=3, span=3)
    x = y = torch.randn(2, 5, 8)
    for unit in units:
        y = y + unit(y)
    assert torch.equal(block(x), y)


def test_permuted_tokens_give_permuted_states():
    block = og.OdeBlock(
        TransformerUnit(8, heads=2), scheme="rk4-classic", basis=og.PiecewiseLinear(2), steps=2
    )
    x = torch.randn(2, 5, 8)
    order = torch.randperm(5)
    torch.testing.assert_close(block(x)[:, order], block(x[:, order]))
