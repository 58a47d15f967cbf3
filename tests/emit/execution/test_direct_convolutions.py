"""Convolutions called in oneDNN itself: the numbers of torch, where there are no gradients."""

import pickle

import pytest
import torch
from example_units import randomized
from torch import Tensor, nn
from torch.nn import functional as F
from torch.testing import assert_close

import odegraph as og
from odegraph.emit.execution.direct_convolutions import convolve, with_direct_convolutions
from odegraph.models.units import ConvReluNorm

pytestmark = [
    pytest.mark.filterwarnings("ignore::odegraph.OrderLossWarning"),
    pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor"),
    pytest.mark.skipif(not torch.backends.mkldnn.is_available(), reason="torch without oneDNN"),
]

DIRECT = (og.DirectConvolutions(),)
AS_FLOATS = {"rtol": 1e-4, "atol": 1e-5}


class Strided(nn.Module):
    """Convolutions with other strides, paddings, dilations, groups, and without bias or ReLU."""

    def __init__(self) -> None:
        super().__init__()
        self.down = nn.Conv2d(4, 8, 3, stride=(2, 1), padding=(1, 0), bias=False)
        self.grouped = nn.Conv2d(8, 8, 3, padding=2, dilation=2, groups=4)
        self.up = nn.ConvTranspose2d(8, 4, (4, 3), stride=(2, 1), padding=(1, 0))

    def forward(self, x: Tensor) -> Tensor:
        y = self.down(x)
        # Read twice: the activation must not swallow the value itself.
        return self.up(torch.tanh(self.grouped(torch.sigmoid(y))) + y)


