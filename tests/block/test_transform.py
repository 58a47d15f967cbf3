"""`manifest`, `project`, `refine`, `bake`: new models, the argument untouched."""

from fractions import Fraction

import pytest
import torch
from example_units import Growth, Normed, Tanh, randomized
from torch import nn
from torch.testing import assert_close

import odegraph as og
from odegraph.ir import Evaluate


def block(**options) -> og.OdeBlock:
    chosen = {"scheme": "rk4-classic", "basis": og.PiecewiseConstant(2), "steps": 4} | options
    return randomized(og.OdeBlock(Tanh(), **chosen))


class Twice(nn.Module):
    """One block called twice, and another one: what is shared stays shared."""

    def __init__(self) -> None:
        super().__init__()
        self.one = block()
        self.also_one = self.one
        self.norm = nn.BatchNorm1d(2)
        self.two = nn.Sequential(block(steps=2, scheme="euler"), nn.Tanh())

    def forward(self, x):
        return self.two(self.norm(self.also_one(self.one(x))))


TRANSFORMS = {
    "manifest": lambda model: og.manifest(model, scheme="ralston-2", steps=8),
    "project": lambda model: og.project(model, basis=og.PiecewiseLinear(2)),
    "refine": lambda model: og.refine(model, factor=3),
    "bake": og.bake,
}


@pytest.mark.parametrize("name", TRANSFORMS)
def test_the_argument_is_never_changed(name):
    for model in (block(), Twice()):
        before = {key: value.clone() for key, value in model.state_dict().items()}
        text = repr(model)
        x = torch.randn(3, 2)
        model.eval()
        y = model(x)
        new = TRANSFORMS[name](model)
        with torch.no_grad():
            for tensor in [*new.parameters(), *new.buffers()]:
                tensor.zero_()
        assert torch.equal(model(x), y)
        assert repr(model) == text
        assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())


def test_blocks_in_models_are_replaced_where_they_are_and_once():
    model = Twice().eval()
    new = og.manifest(model, steps=16)
    assert new.one is new.also_one
    assert new.one is not model.one
    assert new.one.manifestation.steps == 16
    assert new.two[0].manifestation.scheme.name == "euler"
    assert new.two[0].manifestation.steps == 16
    assert not new.training
    assert not new.one.training
    assert new.norm is not model.norm


def test_remanifesting_keeps_coefficients_and_what_is_not_given():
    old = block(span="3/2")
    new = og.manifest(old, scheme="euler")
    assert new.manifestation.grid == old.manifestation.grid
    assert new.manifestation.span == old.manifestation.span
    assert new.manifestation.basis == old.manifestation.basis
    for key, value in old.state_dict().items():
        assert torch.equal(new.state_dict()[key], value)
    there_and_back = og.manifest(new, scheme="rk4-classic")
    x = torch.randn(2, 2)
    assert torch.equal(there_and_back(x), old(x))
    assert og.manifest(old, span=3).manifestation.span == 3
    assert og.manifest(old, grid=[0, "1/2", 1]).manifestation.steps == 2


def test_more_steps_converge_to_one_continuous_model():
    coarse = block(basis=og.PiecewiseLinear(2))
    x = torch.randn(2, 2)
    exact = og.manifest(coarse, scheme="verner-8-7", steps=8)(x)
    for scheme in ("heun-2", "rk4-38"):
        errors = [(og.manifest(coarse, scheme=scheme, steps=n)(x) - exact).norm() for n in (4, 32)]
        assert errors[1] < errors[0] / 20


def test_refining_splits_elements_and_steps_and_keeps_theta():
    old = block(
        basis=og.PiecewiseConstant(breakpoints=[0, "1/3", 1]), steps=None, grid=[0, "1/3", 1]
    )
    new = og.refine(old, factor=3)
    ninth = Fraction(1, 9)
    assert new.manifestation.grid[:4] == (0, ninth, 2 * ninth, 3 * ninth)
    assert new.manifestation.basis.breakpoints == new.manifestation.grid
    weight, refined = old.theta.f.weight, new.theta.f.weight
    assert torch.equal(refined, weight.repeat_interleave(3, 0))


def test_projecting_to_a_finer_basis_and_back_changes_nothing():
    old = block(basis=og.PiecewiseLinear(2))
    back = og.project(og.project(old, basis=og.PiecewiseLinear(6)), basis=og.PiecewiseLinear(2))
    assert_close(back.state_dict(), old.state_dict(), rtol=1e-13, atol=1e-14)


@pytest.mark.filterwarnings("ignore:theta.t. jumps:odegraph.ir.OrderLossWarning")
def test_projection_takes_means():
    old = og.OdeBlock(Growth(), scheme="euler", basis=og.PiecewiseConstant(4), steps=4)
    old.theta.load_state_dict({"lam": torch.tensor([1.0, 3, 5, 11])})
    assert og.project(old, basis=og.PiecewiseConstant(2)).theta.lam.tolist() == [2, 8]
    assert og.project(old, basis=og.PiecewiseConstant(1)).theta.lam.tolist() == [5]


