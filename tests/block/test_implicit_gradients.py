"""Gradients of implicit stages by the implicit function theorem, and tools of torch on them."""

import pytest
import torch
from example_units import Growth, Tanh, randomized
from torch import Tensor
from torch.testing import assert_close

import odegraph as og
from odegraph.emit.operations.implicit_stages import fixed_point, newton_krylov, stage_rates

X = torch.tensor([[0.7, -0.4], [0.1, 0.6], [-0.5, 0.2]], dtype=torch.float64)
SOLVERS = [og.NewtonKrylov(iterations=6, krylov=8), og.FixedPoint(iterations=60)]
SMALL = [og.NewtonKrylov(iterations=1, krylov=2), og.FixedPoint(iterations=2)]


def block_with(solver: object, scheme: str = "gauss-2") -> og.OdeBlock:
    basis = og.PiecewiseLinear(1)
    return randomized(
        og.OdeBlock(Tanh(2, 3), scheme=scheme, basis=basis, steps=2, span="1/2", solver=solver)
    )


@pytest.mark.parametrize("solver", SOLVERS)
@pytest.mark.parametrize("scheme", ["backward-euler", "tr-bdf2", "gauss-2"])
def test_gradients_are_those_of_finite_differences(solver, scheme):
    block = block_with(solver, scheme)
    names = list(dict(block.named_parameters()))

    def run(x: Tensor, *values: Tensor) -> Tensor:
        return torch.func.functional_call(block, dict(zip(names, values, strict=True)), (x,))

    values = [value.detach().clone().requires_grad_() for value in block.parameters()]
    assert torch.autograd.gradcheck(run, (X.clone().requires_grad_(), *values))


@pytest.mark.parametrize(
    ("solve", "counts"), [(newton_krylov, (6, 8)), (fixed_point, (60,))], ids=["newton", "fixed"]
)
def test_gradients_are_those_of_differentiating_through_the_iterations(solve, counts):
    A = ((1 / 4, -0.04), (0.5, 1 / 4))
    unit = lambda x, w: torch.tanh(x @ w)  # noqa: E731
    w = torch.tensor([[0.3, -0.8], [0.6, 0.1]], requires_grad=True)
    x = X.clone().requires_grad_()

    def through(x: Tensor, w: Tensor) -> Tensor:
        y = torch.stack([x, x])
        return solve(lambda k: stage_rates(unit, A, k, y, [(w,), (w,)]), 0 * y, *counts)

    from odegraph.emit.operations.implicit_stages import ImplicitStages

    def implicit(x: Tensor, w: Tensor) -> Tensor:
        return ImplicitStages.apply(solve, counts, unit, A, [[0], [0]], torch.stack([x, x]), w)

    expected = torch.autograd.grad(through(x, w).square().sum(), (x, w))
    found = torch.autograd.grad(implicit(x, w).square().sum(), (x, w))
    # Difference quotients steer Newton; differentiated through, they keep the root of eps.
    assert_close(found, expected, rtol=1e-6, atol=1e-7)


def test_jacobians_of_blocks_are_taken_by_function_transforms():
    block = block_with(None)
    one = lambda x: block(x.unsqueeze(0)).squeeze(0)  # noqa: E731
    found = torch.func.vmap(torch.func.jacrev(one))(X)
    expected = torch.autograd.functional.jacobian(block, X)
    assert_close(found, torch.stack([expected[n, :, n] for n in range(len(X))]))


@pytest.mark.parametrize("kind", [og.NewtonKrylov, og.FixedPoint])
def test_memory_does_not_grow_with_the_iterations(kind):
    def held(solver: object) -> int:
        sizes = []

        def pack(tensor: Tensor) -> Tensor:
            sizes.append(tensor.numel())
            return tensor

        with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
            block_with(solver)(X)
        return sum(sizes)

    assert held(kind(iterations=2)) == held(kind(iterations=20))


def test_the_exact_solve_is_differentiable():
    block = og.OdeBlock(Growth(), scheme="gauss-2", basis=og.PiecewiseConstant(1), steps=1)
    block.theta.lam.data.fill_(-0.7)
    (gradient,) = torch.autograd.grad(block(torch.ones(1, 1)).sum(), list(block.parameters()))
    z = torch.tensor(-0.7, requires_grad=True)
    R = (1 + z / 2 + z**2 / 12) / (1 - z / 2 + z**2 / 12)
    assert_close(gradient.squeeze(), torch.autograd.grad(R, z)[0])


@pytest.mark.parametrize("solver", SMALL)
def test_blocks_with_solves_export_with_any_batch_size(solver):
    block = block_with(solver)
    batch = {"x": {0: torch.export.Dim("batch", min=2)}}
    exported = torch.export.export(block, (X,), dynamic_shapes=batch).module()
    more = torch.cat([X, -X])
    assert_close(exported(more), block(more))


def test_blocks_with_exact_solves_export_with_any_batch_size():
    block = og.OdeBlock(Growth(), scheme="gauss-2", basis=og.PiecewiseLinear(1), steps=2)
    batch = {"x": {0: torch.export.Dim("batch", min=2)}}
    exported = torch.export.export(block, (X,), dynamic_shapes=batch).module()
    assert_close(exported(X[:2]), block(X[:2]))


# Dynamo of torch 2.13 makes an instance of every autograd function that it traces.
@pytest.mark.filterwarnings("ignore:.*should not be instantiated:DeprecationWarning")
@pytest.mark.parametrize("solver", SMALL)
def test_blocks_with_solves_compile_as_one_graph(solver):
    block = block_with(solver, "implicit-midpoint")
    torch.compiler.reset()
    compiled = torch.compile(block, fullgraph=True, backend="aot_eager")
    assert_close(compiled(X), block(X))
    parameters = list(block.parameters())
    found = torch.autograd.grad(compiled(X).square().sum(), parameters)
    assert_close(found, torch.autograd.grad(block(X).square().sum(), parameters))


@pytest.mark.parametrize("solver", SOLVERS)
def test_float32_states_are_solved_in_float32(solver):
    block = block_with(solver).float()
    x = X.float()
    assert block(x).dtype == torch.float32
    assert all(one.max() < 1e-5 for one in block.residuals(x).values())
    assert_close(block(x).double(), block_with(solver)(X), rtol=1e-5, atol=1e-5)
