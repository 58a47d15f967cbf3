"""Additive (implicit-explicit) schemes on units of two parts: executors, recycling, refusals."""

from fractions import Fraction

import pytest
import reference
import torch
from catalogue_names import names_of_kind
from example_units import Normed, Tanh, randomized
from torch import nn
from torch.testing import assert_close

import odegraph as og
from odegraph.emit.read_back import read_back
from odegraph.ir import Evaluate, Part, Solve, SolvedRate, Theta, to_text
from odegraph.scheme import AdditiveRungeKuttaScheme, SchemeSpec, load_scheme, verify

ADDITIVE = names_of_kind("additive-runge-kutta")
SOLVER = og.NewtonKrylov(iterations=6, krylov=2)
X = torch.linspace(-1, 1, 6, dtype=torch.float64).reshape(3, 2)


class Linear(nn.Module):
    """A x."""

    def __init__(self) -> None:
        super().__init__()
        self.A = nn.Linear(2, 2, bias=False)

    def forward(self, x):
        return self.A(x)


def split_unit() -> og.SplitUnit:
    return og.SplitUnit(Tanh(2, 3), nn.Sequential(nn.Linear(2, 2), nn.Tanh()))


def block_of(scheme: str, unit: nn.Module, **options) -> og.OdeBlock:
    chosen = {"basis": og.PiecewiseLinear(1), "steps": 2, "span": "3/2"} | options
    return randomized(og.OdeBlock(unit, scheme=scheme, **chosen))


@pytest.mark.parametrize("scheme", ADDITIVE)
def test_all_executors_agree_with_the_reference(executor, scheme):
    unit = split_unit()
    block = block_of(scheme, unit, solver=SOLVER)
    expected = torch.as_tensor(reference.run(block, unit, X.numpy()))
    assert_close(executor(block, unit)(X), expected, rtol=1e-10, atol=1e-11)


def test_a_linear_implicit_part_is_solved_exactly(executor):
    unit = og.SplitUnit(Tanh(2, 3), Linear())
    block = block_of("ars-443", unit)
    assert "solve stages of g [3/8] by kind exact-linear" in to_text(block.step_graph)
    expected = torch.as_tensor(reference.run(block, unit, X.numpy()))
    assert_close(executor(block, unit)(X), expected, rtol=1e-10, atol=1e-11)
    assert max(block.residuals(X)["step0.solve2"]) < 1e-13


@pytest.mark.parametrize("scheme", ["rk4-classic", "gauss-2", "bdf-2"])
def test_to_other_schemes_a_split_unit_is_its_sum(executor, scheme):
    unit = split_unit()
    block = block_of(scheme, unit, solver=og.NewtonKrylov(iterations=6, krylov=4))
    expected = torch.as_tensor(reference.run(block, unit, X.numpy()))
    assert_close(executor(block, unit)(X), expected, rtol=1e-10, atol=1e-11)
    moved = og.manifest(block, scheme="ars-343", steps=3)
    assert moved.step_graph.of_type(Solve)


@pytest.mark.parametrize("scheme", ADDITIVE)
def test_the_lowered_graph_has_both_tableaus(scheme):
    declared = load_scheme(scheme)
    assert isinstance(declared, AdditiveRungeKuttaScheme)
    block = block_of(scheme, split_unit(), steps=1, span=1)
    found = read_back(block.graph_module, precision=block.precision)
    number = {(name[6], int(name[7:])): i for i, name in enumerate(found.stages)}
    c = found.c([Fraction(0), Fraction(1)])
    tolerance = declared.tableau.explicit.tolerance
    for letter, part in (("f", declared.explicit_part), ("g", declared.implicit_part)):
        for (of, stage), i in number.items():
            if of == letter:
                # a weight that rounds to 1 is no product: its digits beyond are not kept
                assert abs(c[i] - part.c[stage - 1]) <= tolerance
                assert found.b[i] == part.b[stage - 1]
            for other, j in number.items():
                if other[0] == letter:
                    assert found.A[i][j] == part.A[stage - 1, other[1] - 1]
        present = {stage for of, stage in number if of == letter}
        for stage in {*range(1, declared.stages + 1)} - present:
            assert part.b[stage - 1] == 0
            assert not any(part.A[:, stage - 1])


@pytest.mark.parametrize("scheme", ADDITIVE)
def test_the_last_stage_is_recycled_only_if_globally_stiffly_accurate(scheme):
    declared = load_scheme(scheme)
    assert isinstance(declared, AdditiveRungeKuttaScheme)
    graph = block_of(scheme, split_unit()).step_graph
    stages = {
        (node.step, name.split(".")[1])
        for kind in (Evaluate, SolvedRate)
        for name in graph.of_type(kind)
        if isinstance(node := graph.node(name), Evaluate | SolvedRate)
    }
    unused = not (any(declared.explicit_part.A[:, 0]) or declared.explicit_part.b[0])
    assert ((0, "f1") in stages) != unused
    assert ((1, "f1") in stages) != (unused or declared.is_globally_stiffly_accurate)


