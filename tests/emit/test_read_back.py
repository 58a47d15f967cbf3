"""Translation validation: what is read back from the lowered graph is what was declared."""

import copy
from collections.abc import Sequence
from fractions import Fraction

import pytest
import sympy
import torch
from catalogue_names import names_of_kind
from example_units import Growth, Normed, Tanh
from hypothesis import given, settings
from random_tableaus import explicit_tableaus
from torch import fx, nn

import odegraph as og
from odegraph.emit.fx_graph import lower_to_fx
from odegraph.emit.lowering.fx_values import EXACT_WEIGHT, factor_of
from odegraph.emit.read_back import read_back, read_stability_function
from odegraph.emit.rounding import Precision
from odegraph.emit.slots import slot_module
from odegraph.emit.unit_call import evaluation_call
from odegraph.ir import StepGraph, build_step_graph, manifestation
from odegraph.passes import DEFAULT_PASSES, Pass, run_passes, separate_products
from odegraph.unit import trace_unit

EXPLICIT = [name for name in names_of_kind("runge-kutta") if og.load_scheme(name).is_explicit]
UNIT = trace_unit(Growth())
HATS = og.PiecewiseLinear(1)  # theta(t) = t has the coefficients 0 and 1
DEPTH = (Fraction(0), Fraction(1))


def lowered(graph: StepGraph, precision: Precision = Precision.DOUBLE) -> fx.GraphModule:
    size = graph.manifestation.basis.size
    theta = slot_module({"lam": nn.Parameter(torch.zeros(size))})
    call = evaluation_call(UNIT)
    return lower_to_fx(graph, call, theta=theta, state=nn.Module(), precision=precision)


def one_step(scheme: og.Scheme | str, precision: Precision = Precision.DOUBLE) -> fx.GraphModule:
    form = manifestation(scheme, basis=HATS, steps=1)
    return lowered(build_step_graph(form), precision)


def assert_is(module: fx.GraphModule, scheme, precision: Precision = Precision.DOUBLE) -> None:
    found = read_back(module, precision=precision)
    assert sympy.ImmutableMatrix(found.A) == scheme.A
    assert list(found.b) == scheme.b.flat()
    assert list(found.c(DEPTH)) == scheme.c.flat()


@pytest.mark.parametrize("precision", list(Precision))
@pytest.mark.parametrize("name", EXPLICIT)
def test_the_tableau_of_every_explicit_scheme_is_read_back_exactly(name, precision):
    assert_is(one_step(name, precision), og.load_scheme(name), precision)


@pytest.mark.parametrize("precision", list(Precision))
@pytest.mark.parametrize("name", ["rk4-classic", "dormand-prince", "verner-8-7"])
def test_the_tableau_is_read_back_from_products_apart_as_well(name, precision):
    graph = build_step_graph(manifestation(name, basis=HATS, steps=1))
    assert_is(lowered(separate_products(graph), precision), og.load_scheme(name), precision)


@pytest.mark.parametrize("name", EXPLICIT)
def test_the_stability_function_is_read_back_exactly(name):
    z = sympy.Symbol("z")
    coefficients = read_stability_function(one_step(name))
    growth = sum(r * z**n for n, r in enumerate(coefficients))
    assert sympy.expand(growth - og.load_scheme(name).stability_function(z)) == 0


@settings(max_examples=30, deadline=None)
@given(scheme=explicit_tableaus(most=5))
def test_random_tableaus_are_read_back_exactly(scheme):
    assert_is(one_step(scheme), scheme)


