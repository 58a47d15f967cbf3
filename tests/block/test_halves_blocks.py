"""Blocks whose scheme treats the halves [q, p] of the state differently."""

import pytest
import reference
import torch
from catalogue_names import names_of_kind
from example_units import Tanh
from sympy import Integer, Rational
from torch import Tensor, nn
from torch.testing import assert_close

import odegraph as og
from odegraph._errors import GraphError
from odegraph.block.halves import SeparabilityWarning
from odegraph.ir import Halves, OrderLossWarning, to_text
from odegraph.scheme import SchemeSpec

PARTITIONED = [
    name for kind in ("partitioned-runge-kutta", "composition") for name in names_of_kind(kind)
]
COUPLED = "lobatto-iiia-iiib-3"
NYSTROM = names_of_kind("nystrom")
SYMPLECTIC = [*PARTITIONED, "velocity-verlet"]


class Separable(nn.Module):
    """H(q, p) = sum log cosh(T p) + sum log cosh(U q): q' = dH/dp, p' = -dH/dq."""

    def __init__(self, size: int = 2) -> None:
        super().__init__()
        self.T = nn.Parameter(torch.linspace(-0.9, 0.7, 3 * size).reshape(3, size))
        self.U = nn.Parameter(torch.linspace(0.8, -0.5, 3 * size).reshape(3, size))

    def forward(self, x: Tensor) -> Tensor:
        q, p = x.chunk(2, dim=1)
        return torch.cat([torch.tanh(p @ self.T.T) @ self.T, self.force(q)], dim=1)

    def force(self, q: Tensor) -> Tensor:
        return -torch.tanh(q @ self.U.T) @ self.U


class SecondOrder(Separable):
    """q'' = -grad U(q)."""

    def forward(self, x: Tensor) -> Tensor:
        q, v = x.chunk(2, dim=1)
        return torch.cat([v, self.force(q)], dim=1)


class Damped(Separable):
    """q'' = -grad U(q) - v^2 / 3."""

    def forward(self, x: Tensor) -> Tensor:
        q, v = x.chunk(2, dim=1)
        return torch.cat([v, self.force(q) - v * v / 3], dim=1)


def unit_for(scheme: str) -> nn.Module:
    if scheme not in NYSTROM:
        return Separable()
    return Damped() if og.load_scheme(scheme).uses_velocity else SecondOrder()


def block_of(scheme: str, *, steps: int, unit: nn.Module, span="2", basis=None) -> og.OdeBlock:
    """The parameters change with depth, so that the times of both halves count."""
    basis = og.PiecewiseLinear(1) if basis is None else basis
    solver = og.NewtonKrylov(iterations=5, krylov=12) if scheme == COUPLED else None
    form = {"basis": basis, "steps": steps, "span": span, "solver": solver}
    block = og.OdeBlock(unit, scheme=scheme, **form)
    noise = torch.Generator().manual_seed(3)
    for slot in block.theta.parameters():
        slot.data += 0.4 * torch.randn(slot.shape, generator=noise)
    return block.eval()


X = torch.tensor([[0.3, -0.5, 1.0, 0.8], [1.2, 0.1, -0.4, 0.2]], dtype=torch.float64)


@pytest.mark.parametrize("scheme", [*PARTITIONED, *NYSTROM])
def test_all_executors_agree_with_the_reference(executor, scheme):
    unit = unit_for(scheme)
    block = block_of(scheme, steps=3, unit=unit)
    expected = torch.as_tensor(reference.run(block, unit, X.numpy()))
    rounding = 1e-10 if scheme == COUPLED else 1e-13
    assert_close(executor(block, unit)(X), expected, rtol=rounding, atol=rounding)


@pytest.mark.parametrize("scheme", [*PARTITIONED, *NYSTROM])
def test_measured_order_is_the_proven_one(scheme):
    unit = unit_for(scheme)
    truth = block_of("verner-8-7", steps=16, unit=unit)(X)
    order = og.load_scheme(scheme).order
    steps = 12 if order > 3 else 24
    errors = [
        (block_of(scheme, steps=n, unit=unit)(X) - truth).abs().max() for n in (steps, 2 * steps)
    ]
    assert torch.log2(errors[0] / errors[1]).item() == pytest.approx(order, abs=0.35)


def symplectic_defect(block: og.OdeBlock) -> float:
    """The largest entry of J^T S J - S, J the Jacobian of the block."""
    jacobian = torch.autograd.functional.jacobian(lambda x: block(x[None])[0], X[0])
    assert isinstance(jacobian, Tensor)
    S = torch.kron(torch.tensor([[0.0, 1.0], [-1.0, 0.0]]), torch.eye(2))
    return (jacobian.T @ S @ jacobian - S).abs().max().item()


