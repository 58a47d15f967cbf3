"""The layout that a state enters in: seen by every convolution, and changing rounding only."""

import copy
from typing import Any

import pytest
import torch
from example_units import randomized
from torch import Tensor, nn
from torch.testing import assert_close
from torch.utils._python_dispatch import TorchDispatchMode

import odegraph as og
from odegraph.models.units import ConvReluNorm

# Dynamo hides this warning of torch, but cannot hide an error.
pytestmark = pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor")

CHANNELS_LAST = torch.channels_last
CONVOLUTION = torch.ops.aten.convolution.default


class ConvolvedStates(TorchDispatchMode):
    """Counts convolutions, and those that read a state, or weights, in channels_last."""

    def __init__(self) -> None:
        super().__init__()
        self.count = self.channels_last = self.weights_last = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func is CONVOLUTION:
            self.count += 1
            self.channels_last += args[0].is_contiguous(memory_format=CHANNELS_LAST)
            self.weights_last += args[1].is_contiguous(memory_format=CHANNELS_LAST)
        return func(*args, **(kwargs or {}))


def conv_block(**execution: Any) -> og.OdeBlock:
    torch.manual_seed(0)
    block = og.OdeBlock(
        ConvReluNorm(3),
        scheme="rk4-classic",
        basis=og.PiecewiseLinear(2),
        steps=3,
        execution=og.Execution(**execution),
    )
    return randomized(block)


def images() -> Tensor:
    return torch.randn(2, 3, 5, 4, generator=torch.Generator().manual_seed(1))


def with_gradients(block: nn.Module, x: Tensor) -> list[Tensor]:
    x = x.clone().requires_grad_()
    y = block(x)
    return [y, *torch.autograd.grad(y.square().sum(), [x, *block.parameters()])]


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize(
    "others",
    [
        {},
        {"gradients": og.Checkpoints(2)},
        {"compilation": og.CompiledSteps(backend="aot_eager")},
    ],
)
def test_results_and_gradients_are_those_of_the_plain_layout(others, training):
    plain = conv_block().train(training)
    block = conv_block(memory_format=CHANNELS_LAST, **others).train(training)
    expected, found = with_gradients(plain, images()), with_gradients(block, images())
    assert_close(found, expected, rtol=1e-11, atol=1e-12)
    assert found[0].is_contiguous(memory_format=CHANNELS_LAST)
    assert not expected[0].is_contiguous(memory_format=CHANNELS_LAST)


@pytest.mark.parametrize(
    "prepared",
    [lambda block: block, og.bake, lambda block: og.dense_output(block, times=["1/3", 1])],
)
def test_every_convolution_reads_channels_last(prepared):
    plain, block = conv_block().eval(), conv_block(memory_format=CHANNELS_LAST).eval()
    assert_close(prepared(block)(images()), prepared(plain)(images()), rtol=1e-11, atol=1e-12)
    with torch.no_grad(), ConvolvedStates() as seen:
        prepared(block)(images())
    assert seen.channels_last == seen.count >= 12
    with torch.no_grad(), ConvolvedStates() as seen:
        prepared(plain)(images())
    assert not seen.channels_last


def test_the_layout_is_no_part_of_what_is_saved_and_can_be_taken_back():
    block = conv_block()
    model = og.with_execution(nn.Sequential(block), memory_format=CHANNELS_LAST)
    changed = og.manifest(model, steps=4)[0]
    assert isinstance(changed, og.OdeBlock)
    assert changed.execution.memory_format is CHANNELS_LAST
    assert all(slot.is_contiguous() for slot in model.state_dict().values())
    back = og.with_execution(model, memory_format=torch.preserve_format)
    assert torch.equal(back(images()), block(images()))


def test_a_reversible_block_goes_back_in_the_layout():
    unit = nn.Sequential(nn.Conv2d(4, 4, 1, groups=2), nn.Tanh())
    block = og.OdeBlock(unit, scheme="leapfrog", basis=og.PiecewiseConstant(1), steps=4, span="1/4")
    laid = og.with_execution(block, memory_format=CHANNELS_LAST, gradients=og.Reversal())
    x = torch.randn(2, 4, 3, 5)
    assert_close(with_gradients(laid, x), with_gradients(block, x), rtol=1e-9, atol=1e-10)


def test_states_without_the_axes_of_the_layout_are_refused():
    block = og.OdeBlock(
        nn.Linear(2, 2),
        scheme="euler",
        basis=og.PiecewiseConstant(1),
        steps=1,
        execution=og.Execution(memory_format=CHANNELS_LAST),
    )
    with pytest.raises(og.GraphError, match=r"states \[batch, channels, height, .*shape \[3, 2\]"):
        block(torch.randn(3, 2))
    volumes = og.with_execution(block, memory_format=torch.channels_last_3d)
    with pytest.raises(og.GraphError, match=r"channels, depth, height, width\].*\[3, 1, 1, 2\]"):
        volumes(torch.randn(3, 1, 1, 2))


def test_what_is_no_memory_format_is_refused():
    with pytest.raises(og.GraphError, match="`memory_format` is `channels_last`; give a format"):
        og.Execution(memory_format="channels_last")  # pyright: ignore[reportArgumentType]


def test_weights_of_baked_convolutions_lie_in_the_format_and_keep_their_values():
    block = conv_block(memory_format=CHANNELS_LAST).eval()
    plain, baked = og.bake(conv_block().eval()), og.bake(block)
    with ConvolvedStates() as seen:
        baked(images())
    assert seen.weights_last == seen.count > 0
    with ConvolvedStates() as seen:
        plain(images())
    assert seen.weights_last == 0
    assert_close(baked.state_dict(), plain.state_dict(), rtol=0, atol=0)
    again = copy.deepcopy(baked)
    again.load_state_dict(plain.state_dict())
    with ConvolvedStates() as seen:
        end = again(images())
    assert_close(end, plain(images()), rtol=1e-11, atol=1e-12)
    assert seen.weights_last == seen.count
