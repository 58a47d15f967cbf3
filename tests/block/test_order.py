"""Measured order where theta(t) is smooth and where it jumps, on every executor."""

import functools
import math

import pytest
import reference
import torch
from example_units import Tanh, randomized

import odegraph as og
from odegraph.basis import Legendre

STEPS = {1: 20, 5: 6}
SMOOTH = Legendre(1)
X = torch.tensor([[0.7, -0.4], [0.1, 0.6], [-0.5, 0.2]], dtype=torch.float64)


def problem(basis: og.Basis, scheme: str, steps: int) -> tuple[og.OdeBlock, Tanh]:
    unit = Tanh(2, 3)
    block = og.OdeBlock(unit, scheme=scheme, basis=basis, steps=steps, span="3/4")
    randomized(block)
    return block, unit


@functools.cache
def exact(basis: og.Basis) -> torch.Tensor:
    """The solution by the interpreter with a scheme of order 8 and so many steps that it is."""
    block, unit = problem(basis, "cooper-verner-8", 24)
    return torch.as_tensor(reference.run(block, unit, X.numpy()))


def measured_order(executor, scheme: str, basis: og.Basis, steps: int) -> float:
    """log2 of the ratio of the errors with `steps` and twice as many steps."""
    errors = []
    for count in (steps, 2 * steps):
        block, unit = problem(basis, scheme, count)
        errors.append((executor(block, unit)(X) - exact(basis)).norm().item())
    return math.log2(errors[0] / errors[1])


def itself(block: og.OdeBlock, unit: Tanh) -> og.OdeBlock:
    """The executor that is the block."""
    return block


def has_order(measured: float, order: int) -> bool:
    """At this size of step the next term of the error is still felt, most where the first is small.

    All schemes of the catalogue are measured in `test_order_of_all_schemes`.
    """
    return order - 0.5 < measured < order + 1


@pytest.mark.parametrize("scheme", ["euler", "dormand-prince"])
def test_every_executor_has_the_order_of_the_scheme(executor, scheme):
    order = og.load_scheme(scheme).order
    measured = measured_order(executor, scheme, SMOOTH, STEPS[order])
    assert has_order(measured, order), measured


@pytest.mark.parametrize("scheme", ["heun-2", "rk4-classic"])
def test_jumps_between_steps_cost_no_order(executor, scheme):
    order = og.load_scheme(scheme).order
    measured = measured_order(executor, scheme, og.PiecewiseConstant(4), 8)
    assert has_order(measured, order), measured


def test_a_stage_that_reads_beyond_the_end_of_its_step_drops_the_order_to_one(monkeypatch):
    basis = og.PiecewiseConstant(4)
    exact(basis)

    def always_right(self, t, *, interval):
        return self.row(t, side="right" if t < 1 else "left")

    monkeypatch.setattr(og.PiecewiseConstant, "row_within", always_right)
    measured = measured_order(itself, "rk4-classic", basis, 8)
    assert has_order(measured, 1), measured


@pytest.mark.filterwarnings("ignore:theta.t. jumps:odegraph.ir.OrderLossWarning")
def test_steps_across_jumps_drop_the_order_to_one():
    measured = measured_order(itself, "rk4-classic", og.PiecewiseConstant(3), 8)
    assert measured < 1.5, measured
