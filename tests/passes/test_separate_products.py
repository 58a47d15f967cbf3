"""Sums in one kernel a term, and in two: the same numbers but for one rounding less."""

import operator

import pytest
import torch
from example_units import Tanh, randomized
from executors import generated_module
from graph_values import value
from hypothesis import HealthCheck, given, settings
from random_tableaus import explicit_tableaus
from torch.testing import assert_close

import odegraph as og
from odegraph.ir import build_step_graph, check, manifestation, to_text
from odegraph.passes import order_registers, run_passes, separate_products

APART = (*og.DEFAULT_PASSES, separate_products)
SCHEMES = (
    "euler",
    "rk4-classic",
    "dormand-prince",
    "gill-4",
    "adams-bashforth-3",
    "stormer-verlet",
    "nystrom-4",
    "rodas3",
    "etd-4-rk",
    "gauss-2",
)
pytestmark = pytest.mark.filterwarnings("ignore::odegraph.OrderLossWarning")


def block_of(scheme: str, **options) -> og.OdeBlock:
    basis = og.PiecewiseConstant(3) if scheme in ("rodas3", "etd-4-rk") else og.PiecewiseLinear(2)
    return randomized(og.OdeBlock(unit_of(scheme), scheme=scheme, basis=basis, steps=3, **options))


def unit_of(scheme: str) -> torch.nn.Module:
    return Separable() if scheme in ("stormer-verlet", "nystrom-4") else Tanh(4)


class Separable(torch.nn.Module):
    """q' depends on p alone, and p' on q alone."""

    def __init__(self) -> None:
        super().__init__()
        self.f, self.g = Tanh(2), Tanh(2)

    def forward(self, x):
        q, p = x.chunk(2, dim=1)
        return torch.cat([self.f(p), self.g(q)], dim=1)


def targets(block: og.OdeBlock) -> set[object]:
    return {node.target for node in block.graph_module.graph.nodes}


@pytest.mark.parametrize("scheme", SCHEMES)
def test_all_executors_agree_on_and_off(scheme, differentiable):
    block = block_of(scheme)
    apart = og.with_execution(block, passes=APART)
    x = torch.randn(3, 4)
    for one in (block, apart):
        run = differentiable(one, unit_of(scheme))
        assert_close(run(x), block(x), rtol=1e-12, atol=1e-13)
        expected = torch.autograd.grad(block(x).square().sum(), list(block.parameters()))
        found = torch.autograd.grad(run(x).square().sum(), list(run.parameters()))
        for gradient, other in zip(found, expected, strict=True):
            assert_close(gradient, other, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("passes", [og.DEFAULT_PASSES, APART], ids=["fused", "apart"])
def test_generated_modules_give_the_same_bits(scheme, passes, tmp_path):
    block = og.with_execution(block_of(scheme), passes=passes)
    x = torch.randn(3, 4)
    with torch.no_grad():
        if scheme == "etd-4-rk":
            assert_close(generated_module(block, tmp_path)(x), block(x), rtol=1e-14, atol=1e-14)
        else:
            assert torch.equal(generated_module(block, tmp_path)(x), block(x))


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(scheme=explicit_tableaus())
def test_laws_of_the_pass(scheme):
    form = manifestation(scheme, basis=og.PiecewiseConstant(1), steps=2)
    graph = run_passes(build_step_graph(form), og.DEFAULT_PASSES)
    apart = check(separate_products(graph))
    assert_close(value(apart), value(graph), rtol=1e-12, atol=1e-12)
    assert to_text(apart) != to_text(graph)
    assert to_text(separate_products(apart)) == to_text(apart)


def test_a_fused_graph_multiplies_the_first_of_several_terms_alone():
    block = block_of("rk4-classic")
    products = block.graph_module.graph.find_nodes(op="call_function", target=operator.mul)
    rates = [one for one in products if one.args[0].name.startswith("step")]
    assert len(rates) == block.manifestation.steps
    assert torch.add in targets(block)
    assert torch.add not in targets(og.with_execution(block, passes=APART))


def test_steps_of_different_lengths_share_their_machine_code():
    options = {"basis": og.PiecewiseConstant(1), "grid": [0, "1/7", "1/2", "5/8", 1]}
    block = randomized(og.OdeBlock(Tanh(), scheme="rk4-classic", **options))
    compiled = og.with_execution(block, compilation=og.CompiledSteps("eager"))
    x = torch.randn(3, 2)
    with torch.no_grad():
        assert_close(compiled(x), block(x), rtol=1e-13, atol=1e-14)


def test_registers_stay_with_products_apart():
    passes = (*og.DEFAULT_PASSES, order_registers)
    block = block_of("williamson-3", execution=og.Execution(passes=passes))
    apart = og.with_execution(block, passes=(*passes, separate_products))
    assert apart.step_graph.registers == block.step_graph.registers
    x = torch.randn(3, 4)
    assert_close(apart(x), block(x), rtol=1e-13, atol=1e-14)
