"""Running statistics in depth: Euler aligned is an ordinary ResNet, anything else least squares."""

import copy
from fractions import Fraction

import pytest
import torch
from example_units import Normed, randomized
from executors import generated_module
from torch import nn
from torch.testing import assert_close

import odegraph as og
from odegraph.ir import least_squares_update


class ResNet(nn.Module):
    """x + R_n(x), layer after layer: the network that Euler with aligned steps must be."""

    def __init__(self, layers: list[nn.Module]) -> None:
        super().__init__()
        self.layers = nn.ModuleList(layers)

    def forward(self, x):
        for layer in self.layers:
            x = x + layer(x)
        return x


def twins(depth: int) -> tuple[og.OdeBlock, ResNet]:
    unit = Normed()
    block = og.OdeBlock(
        unit, scheme="euler", basis=og.PiecewiseConstant(depth), steps=depth, span=depth
    )
    randomized(block)
    resnet = ResNet([copy.deepcopy(unit) for _ in range(depth)])
    for n, layer in enumerate(resnet.layers):
        slots = {**block.theta.state_dict(), **block.state.state_dict()}
        layer.load_state_dict({path: slot[n] for path, slot in slots.items()})
    return block, resnet


def batches(count: int):
    generator = torch.Generator().manual_seed(3)
    return [torch.randn(6, 3, generator=generator) for _ in range(count)]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("depth", [1, 3, 5])
def test_euler_aligned_learns_the_statistics_of_a_resnet_to_the_last_bit(dtype, depth):
    torch.set_default_dtype(dtype)
    block, resnet = twins(depth)
    for x in batches(3):
        assert torch.equal(block(x), resnet(x))
    state = block.state.state_dict()
    for n, layer in enumerate(resnet.layers):
        for path, buffer in layer.named_buffers():
            assert torch.equal(state[path][n], buffer), path
    block.eval(), resnet.eval()
    (x,) = batches(1)
    assert torch.equal(block(x), resnet(x))


def test_generated_modules_learn_the_same_statistics(tmp_path):
    block = og.OdeBlock(
        Normed(),
        scheme="heun-3",
        basis=og.PiecewiseLinear(2),
        steps=3,
        state_basis=og.PiecewiseLinear(2),
    )
    randomized(block)
    module = generated_module(block, tmp_path)
    for x in batches(3):
        assert torch.equal(block(x), module(x))
    for name, value in block.state_dict().items():
        assert torch.equal(module.state_dict()[name], value), name


def test_counters_count_calls_whatever_the_basis():
    block = og.OdeBlock(
        Normed(),
        scheme="midpoint",
        basis=og.PiecewiseLinear(2),
        grid=[0, "1/3", 1],
        state_basis=og.PiecewiseLinear(2),
    )
    for x in batches(7):
        block(x)
    counter = block.state.norm.num_batches_tracked
    assert counter.dtype == torch.int64
    assert counter.tolist() == [7, 7, 7]


def test_several_visits_of_an_element_average_and_do_not_depend_on_their_order():
    rows = [((0, Fraction(1)),), ((1, Fraction(1)),), ((0, Fraction(1)),)]
    update = least_squares_update(rows, size=3)
    half = Fraction(1, 2)
    assert update.learned == (((0, half), (2, half)), ((1, Fraction(1)),), ())
    assert update.retained == ((), (), ((2, Fraction(1)),))


@pytest.mark.parametrize("seed", range(4))
def test_the_update_is_the_minimum_norm_least_squares_solution(seed):
    generator = torch.Generator().manual_seed(seed)
    evaluations, size = (5, 3) if seed % 2 else (2, 4)
    phi = torch.randint(-2, 3, (evaluations, size), generator=generator).to(torch.float64)
    rows = [
        tuple((b, Fraction(int(v))) for b, v in enumerate(row) if v) or ((0, Fraction(1)),)
        for row in phi
    ]
    phi = torch.tensor(
        [[float(dict(row).get(b, 0)) for b in range(size)] for row in rows], dtype=torch.float64
    )
    update = least_squares_update(rows, size=size)
    old = torch.randn(size, generator=generator)
    seen = torch.randn(evaluations, generator=generator)
    expected = old + torch.linalg.pinv(phi) @ (seen - phi @ old)
    found = [
        sum(float(w) * seen[i] for i, w in update.learned[b])
        + sum(float(w) * old[c] for c, w in update.retained[b])
        for b in range(size)
    ]
    assert_close(torch.stack([torch.as_tensor(value) for value in found]), expected)


def test_training_moves_each_statistic_towards_what_its_depths_saw():
    block = og.OdeBlock(
        Normed(), scheme="rk4-classic", basis=og.PiecewiseConstant(2), steps=4, span=2
    )
    randomized(block)
    before = copy.deepcopy(block.state.state_dict())
    unit = block.unit.training
    seen: list[list[torch.Tensor]] = []
    called = block.graph_module.get_submodule("unit")
    hook = called.register_forward_hook(lambda *call: seen.append(list(call[2][1:])))
    (x,) = batches(1)
    block(x)
    hook.remove()
    assert unit is not block.unit.evaluation
    assert len(seen) == 16
    for position, path in enumerate(block.unit.updated_buffers):
        values = torch.stack([one[position] for one in seen])
        halves = values.reshape(2, 8, *values.shape[1:])
        new = block.state.state_dict()[path]
        if not new.is_floating_point():
            assert new.tolist() == [1, 1]
            continue
        assert_close(new, halves.mean(1), rtol=1e-14, atol=1e-15)
        assert not torch.equal(new, before[path])


def test_remanifested_statistics_make_the_same_network_in_eval_mode():
    block, resnet = twins(4)
    for x in batches(2):
        block(x), resnet(x)
    finer = og.refine(block).eval()
    assert finer.manifestation.state_basis == og.PiecewiseConstant(8)
    (x,) = batches(1)
    halved = resnet.eval()
    y = x
    for layer in halved.layers:
        for _ in range(2):
            y = y + layer(y) / 2
    assert_close(finer(x), y, rtol=1e-13, atol=1e-14)


def test_projected_variances_stay_positive():
    block = og.OdeBlock(
        Normed(), scheme="euler", basis=og.PiecewiseConstant(4), steps=4, state_basis=None
    )
    with torch.no_grad():
        block.state.norm.running_var.copy_(torch.tensor([1e-3, 5, 1e-3, 5])[:, None])
    for basis in (og.PiecewiseLinear(3), og.PiecewiseConstant(3)):
        projected = og.project(block, basis=basis)
        assert (projected.state.norm.running_var > 0).all()
