"""Solvers of coupled stages on torch alone; generated modules carry their text.

The functions stand as a generated module shows them: they use torch and one another, nothing else.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from torch.nn import functional as F


def rows(k: Tensor) -> Tensor:
    """Stages [stages, batch, ...] as one row a sample; a state without batch is one row."""
    return k.transpose(0, 1).flatten(1) if k.dim() > 2 else k.reshape(1, -1)


def stages_of(rows: Tensor, k: Tensor) -> Tensor:
    """The inverse of `rows`, in the shape of k."""
    if k.dim() <= 2:
        return rows.reshape(k.shape)
    return rows.reshape(k.shape[1], k.shape[0], *k.shape[2:]).transpose(0, 1)


def fixed_point(G: Callable, k: Tensor, iterations: int) -> Tensor:
    """The fixed point k = G(k) by iterating G."""
    for _ in range(iterations):
        k = G(k)
    return k


def newton_krylov(G: Callable, k: Tensor, iterations: int, krylov: int) -> Tensor:
    """The fixed point k = G(k) by Newton's method; Jacobian-free, one Krylov space a sample."""
    step = torch.finfo(k.dtype).eps ** 0.5
    for _ in range(iterations):
        value = G(k)
        scale = step * (1 + torch.linalg.vector_norm(rows(k), dim=1, keepdim=True))

        def times(v, k=k, value=value, scale=scale):
            # v - G'(k) v, for rows v of length one, by a difference quotient
            return v - rows(G(k + stages_of(scale * v, k)) - value) / scale

        k = k + stages_of(gmres(times, rows(value - k), krylov), k)
    return k


def gmres(times: Callable, residual: Tensor, krylov: int) -> Tensor:
    """The d of a Krylov space that makes |residual - times(d)| least, row by row.

    Saad and Schultz (1986), with classical Gram-Schmidt done twice. Spaces that are
    exhausted go on with zero vectors, so there is nothing to branch on.
    """
    eps, tiny = torch.finfo(residual.dtype).eps, torch.finfo(residual.dtype).tiny
    length = torch.linalg.vector_norm(residual, dim=1, keepdim=True)
    alive = length > tiny
    basis = [torch.where(alive, residual / torch.where(alive, length, 1.0), 0.0)]
    columns = []
    size = min(krylov, residual.shape[1])
    for j in range(size):
        V = torch.stack(basis, dim=2)
        w = times(basis[j])
        before = torch.linalg.vector_norm(w, dim=1, keepdim=True)
        h = V.mT @ w.unsqueeze(2)
        w = w - (V @ h).squeeze(2)
        again = V.mT @ w.unsqueeze(2)
        w = w - (V @ again).squeeze(2)
        h = (h + again).squeeze(2)
        after = torch.linalg.vector_norm(w, dim=1, keepdim=True)
        # a zero vector has a column of its own, so that the least squares have one solution
        diagonal = torch.where(alive, h[:, j:], 1.0)
        column = torch.cat([h[:, :j], diagonal, after], dim=1)
        columns.append(F.pad(column, (0, size - 1 - j)))
        alive = after > 10 * eps * before
        basis.append(torch.where(alive, w / torch.where(alive, after, 1.0), 0.0))
    Q, R = torch.linalg.qr(torch.stack(columns, dim=2))
    target = length.unsqueeze(2) * Q[:, 0].unsqueeze(2)
    y = torch.linalg.solve_triangular(R, target, upper=True)
    return (torch.stack(basis[:-1], dim=2) @ y).squeeze(2)


def stage_rates(
    unit: Callable,
    A: Sequence[Sequence],
    k: Tensor,
    states: Tensor,
    theta: Sequence[Sequence[Tensor]],
) -> Tensor:
    """G(k): R(y_i + sum_j A_ij k_j, theta_i) for all stages i.

    A pair of weights belongs to the halves of k_j, split along dimension 1.
    """
    rates = []
    for row, y, slots in zip(A, states.unbind(), theta, strict=True):
        for a, one in zip(row, k.unbind(), strict=True):
            if isinstance(a, tuple):
                q, p = one.chunk(2, dim=1)
                y = y + torch.cat([a[0] * q, a[1] * p], dim=1)
            elif a != 0:
                y = y + a * one
        rates.append(unit(y, *slots))
    return torch.stack(rates)


class ImplicitStages(torch.autograd.Function):
    """The k with k = G(k); gradients by the implicit function theorem, at the solution.

    Backward solves u = g + G'(k)^T u by the same method and keeps nothing of the iterations.
    """

    generate_vmap_rule = True

    @staticmethod
    def forward(solver, counts, unit, A, where, states, *tensors):
        """The rates of all stages; where[i] lists the tensors of theta_i."""
        theta = [[tensors[n] for n in slots] for slots in where]

        def G(k):
            return stage_rates(unit, A, k, states, theta)

        return solver(G, torch.zeros_like(states), *counts)

    @staticmethod
    def setup_context(ctx, inputs, output):
        """Keep the solution and what it depends on."""
        ctx.options = inputs[:5]
        ctx.save_for_backward(output, *inputs[5:])

    @staticmethod
    def backward(ctx, gradient):
        """Gradients of the states and of theta."""
        solver, counts, unit, A, where = ctx.options
        k, *given = ctx.saved_tensors

        def rates(k, states, *tensors):
            theta = [[tensors[n] for n in slots] for slots in where]
            return stage_rates(unit, A, k, states, theta)

        pull_k = torch.func.vjp(lambda k: rates(k, *given), k)[1]

        def adjoint(u):
            return gradient + pull_k(u)[0]

        u = solver(adjoint, torch.zeros_like(k), *counts)
        pull = torch.func.vjp(lambda *given: rates(k, *given), *given)[1]
        return None, None, None, None, None, *pull(u)


def solve_stages(
    solver: Callable,
    unit: Callable,
    states: list[Tensor],
    A: Sequence[Sequence],
    theta: Sequence[Sequence[Tensor]],
    **options: int,
) -> tuple[Tensor, ...]:
    """Rates k_i = R(y_i + sum_j A_ij k_j, theta_i) of stages that need one another."""
    tensors, where = [], []
    for slots in theta:
        where.append([])
        for slot in slots:
            known = [n for n, one in enumerate(tensors) if one is slot]
            where[-1].append(known[0] if known else len(tensors))
            if not known:
                tensors.append(slot)
    counts = tuple(options.values())
    y = torch.stack(states)
    return ImplicitStages.apply(solver, counts, unit, A, where, y, *tensors).unbind()
