"""Gradients: of the compiled block and of a loop written by hand, of parents and of children."""

from fractions import Fraction

import pytest
import torch
from example_units import Normed, Tanh, randomized
from torch.func import functional_call
from torch.testing import assert_close

import odegraph as og
from odegraph.basis import Legendre

X = torch.tensor([[0.7, -0.4], [0.1, 0.6]], dtype=torch.float64)
SLOTS = ("theta.f.weight", "theta.f.bias", "theta.g.weight", "theta.g.bias")
CASES = [
    ("euler", og.PiecewiseConstant(3), 3),
    ("rk4-classic", og.PiecewiseConstant(2), 4),
    ("dormand-prince", og.PiecewiseLinear(2), 2),
    ("gill-4", Legendre(2), 2),
]


def loop(unit, slots, form, x):
    """The step formulas of the scheme, with theta(t) from the values of the basis."""
    A, b, c = form.scheme.A, form.scheme.b, form.scheme.c
    for start, end in form.intervals:
        h = float(form.span * (end - start))
        rates = []
        for i in range(form.scheme.stages):
            node = Fraction(int(c[i].p), int(c[i].q))
            row = form.basis.row_within(start + node * (end - start), interval=(start, end))
            theta = {path: sum(float(w) * slot[j] for j, w in row) for path, slot in slots.items()}
            y = x + sum(h * float(A[i, j]) * rates[j] for j in range(i))
            rates.append(functional_call(unit, theta, (y,)))
        x = x + sum(h * float(b[i]) * rates[i] for i in range(form.scheme.stages))
    return x


def gradients(run, leaves):
    """d/d(leaves) of a function of x that is not symmetric in its outputs."""
    x = X.clone().requires_grad_()
    end = run(x)
    weights = torch.arange(1.0, end.numel() + 1).reshape(end.shape)
    return torch.autograd.grad((weights * end).sum(), [x, *leaves])


@pytest.mark.parametrize(("scheme", "basis", "steps"), CASES, ids=str)
def test_gradients_are_those_of_a_loop_written_by_hand(differentiable, scheme, basis, steps):
    unit = Tanh()
    block = og.OdeBlock(unit, scheme=scheme, basis=basis, steps=steps, span=2)
    randomized(block)
    slots = dict(block.theta.named_parameters())
    expected = gradients(lambda x: loop(unit, slots, block.manifestation, x), slots.values())
    run = differentiable(block, unit)
    leaves = [run.get_parameter(f"theta.{path}") for path in slots]
    found = gradients(run, leaves)
    for one, other in zip(found, expected, strict=True):
        assert_close(one, other, rtol=1e-12, atol=1e-13)


def test_gradients_of_two_children_add_up_to_the_parents(differentiable):
    unit = Tanh()
    parent = og.OdeBlock(unit, scheme="rk4-classic", basis=og.PiecewiseConstant(2), steps=4)
    randomized(parent)
    child = og.project(parent, basis=og.PiecewiseConstant(4))
    run = differentiable(parent, unit)
    parents = gradients(run, [run.get_parameter(path) for path in SLOTS])
    run = differentiable(child, unit)
    children = gradients(run, [run.get_parameter(path) for path in SLOTS])
    assert_close(parents[0], children[0])
    for one, two in zip(parents[1:], children[1:], strict=True):
        assert_close(one, two.unflatten(0, (2, 2)).sum(1), rtol=1e-13, atol=1e-14)


def test_a_coefficient_that_no_stage_reads_has_no_gradient():
    basis = og.PiecewiseConstant(breakpoints=[0, "1/2", "3/4", 1])
    block = og.OdeBlock(Tanh(), scheme="euler", basis=basis, grid=[0, "1/2", 1])
    (end,) = block(X[:1]).unbind()
    end.sum().backward()
    gradient = block.get_parameter("theta.f.weight").grad
    assert gradient is not None
    assert [bool(one.any()) for one in gradient.unbind()] == [True, True, False]


def test_frozen_parameters_stay_frozen_in_every_manifestation():
    unit = Tanh()
    unit.g.weight.requires_grad_(False)
    block = og.OdeBlock(unit, scheme="euler", basis=og.PiecewiseConstant(2), steps=2)
    for model in (block, og.manifest(block, scheme="heun-2"), og.refine(block)):
        trainable = [name for name, slot in model.named_parameters() if slot.requires_grad]
        assert trainable == ["theta.f.weight", "theta.f.bias", "theta.g.bias"]


@pytest.mark.parametrize("mode", [True, False])
def test_gradients_flow_through_batch_norm(differentiable, mode):
    unit = Normed(2)
    block = og.OdeBlock(unit, scheme="midpoint", basis=og.PiecewiseConstant(2), steps=2)
    randomized(block)
    run = differentiable(block, unit).train(mode)
    x = torch.randn(4, 2, generator=torch.Generator().manual_seed(0))
    leaves = list(run.parameters())

    def loss():
        return (run(x) ** 2).sum()

    found = torch.autograd.grad(loss(), leaves)
    step = 1e-6
    for leaf, gradient in zip(leaves, found, strict=True):
        index = (0,) * leaf.dim()
        with torch.no_grad():
            state = {k: v.clone() for k, v in run.state_dict().items()}
            leaf[index] += step
            above = loss()
            leaf[index] -= 2 * step
            below = loss()
            run.load_state_dict(state)
        assert_close((above - below) / (2 * step), gradient[index], rtol=1e-6, atol=1e-8)