@pytest.mark.parametrize("scheme", [*PARTITIONED, *NYSTROM])
def test_the_jacobian_of_a_step_is_symplectic_where_that_is_proven(scheme):
    unit = Separable() if scheme in PARTITIONED else SecondOrder()
    defect = symplectic_defect(block_of(scheme, steps=2, unit=unit, span=3))
    if og.load_scheme(scheme).is_symplectic:
        assert defect < (1e-10 if scheme == COUPLED else 1e-13)
    else:
        assert defect > 1e-6


def test_a_runge_kutta_step_is_not_symplectic():
    assert symplectic_defect(block_of("heun-2", steps=2, unit=Separable(), span=3)) > 1e-3


@pytest.mark.parametrize("scheme", ["stormer-verlet", "strang", "yoshida-4", "velocity-verlet"])
def test_energy_stays_near_its_value_for_long(scheme):
    unit = SecondOrder()

    def energy(x: Tensor) -> Tensor:
        q, v = x.chunk(2, dim=1)
        return (v**2).sum(1) / 2 + torch.log(torch.cosh(q @ unit.U.T)).sum(1)

    def drift(name: str) -> float:
        block = og.OdeBlock(unit, scheme=name, basis=og.PiecewiseConstant(1), steps=20, span=8)
        x, worst = X, 0.0
        for _ in range(50):
            x = block(x).detach()
            worst = max(worst, (energy(x) - energy(X)).abs().max().item())
        return worst

    assert drift(scheme) < 0.05
    assert drift("heun-2") > 10 * drift(scheme)


