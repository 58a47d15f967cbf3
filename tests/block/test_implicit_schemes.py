"""Implicit Runge-Kutta schemes: executors agree, solvers converge, stability is inherited."""

import pytest
import reference
import torch
from catalogue_names import names_of_kind
from example_units import Growth, Normed, Tanh, randomized
from torch import Tensor, nn
from torch.testing import assert_close

import odegraph as og
from odegraph.basis import Legendre

IMPLICIT = [
    name
    for name in names_of_kind("runge-kutta")
    if not (scheme := og.load_scheme(name)).is_explicit
    and (scheme.is_diagonally_implicit or scheme.stages <= 3)
]
SEVERAL = (
    *("backward-euler", "tr-bdf2", "gauss-2", "lobatto-iiia-3", "lobatto-iiib-3"),
    *("suzuki-4-implicit-midpoint", "mclachlan-4-euler"),
)
X = torch.tensor([[0.7, -0.4], [0.1, 0.6], [-0.5, 0.2]], dtype=torch.float64)


class Linear(nn.Module):
    """R(x) = W x."""

    def __init__(self, size: int = 3) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(size, size))

    def forward(self, x: Tensor) -> Tensor:
        return x @ self.weight.T


class Skew(Linear):
    """R(x) = (W - W') x, whose flow is a rotation."""

    def forward(self, x: Tensor) -> Tensor:
        return x @ (self.weight.T - self.weight)


def interpreted(block: og.OdeBlock, unit: nn.Module, x: Tensor) -> Tensor:
    """What the reference interpreter computes, with a Newton solve of its own."""
    return torch.as_tensor(reference.run(block, unit, x.numpy()))


