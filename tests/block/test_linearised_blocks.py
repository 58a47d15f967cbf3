"""Exponential and Rosenbrock blocks: all executors agree, orders, exact linear steps, refusals."""

from pathlib import Path

import pytest
import sympy
import torch
from catalogue_names import names_of_kind
from mpmath import mp, mpf
from torch import nn
from torch.testing import assert_close

import odegraph as og
from odegraph._errors import GraphError
from odegraph.emit.operations.matrix_functions import jacobian, phi_functions, resolvent, solve
from odegraph.ir import FunctionOfJacobian, Jacobian, to_text
from odegraph.scheme import RosenbrockScheme, load_scheme

EXPONENTIAL, ROSENBROCK = names_of_kind("exponential"), names_of_kind("rosenbrock")


class Tanh(nn.Module):
    """tanh(W x + b) on states of shape [2, 2]: the Jacobian is a matrix over all four numbers."""

    def __init__(self) -> None:
        super().__init__()
        self.f = nn.Linear(2, 2)
        self.mix = nn.Parameter(torch.randn(2, 2))

    def forward(self, x):
        return torch.tanh(self.f(x)) - torch.matmul(self.mix, x)


class Linear(nn.Module):
    """A x, proven linear."""

    def __init__(self) -> None:
        super().__init__()
        self.f = nn.Linear(3, 3, bias=False)

    def forward(self, x):
        return self.f(x)


