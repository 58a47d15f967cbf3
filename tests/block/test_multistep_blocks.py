"""Compiled multistep schemes: executors, history, start rule, measured order, refusals."""

import functools
import warnings

import pytest
import reference
import torch
from catalogue_names import names_of_kind
from example_units import Growth, Normed, Tanh, randomized
from torch import Tensor, nn
from torch.testing import assert_close

import odegraph as og
from odegraph._errors import GraphError
from odegraph.ir import Evaluate, OrderLossWarning

EXPLICIT = {f"adams-bashforth-{k}": k for k in range(1, 6)} | {"leapfrog": 2}
IMPLICIT = {f"adams-moulton-{k}": k + 1 for k in range(1, 5)} | {"milne-simpson": 4}
IMPLICIT |= {f"bdf-{k}": k for k in range(1, 7)}
SOLVER = og.NewtonKrylov(iterations=6, krylov=4)


def interpreted(block: og.OdeBlock, unit: nn.Module, x: Tensor) -> Tensor:
    return torch.as_tensor(reference.run(block, unit, x.numpy()))


@pytest.mark.parametrize("scheme", EXPLICIT)
def test_all_executors_agree_with_the_reference(executor, scheme):
    unit = Tanh()
    block = og.OdeBlock(unit, scheme=scheme, basis=og.PiecewiseLinear(3), steps=7, span="5/2")
    randomized(block)
    x = torch.linspace(-1, 1, 6).reshape(3, 2)
    expected = interpreted(block, unit, x)
    assert_close(executor(block, unit)(x), expected, rtol=1e-13, atol=1e-14)


@pytest.mark.parametrize("scheme", IMPLICIT)
def test_all_executors_agree_with_the_reference_on_implicit_schemes(executor, scheme):
    unit = Tanh()
    basis = og.PiecewiseLinear(3)
    block = og.OdeBlock(unit, scheme=scheme, basis=basis, steps=7, span="5/2", solver=SOLVER)
    randomized(block)
    x = torch.linspace(-1, 1, 6).reshape(3, 2)
    expected = interpreted(block, unit, x)
    assert_close(executor(block, unit)(x), expected, rtol=1e-10, atol=1e-11)


def test_every_multistep_scheme_of_the_catalogue_is_tested_here():
    assert {*EXPLICIT, *IMPLICIT} == set(names_of_kind("linear-multistep"))


def test_running_statistics_are_read_where_the_rate_is(executor):
    unit = Normed()
    basis = og.PiecewiseLinear(2)
    block = og.OdeBlock(
        unit, scheme="adams-bashforth-3", basis=basis, steps=6, state_basis=og.PiecewiseLinear(2)
    )
    randomized(block).eval()
    x = torch.randn(5, 3, generator=torch.Generator().manual_seed(1))
    assert_close(executor(block, unit)(x), interpreted(block, unit, x), rtol=1e-13, atol=1e-14)


@pytest.mark.parametrize("scheme", EXPLICIT)
def test_every_rate_is_evaluated_once(scheme):
    block = og.OdeBlock(Tanh(), scheme=scheme, basis=og.Legendre(2), steps=9)
    history = block.manifestation.scheme.history
    start = block.manifestation.scheme.start_scheme
    in_start = (history - 1) * start.stages if start else 0
    assert block.evaluations == in_start + 9 - (history - 1)
    stages = [block.step_graph.node(name) for name in block.step_graph.of_type(Evaluate)]
    assert len({(node.step, node.stage) for node in stages}) == len(stages)


class Pendulum(nn.Module):
    """R(q, p) = (p, -sin q) + theta: nonlinear, and through theta(t) not autonomous."""

    def __init__(self) -> None:
        super().__init__()
        self.force = nn.Parameter(torch.zeros(2))

    def forward(self, x: Tensor) -> Tensor:
        q, p = x[:, :1], x[:, 1:]
        return torch.cat([p, -torch.sin(q)], dim=1) + self.force


def pendulum(scheme: str, *, steps: int) -> og.OdeBlock:
    block = og.OdeBlock(Pendulum(), scheme=scheme, basis=og.Legendre(1), steps=steps, span=3)
    block.theta.load_state_dict({"force": torch.tensor([[0.1, 0.3], [0.2, -0.4]])})
    return block.eval()


@functools.cache
def truth() -> Tensor:
    return pendulum("verner-8-7", steps=60)(torch.tensor([[1.0, 0.5]])).detach()


@pytest.mark.parametrize("scheme", EXPLICIT)
def test_measured_order_is_the_proven_one(executor, scheme):
    x = torch.tensor([[1.0, 0.5]])
    errors = []
    for steps in (40, 80):
        run = executor(pendulum(scheme, steps=steps), Pendulum())
        errors.append((run(x) - truth()).abs().max())
    order = og.load_scheme(scheme).order
    assert order == EXPLICIT[scheme]
    assert torch.log2(errors[0] / errors[1]).item() == pytest.approx(order, abs=0.4)


