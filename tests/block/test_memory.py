"""What maps between bases hold beside the model that they are given: the new one, and no more."""

import pytest
import torch
from torch import nn

import odegraph as og
from held_bytes import HeldBytes, bytes_of
from odegraph.block.slot_maps import WORKSPACE
from odegraph.models import ContinuousNet

WORKSPACE_BYTES = 2 * 8 * WORKSPACE  # numbers in double, and as much for the rest of an operation


def deep_block(features: int) -> og.OdeBlock:
    unit = nn.Sequential(nn.Linear(features, features), nn.Tanh())
    return og.OdeBlock(unit, scheme="euler", basis=og.PiecewiseConstant(32), steps=32)


def held_by_projection(model: nn.Module) -> tuple[int, nn.Module]:
    with HeldBytes() as held:
        coarse = og.project(model, basis=og.PiecewiseConstant(16))
    return held.peak, coarse


@pytest.mark.parametrize("features", [16, 128, 512])
def test_projecting_holds_the_new_model_and_a_workspace_of_fixed_size(features):
    torch.set_default_dtype(torch.float32)
    block = deep_block(features)
    peak, coarse = held_by_projection(block)
    assert bytes_of(coarse) <= peak <= bytes_of(coarse) + WORKSPACE_BYTES
    assert bytes_of(block) + peak <= 1.5 * bytes_of(block) + WORKSPACE_BYTES


def test_so_does_a_network_with_statistics():
    torch.set_default_dtype(torch.float32)
    net = ContinuousNet(elements=32, steps=32, channels=[4, 8, 64])
    peak, coarse = held_by_projection(net)
    assert bytes_of(coarse) / 2 < peak <= bytes_of(coarse) + WORKSPACE_BYTES


def test_the_counter_sees_what_is_held_and_what_was_let_go():
    with HeldBytes() as held:
        first = torch.ones(1000)
        second = first + 1
        del first
        _ = second.view(10, 100)
        _ = second * 2
    assert held.peak == 2 * 8 * 1000