class Normalised(nn.Module):
    """A unit with batch statistics."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(3)

    def forward(self, x):
        return torch.tanh(self.norm(x))


def randomised(block: og.OdeBlock) -> og.OdeBlock:
    with torch.no_grad():
        for slot in block.parameters():
            slot.copy_(torch.randn_like(slot) / 2)
    return block


@pytest.mark.parametrize("name", [*EXPONENTIAL, *ROSENBROCK])
def test_all_executors_agree(name, executor):
    torch.manual_seed(0)
    unit = Tanh()
    block = randomised(og.OdeBlock(unit, scheme=name, basis=og.PiecewiseConstant(2), steps=2))
    x = torch.randn(3, 2, 2)
    assert_close(executor(block, unit)(x), block(x), rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("name", EXPONENTIAL)
def test_exponential_blocks_read_theta_at_their_stages(name, executor):
    torch.manual_seed(1)
    unit = Tanh()
    basis = og.PiecewiseLinear(2)
    block = randomised(og.OdeBlock(unit, scheme=name, basis=basis, grid=[0, "1/3", 1]))
    x = torch.randn(2, 2, 2)
    assert_close(executor(block, unit)(x), block(x), rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize(
    ("name", "order"),
    [
        ("etd-2-rk", 2), ("etd-3-rk", 3), ("etd-4-rk", 4), ("etd-4-rk-krogstad", 4),
        ("lawson-1", 1), ("lawson-4", 4),
    ],
)  # fmt: skip
def test_measured_order_with_theta_in_depth(name, order):
    assert abs(measured_order(name, og.Legendre(2)) - order) < 0.25


@pytest.mark.parametrize("name", ROSENBROCK)
def test_measured_order_of_rosenbrock_blocks(name):
    expected = load_scheme(name).order
    assert abs(measured_order(name, og.PiecewiseConstant(2)) - expected) < 0.25


def measured_order(name: str, basis) -> float:
    torch.manual_seed(2)
    exact = randomised(og.OdeBlock(Tanh(), scheme="dormand-prince", basis=basis, steps=100))
    x = torch.randn(2, 2, 2)
    errors = [
        (og.manifest(exact, scheme=name, steps=steps)(x) - exact(x)).norm().item()
        for steps in (16, 32)
    ]
    return float(torch.log2(torch.tensor(errors[0] / errors[1])))


@pytest.mark.parametrize("name", EXPONENTIAL)
def test_a_linear_unit_is_solved_exactly(name):
    torch.manual_seed(3)
    block = og.OdeBlock(Linear(), scheme=name, basis=og.PiecewiseConstant(1), steps=3, span=2)
    (weight,) = block.state_dict().values()
    x = torch.randn(4, 3)
    assert_close(block(x), x @ torch.linalg.matrix_exp(2 * weight[0]).T)


@pytest.mark.parametrize("name", ROSENBROCK)
def test_a_linear_unit_grows_by_the_stability_function(name):
    torch.manual_seed(4)
    block = og.OdeBlock(Linear(), scheme=name, basis=og.PiecewiseConstant(1), steps=1)
    scheme = block.manifestation.scheme
    assert isinstance(scheme, RosenbrockScheme)
    with torch.no_grad():
        block.theta.f.weight.copy_(torch.diag(torch.tensor([-0.5, -3.0, -40.0]))[None])
    z = sympy.Symbol("z")
    R = scheme.stability_function(z)
    expected = [float(R.subs(z, value).evalf(20)) for value in (sympy.Rational(-1, 2), -3, -40)]
    assert_close(block(torch.ones(1, 3))[0], torch.tensor(expected))


@pytest.mark.parametrize("name", ["etd-4-rk", "ros3p"])
def test_gradients_are_those_of_finite_differences(name):
    torch.manual_seed(5)
    block = og.OdeBlock(Tanh(), scheme=name, basis=og.PiecewiseConstant(1), steps=2)
    x = torch.randn(1, 2, 2, requires_grad=True)
    assert torch.autograd.gradcheck(block, (x,))
    block(x).square().sum().backward()
    slot = block.theta.f.weight
    direction, eps = torch.randn_like(slot), 1e-6
    with torch.no_grad():
        values = []
        for sign in (1, -1):
            slot += sign * eps * direction
            values.append(block(x).square().sum())
            slot -= sign * eps * direction
    assert slot.grad is not None
    difference = (values[0] - values[1]) / (2 * eps)
    assert_close((slot.grad * direction).sum(), difference, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("z", [0.0, 1e-14, -1e-8, 1e-4, -0.3, 2.0, -50.0])
def test_phi_functions_are_accurate_near_zero_and_far_from_it(z):
    found = phi_functions(torch.tensor([[[z]]]), 4)
    with mp.workdps(150):
        value = mpf(z)
        exact = [mp.exp(value)]
        for k in range(4):
            if z == 0:
                exact.append(1 / mp.factorial(k + 1))
            else:
                exact.append((exact[-1] - 1 / mp.factorial(k)) / value)
    assert_close(torch.stack(found).flatten(), torch.tensor([float(one) for one in exact]))


def test_jacobian_and_resolvent():
    torch.manual_seed(6)
    unit, x = Tanh(), torch.randn(3, 2, 2)
    J = jacobian(unit, x)
    for sample, one in zip(x, J, strict=True):
        expected = torch.autograd.functional.jacobian(lambda y: unit(y[None])[0], sample)
        assert isinstance(expected, torch.Tensor)
        assert_close(one, expected.reshape(4, 4))
    y = solve(resolvent(J / 3), x)
    identity = torch.eye(4)
    assert_close(((identity - J / 3) @ y.flatten(1)[..., None])[..., 0], x.flatten(1))


@pytest.mark.parametrize(("name", "functions"), [("etd-4-rk", 2), ("lawson-1", 1), ("rodas3", 1)])
def test_one_jacobian_and_few_matrix_functions_a_step(name, functions):
    block = og.OdeBlock(Tanh(), scheme=name, basis=og.PiecewiseConstant(1), steps=3)
    graph = block.step_graph
    assert len(graph.of_type(Jacobian)) == 3
    assert len(graph.of_type(FunctionOfJacobian)) == 3 * functions
    assert "step0.J = dR/dx(x0, step0.theta0)" in to_text(graph)


def test_what_cannot_be_linearised_is_refused():
    with pytest.raises(GraphError, match="`ros2` would need its derivative in depth"):
        og.OdeBlock(Tanh(), scheme="ros2", basis=og.PiecewiseLinear(1), steps=2)
    with pytest.raises(GraphError, match="Jacobian of `Normalised` sample by sample"):
        og.OdeBlock(Normalised(), scheme="etd-1", basis=og.PiecewiseConstant(1), steps=2)


def test_generated_module_says_what_it_does(tmp_path: Path):
    block = og.OdeBlock(Tanh(), scheme="rodas3", basis=og.PiecewiseConstant(1), steps=1)
    text = og.emit_python(block, tmp_path / "block.py").read_text(encoding="utf-8")
    assert "J = jacobian(unit, x, *theta[0])" in text
    assert "M = resolvent(1 / 2 * J)" in text
    assert "v = solve(M, k1)" in text
    assert "phi_functions" not in text