class SameSize(nn.Module):
    """Padding in a word, which is left to torch, beside one in numbers."""

    def __init__(self) -> None:
        super().__init__()
        self.word = nn.Conv2d(4, 4, 3, padding="same")
        self.number = nn.Conv2d(4, 4, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return self.number(F.relu(self.word(x)))


class OneByOne(nn.Module):
    """Takes the samples of a batch of three one by one."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(4, 4, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return torch.stack([self.conv(x[i]) for i in range(3)])


UNITS = {
    "normed": lambda: ConvReluNorm(4),
    "strided": Strided,
    "same": SameSize,
    "one": lambda: nn.Conv2d(4, 4, 1),
    "one by one": OneByOne,
}


def block_of(unit: nn.Module) -> og.OdeBlock:
    basis = og.PiecewiseLinear(2)
    block = og.OdeBlock(unit, scheme="rk4-classic", basis=basis, steps=3, span="1/8")
    return randomized(block).to(torch.float32).eval()


def calls(module: torch.fx.GraphModule) -> int:
    unit = module.get_submodule("unit")
    assert isinstance(unit, torch.fx.GraphModule)
    return sum(node.target is convolve for node in unit.graph.nodes)


@pytest.mark.parametrize(("unit", "count"), [*zip(UNITS, (2, 2, 1, 1, 3), strict=True)])
@pytest.mark.parametrize("compilation", [og.Eager(DIRECT), og.CompiledSteps("eager", DIRECT)])
def test_the_numbers_of_torch(unit, count, compilation):
    torch.compiler.reset()
    block = block_of(UNITS[unit]())
    direct = with_direct_convolutions(block.graph_module)
    assert direct is not None and calls(direct) == count
    x = torch.randn(3, 4, 6, 5, dtype=torch.float32)
    with torch.no_grad():
        found = og.with_execution(block, compilation=compilation)(x)
        assert found.is_contiguous()
        assert_close(found, block(x), **AS_FLOATS)
        by_channel = x.to(memory_format=torch.channels_last)
        found = og.with_execution(block, compilation=compilation)(by_channel)
        assert found.is_contiguous(memory_format=torch.channels_last)
        assert_close(found, block(x), **AS_FLOATS)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")
def test_machine_code_gives_the_numbers_of_torch():
    torch.compiler.reset()
    block = block_of(ConvReluNorm(4))
    compiled = og.with_execution(block, compilation=og.CompiledSteps())
    x = torch.randn(2, 4, 6, 5, dtype=torch.float32)
    with torch.no_grad():
        assert_close(compiled(x), block(x), **AS_FLOATS)


@pytest.fixture
def directed(monkeypatch):
    """How often a convolution was called directly."""
    count: list[str] = []
    original = torch.ops.mkldnn._convolution_pointwise

    def counted(*arguments):
        count.append(arguments[7])
        return original(*arguments)

    monkeypatch.setattr(torch.ops.mkldnn, "_convolution_pointwise", counted)
    return count


def test_baked_blocks_call_directly_where_no_gradient_is_asked_for(directed):
    block = block_of(ConvReluNorm(4))
    baked = og.bake(block)
    x = torch.randn(2, 4, 6, 5, dtype=torch.float32)
    with torch.no_grad():
        assert_close(baked(x), block(x), **AS_FLOATS)
    assert directed == ["relu"] * 2 * block.evaluations
    x.requires_grad_()
    (found,) = torch.autograd.grad(baked(x).sum(), x)
    (expected,) = torch.autograd.grad(block(x).sum(), x)
    assert_close(found, expected, **AS_FLOATS)
    assert len(directed) == 2 * block.evaluations


@pytest.mark.parametrize("change", [lambda m: m.double(), lambda m: m.to("meta")], ids=["f8", "m"])
def test_other_dtypes_and_devices_stay_with_torch(directed, change):
    block = block_of(ConvReluNorm(4))
    baked = change(og.bake(block))
    x = change(torch.randn(2, 4, 6, 5, dtype=torch.float32))
    with torch.no_grad():
        assert baked(x).shape == x.shape
    assert not directed


def test_autocast_stays_with_torch(directed):
    baked = og.bake(block_of(ConvReluNorm(4)))
    with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16):
        baked(torch.randn(2, 4, 6, 5, dtype=torch.float32))
    assert not directed


@pytest.mark.filterwarnings("ignore:TF32 acceleration")
def test_switched_off_onednn_stays_off(directed):
    baked = og.bake(block_of(ConvReluNorm(4)))
    with torch.no_grad(), torch.backends.mkldnn.flags(enabled=False):
        baked(torch.randn(2, 4, 6, 5, dtype=torch.float32))
    assert not directed


def test_units_without_convolutions_stay_as_they_are():
    block = og.OdeBlock(nn.Linear(2, 2), scheme="euler", basis=og.PiecewiseConstant(1), steps=1)
    assert with_direct_convolutions(block.graph_module) is None


def test_weights_are_packed_once_and_again_when_they_change():
    block, other = block_of(ConvReluNorm(4)), block_of(ConvReluNorm(4))
    randomized(other, seed=1)
    baked = og.bake(block)
    x = torch.randn(2, 4, 6, 5, dtype=torch.float32)
    with torch.no_grad():
        assert_close(baked(x), block(x), **AS_FLOATS)
        baked.load_state_dict(og.bake(other).state_dict())
        assert_close(baked(x), other(x), **AS_FLOATS)
        for slot in baked.theta.buffers():
            slot.zero_()
        zero = og.bake(other)
        for slot in zero.theta.buffers():
            slot.zero_()
        assert_close(baked(x), zero(x), **AS_FLOATS)
        assert_close(baked.half().float()(x), zero(x), **AS_FLOATS)


def test_packed_weights_are_no_part_of_the_state():
    baked = og.bake(block_of(ConvReluNorm(4)))
    before = {name: tensor.clone() for name, tensor in baked.state_dict().items()}
    with torch.no_grad():
        expected = baked(torch.ones(1, 4, 6, 5, dtype=torch.float32))
        restored = pickle.loads(pickle.dumps(baked))
        assert torch.equal(restored(torch.ones(1, 4, 6, 5, dtype=torch.float32)), expected)
    assert {name: tensor.shape for name, tensor in baked.state_dict().items()} == {
        name: tensor.shape for name, tensor in before.items()
    }


def test_packed_weights_of_slots_that_were_exchanged_are_not_used():
    block, other = block_of(ConvReluNorm(4)), block_of(ConvReluNorm(4))
    randomized(other, seed=1)
    baked, expected = og.bake(block), og.bake(other)
    x = torch.randn(2, 4, 6, 5, dtype=torch.float32)
    with torch.no_grad():
        baked(x)
        found = torch.func.functional_call(baked, expected.state_dict(), x)
        assert_close(found, other(x), **AS_FLOATS)
        assert_close(baked(x), block(x), **AS_FLOATS)
        assert not torch.allclose(block(x), other(x), rtol=1e-3)


def test_blocks_baked_in_inference_mode_run():
    block = block_of(ConvReluNorm(4))
    x = torch.randn(2, 4, 6, 5, dtype=torch.float32)
    with torch.inference_mode():
        baked = og.bake(block)
        assert_close(baked(x), block(x), **AS_FLOATS)
        for slot in baked.theta.buffers():
            slot.zero_()
        written = baked(x)
    assert not torch.allclose(written, block(x), rtol=1e-3)


def test_samples_one_by_one_with_packed_weights():
    block = block_of(OneByOne())
    x = torch.randn(3, 4, 6, 5, dtype=torch.float32)
    with torch.no_grad():
        assert_close(og.bake(block)(x), block(x), **AS_FLOATS)