def test_nothing_is_recycled_across_a_jump_of_theta():
    block = block_of("ars-222", split_unit(), basis=og.PiecewiseConstant(2))
    assert "step1.f1 = f(step0.x3, " in to_text(block.step_graph)
    smooth = block_of("ars-222", split_unit(), basis=og.PiecewiseConstant(1))
    assert "step1.f1" not in to_text(smooth.step_graph)


def depth_of(graph: og.StepGraph, name: str):
    theta = graph.node(name)
    assert isinstance(theta, Theta)
    return theta.depth


def test_each_part_looks_theta_up_at_its_own_times():
    scheme = load_scheme("imex-ssp2-222")
    assert isinstance(scheme, AdditiveRungeKuttaScheme)
    assert not scheme.has_shared_nodes
    graph = block_of("imex-ssp2-222", split_unit(), steps=1, span=1).step_graph
    for part, tableau in (
        (Part.EXPLICIT, scheme.explicit_part),
        (Part.IMPLICIT, scheme.implicit_part),
    ):
        depths = [
            depth_of(graph, theta)
            for name, node in graph.nodes()
            if isinstance(node, Evaluate | Solve) and node.part is part
            for theta, edge in graph.inputs(name)
            if edge.role == "theta"
        ]
        assert depths == list(tableau.c)


def test_gradients_agree_with_finite_differences():
    block = block_of("ars-222", split_unit(), solver=SOLVER, steps=1)
    parameters = dict(block.named_parameters())

    def loss(x, *values):
        slots = dict(zip(parameters, values, strict=True))
        return torch.func.functional_call(block, slots, (x,)).sum()

    x = X.clone().requires_grad_()
    assert torch.autograd.gradcheck(loss, (x, *parameters.values()))


def test_a_stiff_part_costs_no_small_steps():
    # x' = cos(x) - 1000 x: h times the stiff rate is 100
    unit = og.SplitUnit(Cosine(), Decay())
    form = {"basis": og.PiecewiseConstant(1), "steps": 10, "span": 1}
    x = torch.ones(1, 1)
    slow = 0.001  # the root of cos(x) = 1000 x, to 1e-9
    assert_close(og.OdeBlock(unit, scheme="ars-443", **form)(x).item(), slow, atol=1e-6, rtol=0)
    assert og.OdeBlock(unit, scheme="rk4-classic", **form)(x).abs() > 1e30


class Cosine(nn.Module):
    """cos(x)."""

    def forward(self, x):
        return torch.cos(x)


class Decay(nn.Module):
    """-1000 x."""

    def forward(self, x):
        return x * -1000.0


def test_an_explicit_part_may_draw_numbers():
    unit = og.SplitUnit(nn.Sequential(nn.Linear(2, 2), nn.Dropout(0.5)), Linear())
    block = block_of("ars-222", unit).train()
    torch.manual_seed(0)
    first = block(X)
    torch.manual_seed(0)
    assert torch.equal(first, block(X))
    assert not torch.equal(first, block(X))


def test_what_does_not_fit_is_refused():
    form = {"basis": og.PiecewiseConstant(1), "steps": 2}
    with pytest.raises(og.GraphError, match=r"`ars-222` treats two parts.*`odegraph.SplitUnit\("):
        og.OdeBlock(Tanh(), scheme="ars-222", **form)
    with pytest.raises(og.GraphError, match=r"learns running statistics \(`explicit.norm.running"):
        og.OdeBlock(og.SplitUnit(Normed(2), Linear()), scheme="ars-222", **form)
    with pytest.raises(og.GraphError, match=r"`SplitUnit\.implicit` draws random numbers"):
        random = nn.Sequential(nn.Linear(2, 2), nn.Dropout(0.5))
        og.OdeBlock(og.SplitUnit(Linear(), random), scheme="ars-222", **form)
    with pytest.raises(og.UnitError, match="`implicit` of a `SplitUnit` is a `function`"):
        og.SplitUnit(Linear(), lambda x: x)  # pyright: ignore[reportArgumentType]


def test_stages_coupled_through_both_parts_are_refused():
    spec = {
        "name": "coupled",
        "title": "Heun's explicit rates in the stages of Radau IA",
        "kind": "additive-runge-kutta",
        "source": "made for this test",
        "A_explicit": [[], ["1"]],
        "b_explicit": ["1/2", "1/2"],
        "A_implicit": [["1/4", "-1/4"], ["1/4", "5/12"]],
        "b_implicit": ["1/4", "3/4"],
    }
    scheme = verify(SchemeSpec.from_dict(spec))
    with pytest.raises(og.GraphError, match="`coupled` solves stages together that need one"):
        og.OdeBlock(split_unit(), scheme=scheme, basis=og.PiecewiseConstant(1), steps=1)