@pytest.mark.parametrize("name", EXPLICIT)
def test_after_all_passes_the_tableau_has_lost_only_what_nobody_needs(name):
    """Row for row and by name: a stage is kept, or it is dead, or it equals a kept one."""
    scheme = og.load_scheme(name)
    form = manifestation(scheme, basis=HATS, steps=1)
    found = read_back(
        lowered(run_passes(build_step_graph(form), DEFAULT_PASSES)), precision=Precision.DOUBLE
    )
    kept = [int(stage.removeprefix("step0_k")) - 1 for stage in found.stages]
    rows = {i: (tuple(scheme.A[i, :]), scheme.c[i]) for i in range(scheme.stages)}
    assert list(found.c(DEPTH)) == [rows[i][1] for i in kept]
    merged = {i: next((j for j in kept if rows[j] == rows[i]), None) for i in rows}
    for position, i in enumerate(kept):
        assert list(found.A[position]) == _on_kept(scheme.A[i, :], kept, merged)
    assert list(found.b) == _on_kept(scheme.b.T, kept, merged)


def _on_kept(row, kept, merged):
    total = dict.fromkeys(kept, 0)
    for j, weight in enumerate(row):
        if merged[j] is None:
            assert weight == 0 or j not in kept
        else:
            total[merged[j]] += weight
    return [total[j] for j in kept]


def test_two_steps_are_read_back_as_one_composed_method():
    scheme = og.load_scheme("heun-3")
    form = manifestation(scheme, basis=og.PiecewiseLinear(2), grid=[0, "1/3", 1], span=6)
    found = read_back(lowered(build_step_graph(form)), precision=Precision.DOUBLE)
    h = [2, 4]
    A, b = scheme.A, scheme.b.T
    zero = sympy.zeros(3)
    top = (h[0] * A).row_join(zero)
    bottom = (h[0] * sympy.ones(3, 1) * b).row_join(h[1] * A)
    assert sympy.Matrix(found.A) == top.col_join(bottom)
    assert list(found.b) == [*(h[0] * b), *(h[1] * b)]
    third = Fraction(1, 3)
    depths = [Fraction(t) for t in (0, "1/2", 1)]
    assert found.c(depths) == (0, third / 3, 2 * third / 3, third, 5 * third / 3, 7 * third / 3)


def test_statistics_are_read_back_at_their_own_depths():
    block = og.OdeBlock(
        Normed(),
        scheme="midpoint",
        basis=og.PiecewiseLinear(1),
        steps=1,
        state_basis=og.PiecewiseLinear(2),
    )
    half = Fraction(1, 2)
    for training in (True, False):
        graph = block.train(training).graph_module
        found = read_back(graph, precision=block.precision)
        assert found.stages == ("step0_k1", "step0_k2")
        assert found.theta == ({0: 1}, {0: half, 1: half})
        assert found.statistics == ({0: 1}, {1: 1})
        assert found.b == (0, 1)


def test_blocks_of_units_without_parameters_have_a_tableau_too():
    class Sine(nn.Module):
        def forward(self, x):
            return torch.sin(x)

    block = og.OdeBlock(Sine(), scheme="rk4-classic", basis=og.PiecewiseConstant(1), steps=1)
    found = read_back(block.graph_module, precision=block.precision)
    assert sympy.Matrix(found.A) == og.load_scheme("rk4-classic").A
    assert found.c(()) == (0, 0, 0, 0)


# --- changed graphs are noticed


def changed(change, *, passes: Sequence[Pass] = ()) -> fx.GraphModule:
    """The graph of one step of rk4-classic after `change` of a node that is a weighted rate."""
    form = manifestation("rk4-classic", basis=HATS, steps=1)
    module = lowered(run_passes(build_step_graph(form), passes))
    products = [node for node in module.graph.nodes if EXACT_WEIGHT in node.meta]
    change(module, [node for node in products if of_value(node).name.startswith("step0_k")])
    return module


def of_value(product):
    """What a product, or a fused sum, multiplies."""
    return product.args[1] if product.target is torch.add else product.args[0]


def multiply(product, value, weight) -> None:
    if product.target is torch.add:
        product.args, product.kwargs = (product.args[0], value), {"alpha": weight}
    else:
        product.args = (value, weight)


def other_float(_, products):
    multiply(products[0], of_value(products[0]), factor_of(products[0]) * (1 + 1e-12))