@pytest.mark.parametrize("scheme", ["stormer-verlet", "strang", "yoshida-4"])
def test_a_symmetric_scheme_runs_back_to_where_it_came_from(scheme):
    basis = og.PiecewiseConstant(1)
    there = og.OdeBlock(Separable(), scheme=scheme, basis=basis, steps=5, span=2)

    class Back(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = Separable()

        def forward(self, x: Tensor) -> Tensor:
            return -self.inner(x)

    back = og.OdeBlock(Back(), scheme=scheme, basis=basis, steps=5, span=2)
    assert_close(back(there(X)), X, rtol=1e-13, atol=1e-13)


def test_the_step_graph_says_which_half_moves():
    block = og.OdeBlock(
        Separable(), scheme="symplectic-euler", basis=og.PiecewiseConstant(1), steps=1
    )
    lines = to_text(block.step_graph).split("\n")
    assert "step0.x2 = (1) x0 + (1 p) step0.k1" in lines
    assert "x1 = (1) x0 + (1 q) step0.k2 + (1 p) step0.k1" in lines


def test_the_times_of_both_halves_are_looked_up():
    block = og.OdeBlock(
        Separable(), scheme="symplectic-euler", basis=og.PiecewiseLinear(1), steps=1
    )
    assert "theta(0)" in to_text(block.step_graph)  # the kick, where q is
    assert "theta(1)" in to_text(block.step_graph)  # the drift, where p is


def test_gradients_agree_with_finite_differences():
    block = block_of("yoshida-4", steps=2, unit=Separable())
    parameters = dict(block.named_parameters())

    def loss(*values: Tensor) -> Tensor:
        return torch.func.functional_call(
            block, dict(zip(parameters, values, strict=True)), (X,)
        ).sum()

    assert torch.autograd.gradcheck(loss, tuple(parameters.values()))


def test_channels_are_split_in_images(executor):
    class Images(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.f = nn.Conv2d(1, 1, 3, padding=1, bias=False)

        def forward(self, x: Tensor) -> Tensor:
            return torch.cat([torch.tanh(x[:, 1:]), -self.f(x[:, :1])], dim=1)

    unit = Images()
    block = og.OdeBlock(unit, scheme="strang", basis=og.PiecewiseConstant(1), steps=2)
    x = torch.randn(2, 2, 4, 4, generator=torch.Generator().manual_seed(0))
    expected = torch.as_tensor(reference.run(block, unit, x.numpy()))
    assert_close(executor(block, unit)(x), expected, rtol=1e-13, atol=1e-13)


def test_states_without_halves_are_refused():
    block = og.OdeBlock(Tanh(3), scheme="strang", basis=og.PiecewiseConstant(1), steps=1)
    with pytest.raises(GraphError, match=r"`strang` treats the halves.*shape \[5, 3\] has no such"):
        block(torch.zeros(5, 3))


class Coupled(Separable):
    """A rate of each half that depends on both."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.tanh(super().forward(x) + x / 4)


def test_a_unit_that_does_not_separate_is_warned_of():
    basis = og.PiecewiseConstant(1)
    for scheme, unit, message in (
        ("strang", Coupled(), r"`strang` is for units where q' must not depend on q.*`Coupled`"),
        ("velocity-verlet", Damped(), r"force f\(q\) must not depend on the velocity.*`nystrom-4`"),
    ):
        block = og.OdeBlock(unit, scheme=scheme, basis=basis, steps=1)
        with pytest.warns(SeparabilityWarning, match=message):
            block(X)
    og.OdeBlock(Damped(), scheme="nystrom-4", basis=basis, steps=1)(X)
    og.OdeBlock(Coupled(), scheme="rk4-classic", basis=basis, steps=1)(X)


def test_the_check_stays_out_of_the_way_of_transformed_calls():
    block = og.OdeBlock(Separable(), scheme="strang", basis=og.PiecewiseConstant(1), steps=1)
    rows = torch.func.vmap(lambda x: block(x[None])[0])(X)
    assert_close(rows, block(X))
    exported = torch.export.export(block, (X,)).module()
    assert_close(exported(X), block(X))


def test_coupled_stages_are_solved_for_by_halves():
    block = block_of(COUPLED, steps=1, unit=Separable(), span=1)
    assert "[1/6 p, -1/6 p, 0; 5/24 q, 1/6 p, 1/3 q, 1/3 p, -1/24 q;" in to_text(block.step_graph)
    assert max(residual.max().item() for residual in block.residuals(X).values()) < 1e-12
    x = X.clone().requires_grad_()
    assert torch.autograd.gradcheck(block, (x,))


def test_coupled_stages_that_cannot_be_solved_for_are_refused():
    form = {"basis": og.PiecewiseConstant(1), "steps": 1}
    with pytest.raises(GraphError, match=r"`ExactLinear\(\)` treats the state as one, and `lob"):
        og.OdeBlock(Separable(), scheme=COUPLED, solver=og.ExactLinear(), **form)
    spec = og.load_scheme(COUPLED).spec.to_dict() | {
        "name": "uneven",
        "A_q": [["1/2", "0"], ["1/2", "1/4"]],
        "b_q": ["1/2", "1/2"],
        "A_p": [["1/3", "0"], ["0", "3/4"]],
        "b_p": ["1/2", "1/2"],
        "claims": {},
    }
    uneven = og.verify(SchemeSpec.from_dict(spec))
    with pytest.raises(GraphError, match=r"in stage 1: c = 1/2 for q, 1/3 for p.*lobatto-iiia"):
        og.OdeBlock(Separable(), scheme=uneven, **form)


@pytest.mark.parametrize(
    ("scheme", "first", "more"),
    [
        ("velocity-verlet", 2, 1),
        ("stormer-verlet", 3, 2),
        ("lobatto-iiia-iiib-2", 3, 2),
        ("strang", 3, 2),
        ("yoshida-4", 7, 6),
        ("symplectic-euler", 2, 2),
        ("nystrom-4", 4, 4),
    ],
)
def test_the_last_force_of_a_step_is_the_first_of_the_next(scheme, first, more):
    for steps in (1, 2, 5):
        block = block_of(scheme, steps=steps, unit=unit_for(scheme))
        assert block.evaluations == first + more * (steps - 1)


@pytest.mark.parametrize("scheme", ["velocity-verlet", "stormer-verlet"])
def test_no_force_is_recycled_across_a_jump_of_theta(executor, scheme):
    unit = unit_for(scheme)
    basis = og.PiecewiseConstant(2)
    block = block_of(scheme, steps=4, unit=unit, basis=basis)
    one, several = (og.load_scheme(scheme).stages, 1) if scheme[0] == "v" else (3, 2)
    assert block.evaluations == 2 * (one + several)
    expected = torch.as_tensor(reference.run(block, unit, X.numpy()))
    assert_close(executor(block, unit)(X), expected, rtol=1e-13, atol=1e-13)


def test_a_straddled_jump_is_warned_of():
    with pytest.warns(OrderLossWarning, match=r"jumps inside a step.*`strang` falls from order 2"):
        og.OdeBlock(Separable(), scheme="strang", basis=og.PiecewiseConstant(3), steps=2)


def test_weights_of_halves_add_up():
    half = Rational(1, 2)
    total = Halves.on(0, 1, half) + Halves.both(Integer(1))
    assert total == Halves(qq=Integer(1), qp=half, pp=Integer(1))
    assert str(total) == "1 q, 1/2 qp, 1 p"
    assert str(Halves()) == "0"
    assert Halves().is_zero
    assert not total.is_zero
    assert total / 2 == Halves(qq=half, qp=Rational(1, 4), pp=half)
