"""Blocks are ordinary modules: export, compile, copy, functional calls, other dtypes, training."""

import copy
import io
from functools import partial

import pytest
import torch
from example_units import Normed, Tanh, randomized
from executors import DIFFERENTIABLE
from torch import nn
from torch.testing import assert_close

import odegraph as og
from odegraph.emit.rounding import Precision


def tanh_block(**options) -> og.OdeBlock:
    chosen = {"scheme": "rk4-classic", "basis": og.PiecewiseConstant(2), "steps": 2} | options
    return randomized(og.OdeBlock(Tanh(), **chosen))


def fifth_order() -> og.OdeBlock:
    return tanh_block(scheme="dormand-prince", basis=og.PiecewiseLinear(2), steps=3)


def normed_block() -> og.OdeBlock:
    return randomized(
        og.OdeBlock(Normed(2), scheme="midpoint", basis=og.PiecewiseConstant(2), steps=2)
    )


@pytest.mark.parametrize("make", [tanh_block, normed_block])
@pytest.mark.parametrize("training", [True, False])
def test_export_with_a_dynamic_batch(make, training):
    block = make().train(training)
    twin = copy.deepcopy(block)
    batch = torch.export.Dim("batch", min=2, max=64)
    program = torch.export.export(block, (torch.randn(3, 2),), dynamic_shapes=({0: batch},))
    exported = program.module()
    for size in (3, 7):
        x = torch.randn(size, 2)
        assert_close(exported(x), twin(x), rtol=1e-14, atol=1e-15)
    for key, value in twin.state_dict().items():
        assert_close(exported.state_dict()[key], value)


def solver_block(scheme: str) -> og.OdeBlock:
    solver = og.NewtonKrylov(iterations=2, krylov=2)
    return tanh_block(scheme=scheme, solver=solver, basis=og.PiecewiseConstant(1), steps=1)


def split_block() -> og.OdeBlock:
    unit = og.SplitUnit(Tanh(), nn.Linear(2, 2, bias=False))
    return randomized(og.OdeBlock(unit, scheme="ars-222", basis=og.PiecewiseConstant(1), steps=1))


@pytest.mark.parametrize(
    "make",
    [
        *(partial(solver_block, name) for name in ("gauss-2", "adams-moulton-1")),
        split_block,
    ],
)
def test_export_of_steps_that_solve(make):
    block = make()
    batch = torch.export.Dim("batch", min=2, max=64)
    program = torch.export.export(block, (torch.randn(3, 2),), dynamic_shapes=({0: batch},))
    for size in (3, 7):
        x = torch.randn(size, 2)
        assert_close(program.module()(x), block(x), rtol=1e-12, atol=1e-13)


@pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")  # of torch's forward mode
@pytest.mark.parametrize("scheme", ["ros2", "etd-2-rk", "lawson-4"])
def test_export_of_steps_that_linearise(scheme):
    # torch's forward mode fixes the size of the batch
    block = solver_block(scheme)
    x = torch.randn(3, 2)
    exported = torch.export.export(block, (x,)).module()
    for one in (x, torch.randn(3, 2)):
        assert_close(exported(one), block(one), rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("make", [tanh_block, normed_block])
@pytest.mark.parametrize("training", [True, False])
def test_compile_without_a_graph_break(make, training):
    torch.compiler.reset()
    block = make().train(training)
    twin = copy.deepcopy(block)
    compiled = torch.compile(block, fullgraph=True, backend="aot_eager")
    x = torch.randn(3, 2)
    assert_close(compiled(x), twin(x), rtol=1e-13, atol=1e-14)
    assert torch._dynamo.explain(block)(x).graph_break_count == 0


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")
def test_compile_by_inductor_in_both_modes():
    torch.compiler.reset()
    block = normed_block()
    twin = copy.deepcopy(block)
    compiled = torch.compile(block, fullgraph=True)
    x = torch.randn(3, 2)
    for training in (True, False):
        assert_close(compiled.train(training)(x), twin.train(training)(x))
    assert_close(block.state_dict(), twin.state_dict())


def test_a_deep_copy_has_its_own_slots():
    block = tanh_block()
    twin = copy.deepcopy(block)
    x = torch.randn(3, 2)
    before = block(x)
    assert torch.equal(twin(x), before)
    with torch.no_grad():
        twin.theta.f.bias += 1
    assert not torch.equal(twin(x), before)
    assert torch.equal(block(x), before)
    assert twin.graph_module is not block.graph_module
    assert twin.manifestation is block.manifestation


@pytest.mark.parametrize("make", [tanh_block, normed_block])
def test_state_dicts_travel_through_torch_save_without_pickled_code(make):
    block = make()
    file = io.BytesIO()
    torch.save(block.state_dict(), file)
    file.seek(0)
    other = make()
    with torch.no_grad():
        for slot in other.parameters():
            slot.zero_()
    other.load_state_dict(torch.load(file, weights_only=True))
    x = torch.randn(3, 2)
    assert torch.equal(other.eval()(x), block.eval()(x))


@pytest.mark.parametrize("make", [tanh_block, lambda: og.bake(normed_block().eval())])
def test_whole_blocks_can_be_pickled(make):
    model = make()
    file = io.BytesIO()
    torch.save(model, file)
    file.seek(0)
    loaded = torch.load(file, weights_only=False)
    x = torch.randn(3, 2)
    assert torch.equal(loaded.eval()(x), model.eval()(x))
    assert loaded.manifestation == model.manifestation


def test_weights_are_rounded_again_for_another_precision():
    block = fifth_order().float()
    assert block.precision is Precision.SINGLE
    twin = fifth_order()
    back = block.double()
    assert back.graph_module.code == twin.graph_module.code
    single = twin.float()
    assert single.graph_module.code != back.graph_module.code
    x = torch.randn(2, 2)
    assert_close(single(x.float()).double(), back(x), rtol=1e-5, atol=1e-6)


def test_moving_a_model_rounds_the_blocks_in_it_again():
    model = nn.Sequential(nn.Linear(2, 2), fifth_order())
    alone = fifth_order().float()
    assert model.float()[1].graph_module.code == alone.graph_module.code


def test_half_precision_runs():
    block = tanh_block().to(torch.bfloat16)
    x = torch.randn(3, 2, dtype=torch.bfloat16)
    assert block(x).dtype == torch.bfloat16
    assert_close(block(x).double(), tanh_block()(x.double()), rtol=0.1, atol=0.1)


def test_functional_call_replaces_the_slots():
    block = tanh_block()
    zeros = {name: torch.zeros_like(slot) for name, slot in block.named_parameters()}
    x = torch.randn(3, 2)
    assert torch.equal(torch.func.functional_call(block, zeros, (x,)), x)
    assert not torch.equal(block(x), x)


def test_gradients_of_each_sample_by_vmap():
    block = tanh_block()
    slots = dict(block.named_parameters())
    x = torch.randn(3, 2)

    def loss(slots, one):
        return torch.func.functional_call(block, slots, (one[None],)).square().sum()

    each = torch.func.vmap(torch.func.grad(loss), in_dims=(None, 0))(slots, x)
    block(x).square().sum().backward()
    for name, slot in block.named_parameters():
        assert_close(each[name].sum(0), slot.grad)


@pytest.mark.parametrize("kind", list(DIFFERENTIABLE))
def test_training_moves_every_executor_alike(tmp_path, kind):
    unit = Tanh()
    block = tanh_block(scheme="heun-2")
    run = DIFFERENTIABLE[kind](copy.deepcopy(block), unit, tmp_path).train()
    optimizer = torch.optim.Adam(run.parameters(), lr=0.01)
    x = torch.randn(8, 2, generator=torch.Generator().manual_seed(2))
    target = torch.stack([x[:, 1], -x[:, 0]], dim=1)
    losses = []
    for _ in range(25):
        optimizer.zero_grad()
        loss = (run(x) - target).square().mean()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < 0.7 * losses[0]
    assert losses[-1] == pytest.approx(reference_losses()[-1], rel=1e-9)


def reference_losses() -> list[float]:
    block = tanh_block(scheme="heun-2")
    optimizer = torch.optim.Adam(block.parameters(), lr=0.01)
    x = torch.randn(8, 2, generator=torch.Generator().manual_seed(2))
    target = torch.stack([x[:, 1], -x[:, 0]], dim=1)
    losses = []
    for _ in range(25):
        optimizer.zero_grad()
        loss = (block(x) - target).square().mean()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def test_a_block_prints_what_it_is():
    block = tanh_block(span="3/2")
    text = repr(block)
    assert (
        "Tanh, scheme=rk4-classic, basis=PiecewiseConstant(elements=2), steps=2, span=3/2" in text
    )
    assert "weight: [2, 5, 2]" in text
    assert "BakedBlock(\n  Tanh, scheme=rk4-classic, steps=2, span=3/2" in repr(og.bake(block))


def test_the_original_unit_is_left_alone():
    unit = Normed()
    unit.eval()
    before = {key: value.clone() for key, value in unit.state_dict().items()}
    block = og.OdeBlock(unit, scheme="euler", basis=og.PiecewiseConstant(2), steps=2)
    block(torch.randn(4, 3))
    assert not unit.training
    assert all(torch.equal(value, before[key]) for key, value in unit.state_dict().items())


def test_a_new_block_is_constant_in_depth():
    unit = Tanh()
    for basis in (og.PiecewiseConstant(3), og.PiecewiseLinear(2)):
        block = og.OdeBlock(unit, scheme="euler", basis=basis, steps=1)
        x = torch.randn(3, 2)
        assert_close(block(x), x + unit(x), rtol=1e-14, atol=1e-15)