def other_exact(_, products):
    products[0].meta[EXACT_WEIGHT] = sympy.Rational(1, 3)


def no_float(_, products):
    multiply(products[0], of_value(products[0]), float("nan"))


def weight_lost(_, products):
    del products[0].meta[EXACT_WEIGHT]


def without_state(module, _):
    node = next(node for node in module.graph.nodes if node.name == "x1")
    node.args = (node.args[1], node.args[1])


def foreign_function(module, products):
    with module.graph.inserting_after(products[0]):
        extra = module.graph.call_function(torch.relu, (products[0],))
    products[0].replace_all_uses_with(extra, lambda user: user is not extra)


def state_as_coefficient(module, _):
    (call, *_) = [node for node in module.graph.nodes if node.op == "call_module"]
    call.args = (call.args[0], call.args[0])


CHANGES = [
    (other_float, r"`step0_k2` is computed with the weights .* double precision"),
    (other_exact, r"`step0_k2` is computed with the weights .*not \[1/3"),
    (no_float, r"`\w+` multiplies with `nan`"),
    (weight_lost, r"`\w+` has lost its exact weight.*OdeBlock.graph_module"),
    (without_state, r"`output` is .*every state is x plus a weighted sum"),
    (foreign_function, r"holds `.*relu.*`, which is no part of a Runge-Kutta step"),
    (state_as_coefficient, r"`step0_k1` reads .*x.* where a coefficient of a slot belongs"),
]


@pytest.mark.parametrize("passes", [(), (separate_products,)], ids=["fused", "apart"])
@pytest.mark.parametrize(("change", "message"), CHANGES, ids=lambda value: str(value)[:25])
def test_a_changed_graph_is_refused(change, message, passes):
    with pytest.raises(og.EmitError, match=f"(?s){message}"):
        read_back(changed(change, passes=passes), precision=Precision.DOUBLE)


@pytest.mark.parametrize("passes", [(), (separate_products,)], ids=["fused", "apart"])
def test_a_rate_in_place_of_another_is_another_tableau(passes):
    def reuse(_, products):
        assert of_value(products[2]).name == "step0_k2"
        multiply(products[2], of_value(products[0]), factor_of(products[2]))

    found = read_back(changed(reuse, passes=passes), precision=Precision.DOUBLE)
    assert sympy.Matrix(found.A) != og.load_scheme("rk4-classic").A


def test_a_theta_at_another_depth_is_another_c():
    module = one_step("rk4-classic")
    calls = [node for node in module.graph.nodes if node.op == "call_module"]
    calls[1].args = (calls[1].args[0], calls[0].args[1])
    found = read_back(module, precision=Precision.DOUBLE)
    assert list(found.c(DEPTH)) != og.load_scheme("rk4-classic").c.flat()


def test_slots_that_are_read_apart_are_noticed():
    block = og.OdeBlock(Tanh(), scheme="euler", basis=og.PiecewiseConstant(2), steps=2)
    first, second = (node for node in block.graph_module.graph.nodes if node.op == "call_module")
    second.args = (*second.args[:2], *first.args[2:])
    with pytest.raises(og.EmitError, match=r"slots of `step1_k1` are read at different depths"):
        read_back(block.graph_module, precision=block.precision)


def test_a_pickled_graph_has_lost_its_weights():
    module = copy.deepcopy(one_step("rk4-classic"))
    for node in module.graph.nodes:
        node.meta.clear()
    with pytest.raises(og.EmitError, match="lost its exact weight"):
        read_stability_function(module)


def test_weights_rounded_for_another_precision_are_noticed():
    block = og.OdeBlock(
        Tanh().float(), scheme="dormand-prince", basis=og.PiecewiseConstant(1), steps=3
    )
    with pytest.raises(og.EmitError, match="rounded to double precision"):
        read_back(block.graph_module, precision=Precision.DOUBLE)
    assert read_back(block.graph_module, precision=Precision.SINGLE).stages
