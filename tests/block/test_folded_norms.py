"""BatchNorm folded into the convolution before it: the same numbers, never where it is wrong."""

import pytest
import torch
from example_units import randomized
from executors import generated_module
from torch import nn
from torch.nn import functional as F
from torch.testing import assert_close

import odegraph as og


class ConvNorm(nn.Module):
    """Convolution, norm, ReLU, convolution, norm."""

    def __init__(self, *, bias: bool, affine: bool) -> None:
        super().__init__()
        self.f = nn.Conv2d(2, 4, 3, padding=1, bias=bias)
        self.norm = nn.BatchNorm2d(4, affine=affine)
        self.g = nn.Conv2d(4, 2, 3, padding=1, groups=2, bias=bias)
        self.last = nn.BatchNorm2d(2, affine=affine)

    def forward(self, x):
        return self.last(self.g(torch.relu(self.norm(self.f(x)))))


class NormConv(nn.Module):
    """A norm before a zero-padded convolution."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(2)
        self.f = nn.Conv2d(2, 2, 3, padding=1)

    def forward(self, x):
        return self.f(self.norm(x))


class ReadTwice(nn.Module):
    """A convolution that is read with and without its norm."""

    def __init__(self) -> None:
        super().__init__()
        self.f = nn.Conv2d(2, 2, 3, padding=1)
        self.norm = nn.BatchNorm2d(2)

    def forward(self, x):
        y = self.f(x)
        return y + self.norm(y)


X = torch.linspace(-1, 2, 2 * 2 * 5 * 5, dtype=torch.float64).reshape(2, 2, 5, 5)


def norms(block: og.BakedBlock) -> int:
    return sum(node.target is F.batch_norm for node in block.unit.evaluation.graph.nodes)


@pytest.mark.parametrize("basis", [og.PiecewiseConstant(2), og.PiecewiseLinear(2)], ids=str)
@pytest.mark.parametrize(("bias", "affine"), [(True, True), (False, True), (False, False)])
def test_folded_blocks_agree_and_have_no_norm(tmp_path, basis, bias, affine):
    unit = ConvNorm(bias=bias, affine=affine)
    block = og.OdeBlock(unit, scheme="rk4-classic", basis=basis, steps=4)
    randomized(block).eval()
    baked, kept = og.bake(block), og.bake(block, fold=og.keep_norms)
    assert (norms(baked), norms(kept)) == (0, 2)
    assert_close(baked(X), block(X), rtol=1e-12, atol=1e-13)
    assert torch.equal(kept(X), og.bake(block, fold=og.keep_norms)(X))
    assert_close(kept(X), block(X), rtol=1e-12, atol=1e-13)
    assert set(baked.state_dict()) == {
        f"theta.{layer}.{value}" for layer in "fg" for value in ("weight", "bias")
    }
    generated = generated_module(baked, tmp_path).eval()
    assert torch.equal(generated(X), baked(X))
    assert "batch_norm" not in (tmp_path / "generated_block.py").read_text()


@pytest.mark.parametrize("unit", [NormConv, ReadTwice])
def test_a_norm_before_a_padded_convolution_or_read_beside_it_stays(unit):
    block = og.OdeBlock(unit(), scheme="euler", basis=og.PiecewiseConstant(2), steps=2)
    randomized(block).eval()
    baked = og.bake(block)
    assert norms(baked) == 1
    assert_close(baked(X), block(X), rtol=1e-12, atol=1e-13)


def test_folding_a_norm_into_the_convolution_behind_it_would_be_wrong_at_borders():
    unit = randomized(NormConv()).eval()
    assert unit.norm.running_var is not None
    assert unit.norm.running_mean is not None
    assert unit.f.bias is not None
    with torch.no_grad():
        scale = unit.norm.weight / (unit.norm.running_var + unit.norm.eps).sqrt()
        shift = unit.norm.bias - scale * unit.norm.running_mean
        weight = unit.f.weight * scale[:, None, None]
        bias = unit.f.bias + (unit.f.weight * shift[:, None, None]).sum((1, 2, 3))
        wrong, right = F.conv2d(X, weight, bias, padding=1), unit(X)
    inside = slice(1, -1)
    assert_close(wrong[..., inside, inside], right[..., inside, inside])
    assert (wrong - right).abs().max() > 0.1


def test_units_without_norms_are_baked_as_they_are():
    unit = nn.Sequential(nn.Conv2d(2, 2, 3, padding=1), nn.Tanh())
    block = og.OdeBlock(unit, scheme="euler", basis=og.PiecewiseConstant(2), steps=2)
    randomized(block)
    assert torch.equal(og.bake(block)(X), block(X))


def test_the_numbers_of_parameters_and_statistics_may_differ():
    block = og.OdeBlock(
        ConvNorm(bias=True, affine=True),
        scheme="rk4-classic",
        basis=og.PiecewiseConstant(4),
        state_basis=og.PiecewiseLinear(2),
        steps=4,
    )
    randomized(block).eval()
    assert_close(og.bake(block)(X), block(X), rtol=1e-12, atol=1e-13)


class LinearNorm(nn.Module):
    """Linear, norm, tanh, linear, norm."""

    def __init__(self, size: int, width: int, *, bias: bool) -> None:
        super().__init__()
        self.f = nn.Linear(size, width, bias=bias)
        self.norm = nn.BatchNorm1d(width)
        self.g = nn.Linear(width, size, bias=bias)
        self.last = nn.BatchNorm1d(size)

    def forward(self, x):
        return self.last(self.g(torch.tanh(self.norm(self.f(x)))))


def linear_norm(*, bias: bool = True, size: int = 3, width: int = 5) -> og.OdeBlock:
    unit = LinearNorm(size, width, bias=bias)
    block = og.OdeBlock(unit, scheme="rk4-classic", basis=og.PiecewiseLinear(2), steps=4)
    return randomized(block).eval()


@pytest.mark.parametrize("bias", [True, False])
def test_norms_after_linear_layers_are_folded_where_states_are_vectors(tmp_path, bias):
    block, x = linear_norm(bias=bias), torch.randn(4, 3)
    expected = block(x)
    baked = og.bake(block)
    assert norms(baked) == 0
    assert_close(baked(x), expected, rtol=1e-12, atol=1e-13)
    assert set(baked.state_dict()) == {
        f"theta.{layer}.{value}" for layer in "fg" for value in ("weight", "bias")
    }
    assert torch.equal(generated_module(baked, tmp_path).eval()(x), baked(x))


def test_the_norm_of_a_block_that_saw_no_state_stays():
    baked = og.bake(linear_norm())
    assert norms(baked) == 2


def test_the_norm_of_states_with_channels_stays():
    block, x = linear_norm(size=5), torch.randn(4, 5, 5)
    expected = block(x)
    baked = og.bake(block)
    assert norms(baked) == 2
    assert_close(baked(x), expected, rtol=1e-12, atol=1e-13)


def test_a_norm_of_both_stays():
    block = linear_norm(size=5)
    block(torch.randn(4, 5))
    block(torch.randn(4, 5, 5))
    assert norms(og.bake(block)) == 2


def test_a_folded_block_takes_vectors_alone():
    # Of a state with channels the norms would have scaled the other dimension.
    block = linear_norm(size=5)
    block(torch.randn(4, 5))
    with pytest.raises(RuntimeError, match=r"matrix|matrices"):
        og.bake(block)(torch.randn(4, 5, 5))