@pytest.mark.parametrize("basis", [og.PiecewiseConstant(2), og.PiecewiseLinear(2), og.Legendre(2)])
@pytest.mark.parametrize("unit", [Tanh, lambda: Normed(2)])
def test_baked_models_hold_one_constant_for_each_depth(basis, unit):
    model = randomized(og.OdeBlock(unit(), scheme="rk4-classic", basis=basis, steps=2)).eval()
    baked = og.bake(model)
    depths = len({node.row for _, node in model.step_graph.nodes() if hasattr(node, "row")})
    assert baked.theta.f.weight.shape[0] == depths
    assert list(baked.parameters()) == []
    assert baked.training is False
    x = torch.randn(4, 2)
    assert_close(baked(x), model(x), rtol=1e-14, atol=1e-15)
    assert (
        baked.graph_module.code.count(" * ") < model.graph_module.code.count(" * ") or depths == 2
    )


def test_baked_statistics_are_those_of_evaluation():
    model = randomized(
        og.OdeBlock(Normed(2), scheme="heun-2", basis=og.PiecewiseConstant(2), steps=2)
    )
    baked = og.bake(model)
    x = torch.randn(4, 2)
    assert_close(baked.train()(x), model.eval()(x), rtol=1e-14, atol=1e-15)


def test_the_cost_of_a_block_is_its_evaluations():
    assert block().evaluations == 16
    assert og.manifest(block(), scheme="euler", steps=2).evaluations == 2
    assert len(block().step_graph.of_type(Evaluate)) == 16


# --- bad input


def test_models_without_blocks_are_refused():
    for transform in TRANSFORMS.values():
        with pytest.raises(
            og.GraphError, match=r"`Linear` has no `OdeBlock`.*og|odegraph.OdeBlock"
        ):
            transform(nn.Linear(2, 2))


REFUSED = [
    (lambda b: og.manifest(b, scheme="rk5"), og.SchemeError, r"no scheme `rk5`"),
    (lambda b: og.manifest(b, steps=0), og.GraphError, r"`steps` is `0`"),
    (lambda b: og.manifest(b, steps=2, grid=[0, 1]), og.GraphError, r"either `steps`"),
    (lambda b: og.manifest(b, grid=[0, 0.5, 1]), og.GraphError, r"`0.5`, a float"),
    (lambda b: og.manifest(b, span=-1), og.GraphError, r"`span` is `-1`"),
    (lambda b: og.project(b, basis=4), og.ProjectionError, r"`basis` is a int"),
    (lambda b: og.refine(b, factor=0), og.ProjectionError, r"`factor` is `0`"),
    (lambda b: og.refine(b, factor=1.5), og.ProjectionError, r"`factor` is `1.5`"),
]


@pytest.mark.parametrize(("change", "error", "message"), REFUSED)
def test_bad_arguments_are_refused(change, error, message):
    model = block()
    with pytest.raises(error, match=message):
        change(model)


class Branching(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.f = nn.Linear(2, 2)

    def forward(self, x):
        return self.f(x) if x.sum() > 0 else x


UNITS = [
    (lambda: nn.Linear(2, 3), r"`Linear` maps a state of shape \[2, 2\] to a rate .* \[2, 3\]"),
    (Branching, r"`Branching`.*control flow"),
    (lambda: torch.tanh, r"A unit is a `torch.nn.Module`, and this is `builtin_function"),
    (lambda: nn.Tanh, r"A unit is an instance of `Tanh`, and this is the class"),
    (lambda: "Tanh", r"A unit is a `torch.nn.Module`, and this is `str`"),
]


@pytest.mark.parametrize(("make", "message"), UNITS)
def test_what_is_no_unit_is_refused(make, message):
    with pytest.raises(og.UnitError, match=f"(?s){message}"):
        og.OdeBlock(make(), scheme="euler", basis=og.PiecewiseConstant(1), steps=1)


def test_a_state_of_the_wrong_shape_is_refused_with_both_shapes():
    with pytest.raises(og.UnitError, match=r"`Tanh` does not accept a state of shape \[3, 5\]"):
        block()(torch.randn(3, 5))


class Projecting(nn.Module):
    """Keeps some shapes and changes others."""

    def __init__(self) -> None:
        super().__init__()
        self.w = nn.Parameter(torch.ones(1, 2))

    def forward(self, x):
        return self.w * x


def test_a_unit_that_changes_the_shape_of_this_state_is_refused_at_the_first_call():
    made = og.OdeBlock(Projecting(), scheme="euler", basis=og.PiecewiseConstant(1), steps=1)
    assert made(torch.ones(3, 2)).shape == (3, 2)
    with pytest.raises(og.UnitError, match=r"maps a state of shape \[3, 1\] to a rate .*\[3, 2\]"):
        made(torch.ones(3, 1))


def test_a_state_dict_of_another_basis_is_refused_before_anything_is_loaded():
    source, target = block(basis=og.PiecewiseConstant(4)), block()
    before = {key: value.clone() for key, value in target.state_dict().items()}
    with pytest.raises(
        og.ProjectionError,
        match=r"`theta.f.weight` has 4 coefficients .*PiecewiseConstant\(elements=2\) has 2"
        r".*odegraph.project",
    ):
        target.load_state_dict(source.state_dict())
    model = nn.Sequential(nn.Linear(2, 2), target)
    with pytest.raises(og.ProjectionError, match=r"`1.theta.f.weight` has 4 coefficients"):
        model.load_state_dict({f"1.{k}": v for k, v in source.state_dict().items()}, strict=False)
    assert all(torch.equal(value, before[key]) for key, value in target.state_dict().items())


def test_a_state_dict_of_another_unit_is_refused_by_torch():
    with pytest.raises(RuntimeError, match="Missing key"):
        block().load_state_dict({})