# two of the schemes have substeps back, and this network contracts
@pytest.mark.filterwarnings("ignore::odegraph.block.backward.BackwardSubstepWarning")
@pytest.mark.parametrize("scheme", SEVERAL)
@pytest.mark.parametrize(
    ("unit", "solver"),
    [(Tanh, None), (Tanh, og.FixedPoint(iterations=40)), (lambda: Linear(2), None)],
    ids=["newton-krylov", "fixed-point", "exact-linear"],
)
def test_all_executors_agree_with_a_dense_newton_solve(executor, scheme, unit, solver):
    unit = unit()
    form = {"basis": og.PiecewiseLinear(2), "grid": [0, "1/3", 1], "span": "1/2"}
    block = randomized(og.OdeBlock(unit, scheme=scheme, solver=solver, **form))
    assert_close(executor(block, unit)(X), interpreted(block, unit, X), rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("scheme", ["crank-nicolson", "gauss-2"])
def test_running_statistics_are_read_by_solvers(executor, scheme):
    unit = Normed()
    form = {"basis": og.PiecewiseLinear(2), "steps": 2, "span": "1/2"}
    block = og.OdeBlock(unit, scheme=scheme, solver=og.FixedPoint(iterations=60), **form)
    randomized(block).eval()
    x = torch.randn(5, 3, generator=torch.Generator().manual_seed(1))
    assert_close(executor(block, unit)(x), interpreted(block, unit, x), rtol=1e-10, atol=1e-11)


@pytest.mark.parametrize("scheme", ["crank-nicolson", "gauss-2"])
def test_statistics_learn_from_the_states_of_solved_stages(differentiable, scheme):
    # The generated module and the graph agree on them, and a second pass starts from the first.
    unit = Normed()
    solver = og.FixedPoint(iterations=8)
    block = og.OdeBlock(unit, scheme=scheme, basis=og.PiecewiseConstant(2), steps=2, solver=solver)
    randomized(block).eval()
    x = torch.randn(6, 3, generator=torch.Generator().manual_seed(1))
    run = differentiable(block, unit).train()
    before = {key: value.clone() for key, value in block.state.named_buffers()}
    run(x)
    block.train()(x)
    after = dict(block.state.named_buffers())
    assert all(not torch.equal(before[key], after[key]) for key in after)
    if "norm.running_mean" in dict(run.state.named_buffers()):
        assert_close(run.state.norm.num_batches_tracked, after["norm.num_batches_tracked"])


def problem(scheme: str, steps: int) -> og.OdeBlock:
    return randomized(
        og.OdeBlock(Tanh(2, 3), scheme=scheme, basis=Legendre(1), steps=steps, span="3/4")
    )


@pytest.mark.parametrize("name", IMPLICIT)
def test_default_solvers_leave_rounding_errors(name):
    block = problem(name, 4)
    for residual in block.residuals(X).values():
        assert residual.shape == (3,)
        assert residual.max() < 1e-12


def test_an_implicit_midpoint_step_is_the_cayley_transform(executor):
    unit = Linear(3)
    block = randomized(
        og.OdeBlock(unit, scheme="implicit-midpoint", basis=og.PiecewiseConstant(1), steps=1)
    )
    W, identity = block.theta.weight[0].detach(), torch.eye(3)
    cayley = torch.linalg.solve(identity - W / 2, identity + W / 2)
    x = torch.randn(5, 3, generator=torch.Generator().manual_seed(0))
    assert_close(executor(block, unit)(x), x @ cayley.T, rtol=1e-14, atol=1e-14)


@pytest.mark.parametrize("scheme", ["implicit-midpoint", "gauss-2", "gauss-3"])
@pytest.mark.parametrize("solver", [og.ExactLinear(), og.NewtonKrylov(iterations=6, krylov=9)])
def test_symplectic_schemes_conserve_quadratic_invariants(scheme, solver):
    block = randomized(
        og.OdeBlock(Skew(), scheme=scheme, basis=og.PiecewiseLinear(3), steps=7, solver=solver)
    )
    x = torch.randn(4, 3, generator=torch.Generator().manual_seed(2))
    assert_close(block(x).norm(dim=1), x.norm(dim=1), rtol=1e-13, atol=0)


A_STABLE = [name for name in IMPLICIT if og.load_scheme(name).is_a_stable]


@pytest.mark.parametrize("name", A_STABLE)
@pytest.mark.parametrize("solver", [og.ExactLinear(), og.NewtonKrylov()])
def test_a_stable_schemes_stay_bounded_on_stiff_units(name, solver):
    block = og.OdeBlock(
        Growth(), scheme=name, basis=og.PiecewiseConstant(1), steps=20, span=20, solver=solver
    )
    with torch.no_grad():
        block.theta.lam.fill_(-1000.0)
        assert block(torch.ones(2, 1)).abs().max() <= 1 + 1e-6


def test_samples_do_not_depend_on_their_batch():
    block = problem("gauss-2", 2)
    alone = torch.cat([block(one.unsqueeze(0)) for one in X])
    assert_close(block(X), alone, rtol=1e-13, atol=1e-14)


def test_a_state_without_batch_runs():
    block = problem("gauss-2", 2)
    assert_close(block(X[0]), block(X)[0], rtol=1e-11, atol=1e-12)
    linear = randomized(
        og.OdeBlock(Linear(), scheme="gauss-2", basis=og.PiecewiseLinear(1), steps=2)
    )
    x = torch.randn(3)
    assert_close(linear(x), linear(x.unsqueeze(0))[0])


def test_newton_krylov_solves_what_fixed_point_iterations_cannot():
    def run(solver):
        block = og.OdeBlock(
            Growth(), scheme="backward-euler", basis=og.PiecewiseConstant(1), steps=1, solver=solver
        )
        with torch.no_grad():
            block.theta.lam.fill_(-50.0)
            return block(torch.ones(1, 1)), block.residuals(torch.ones(1, 1))["step0.solve1"]

    value, residual = run(og.NewtonKrylov())
    assert_close(value, torch.full((1, 1), 1 / 51))
    assert residual < 1e-9
    assert run(og.FixedPoint(iterations=20))[1] > 1e9


def test_the_solver_is_chosen_by_what_is_proven_of_the_unit():
    assert "by kind exact-linear" in text_of(Linear(2), None)
    assert "by kind newton-krylov, iterations 4, krylov 6" in text_of(Tanh(), None)
    assert "by kind fixed-point, iterations 3" in text_of(Linear(2), og.FixedPoint(iterations=3))


def text_of(unit: nn.Module, solver: object) -> str:
    from odegraph.ir import to_text

    form = {"scheme": "gauss-2", "basis": og.PiecewiseConstant(1), "steps": 1}
    return to_text(og.OdeBlock(unit, solver=solver, **form).step_graph)


def test_the_solver_moves_along_and_into_checkpoints(tmp_path):
    solver = og.FixedPoint(iterations=7)
    unit = Tanh()
    block = og.OdeBlock(
        unit, scheme="gauss-2", basis=og.PiecewiseConstant(2), steps=2, solver=solver
    )
    explicit = og.manifest(block, scheme="rk4-classic", steps=4)
    assert explicit.residuals(X) == {}
    for moved in (
        explicit,
        og.manifest(explicit, scheme="radau-iia-2"),
        og.project(block, basis=og.PiecewiseLinear(2)),
        og.refine(block),
        og.load(og.save(block, tmp_path / "a.safetensors"), unit=unit),
    ):
        assert moved.manifestation.solver == solver
    other = og.manifest(block, solver=og.NewtonKrylov(iterations=2, krylov=3))
    assert other.manifestation.solver == og.NewtonKrylov(iterations=2, krylov=3)


def test_manifests_without_a_solver_take_the_default():
    from odegraph.ir import manifestation_from_dict

    block = og.OdeBlock(Tanh(), scheme="gauss-2", basis=og.PiecewiseConstant(2), steps=2)
    data = block.manifestation.to_dict()
    assert "solver" not in data
    assert manifestation_from_dict(data) == block.manifestation


@pytest.mark.parametrize(
    ("solver", "message"),
    [
        (lambda: og.FixedPoint(iterations=0), "`iterations` of a solver is `0`.*between 1 and"),
        (lambda: og.NewtonKrylov(iterations=2.5), "`iterations` of a solver is `2.5`"),
        (lambda: og.NewtonKrylov(krylov=True), "`krylov` of a solver is `True`"),
    ],
)
def test_solvers_refuse_counts_that_are_none(solver, message):
    with pytest.raises(og.GraphError, match=message):
        solver()


class Dropped(Tanh):
    """A unit that draws random numbers when it trains."""

    def __init__(self) -> None:
        super().__init__()
        self.drop = nn.Dropout(0.5)

    def forward(self, x: Tensor) -> Tensor:
        return self.drop(super().forward(x))


@pytest.mark.parametrize(
    ("unit", "solver", "message"),
    [
        (Tanh, og.ExactLinear(), r"proven linear.*`Tanh` is not.*Use `NewtonKrylov\("),
        (Normed, None, r"`Normed` normalises over the batch.*`solver=FixedPoint\("),
        (Dropped, None, "`Dropped` draws random numbers.*choose an explicit scheme"),
        (Tanh, "newton", r"`solver` is `newton`; give `NewtonKrylov\("),
    ],
)
def test_units_and_solvers_that_do_not_fit_are_refused(unit, solver, message):
    with pytest.raises(og.GraphError, match=message):
        og.OdeBlock(unit(), scheme="gauss-2", basis=og.PiecewiseConstant(1), steps=1, solver=solver)


@pytest.mark.parametrize("unit", [Tanh, Normed, Dropped])
def test_explicit_schemes_ignore_the_solver(unit):
    form = {"scheme": "rk4-classic", "basis": og.PiecewiseConstant(1), "steps": 1}
    block = og.OdeBlock(unit(), solver=og.ExactLinear(), **form)
    assert block.evaluations == 4


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"kind": "newton"}, "no solver `newton`. Known: fixed-point, newton-krylov"),
        ({"kind": "fixed-point", "krylov": 2}, "`fixed-point` has no option `krylov`"),
    ],
)
def test_broken_solvers_in_checkpoints_are_refused(data, message):
    from odegraph.ir.solver import solver_from_dict

    with pytest.raises(og.GraphError, match=message):
        solver_from_dict(data)