@pytest.mark.parametrize("scheme", IMPLICIT)
def test_measured_order_of_implicit_schemes_is_the_proven_one(scheme):
    x = torch.tensor([[1.0, 0.5]])
    order = og.load_scheme(scheme).order
    assert order == IMPLICIT[scheme]
    errors = [(pendulum(scheme, steps=steps)(x) - truth()).abs().max() for steps in (30, 60)]
    assert torch.log2(errors[0] / errors[1]).item() == pytest.approx(order, abs=0.4)


@pytest.mark.parametrize("scheme", [*EXPLICIT, *IMPLICIT])
def test_growth_satisfies_the_recurrence(scheme):
    # x' = x: the ratio of the errors to the start scheme cannot hide in a wrong formula.
    alpha = [float(w) for w in og.load_scheme(scheme).alpha]
    beta = [float(w) for w in og.load_scheme(scheme).beta]
    k = len(alpha) - 1
    h = 1 / 8
    values = [
        og.OdeBlock(Growth(), scheme=scheme, basis=og.PiecewiseConstant(1), steps=n, span=n * h)(
            torch.ones(1, 1)
        ).item()
        for n in range(k, 2 * k + 1)
    ]
    defect = sum((a - h * b) * x for a, b, x in zip(alpha, beta, values, strict=True))
    assert defect == pytest.approx(0, abs=1e-14)


@pytest.mark.parametrize("scheme", ["bdf-2", "bdf-6"])
def test_stiff_decay_is_damped(scheme):
    # h lambda = 0 while the explicit start runs, then -100
    block = og.OdeBlock(Growth(), scheme=scheme, basis=og.PiecewiseLinear(4), steps=40, span=40)
    with torch.no_grad():
        block.theta.lam.copy_(torch.tensor([0.0, 0.0, -100.0, -100.0, -100.0]))
    assert block(torch.ones(1, 1)).abs().item() < 1e-3


@pytest.mark.parametrize("scheme", ["adams-moulton-3", "bdf-3"])
def test_solved_rates_are_the_first_of_the_next_step(scheme):
    continuous = og.OdeBlock(Tanh(), scheme=scheme, basis=og.PiecewiseLinear(2), steps=6)
    # the start steps, and the rate that the first solve needs
    start = (continuous.manifestation.scheme.history - 1) * (4 if scheme[0] == "a" else 3)
    needed = 1 if scheme[0] == "a" else 0
    evaluated = len(continuous.step_graph.of_type(Evaluate))
    assert evaluated <= start + needed


def test_gradients_of_implicit_steps_agree_with_finite_differences():
    block = og.OdeBlock(Tanh(), scheme="bdf-2", basis=og.PiecewiseLinear(1), steps=3, solver=SOLVER)
    randomized(block)
    parameters = dict(block.named_parameters())
    x = torch.linspace(-1, 1, 4).reshape(2, 2)

    def loss(x: Tensor, *values: Tensor) -> Tensor:
        slots = dict(zip(parameters, values, strict=True))
        return torch.func.functional_call(block, slots, (x,)).sum()

    assert torch.autograd.gradcheck(loss, (x.requires_grad_(), *parameters.values()))


def test_a_jump_on_the_grid_costs_the_order_and_is_warned_of():
    with pytest.warns(
        OrderLossWarning, match=r"jumps at depth 1/2: what is from before a jump .* 3 "
    ):
        og.OdeBlock(Tanh(), scheme="adams-bashforth-4", basis=og.PiecewiseConstant(2), steps=8)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        og.OdeBlock(Tanh(), scheme="adams-bashforth-1", basis=og.PiecewiseConstant(2), steps=8)
        og.OdeBlock(Tanh(), scheme="adams-bashforth-4", basis=og.PiecewiseLinear(2), steps=8)


def test_what_cannot_be_compiled_says_so():
    basis = og.PiecewiseConstant(1)
    with pytest.raises(
        GraphError, match=r"`adams-bashforth-2` belong to equal steps.*Give `steps`"
    ):
        og.OdeBlock(Tanh(), scheme="adams-bashforth-2", basis=basis, grid=[0, "1/3", 1])
    with pytest.raises(
        GraphError, match=r"reaches back over 4 states.*at least 4 steps, not 3.*rk4"
    ):
        og.OdeBlock(Tanh(), scheme="adams-bashforth-4", basis=basis, steps=3)
    with pytest.raises(GraphError, match=r"`bdf-3` reaches back over 3 states.*not 2"):
        og.OdeBlock(Tanh(), scheme="bdf-3", basis=basis, steps=2)
    og.OdeBlock(Tanh(), scheme="adams-bashforth-1", basis=basis, grid=[0, "1/3", 1])
