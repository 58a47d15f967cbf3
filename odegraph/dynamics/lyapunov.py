"""The discrete Lyapunov equation Omega' P Omega - P = -I, and the stability prior built on it.

Lyapunov (1892): x -> Omega x is asymptotically stable if and only if P is positive definite. More
is true (Stein's inertia theorem; Taussky 1964, Wimmer 1973): P has as many negative eigenvalues as
Omega has eigenvalues outside the unit circle, whether Omega is normal or not. The prior is that of
Erichson, Muehlebach and Mahoney (2019).
"""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.linalg import get_blas_funcs, schur
from torch import Tensor

from odegraph._errors import GraphError
from odegraph.dynamics._checks import check_real_square

SINGULAR_STEIN = (
    "The Lyapunov equation Omega' P Omega - P = -I has no unique solution: the eigenvalues "
    "`{first}` and `{second}` of Omega have the product 1. It needs lambda_i * lambda_j != 1 for "
    "every pair; scale Omega (0.999 * Omega, say) or start from another one."
)


def lyapunov_solve(omega: Tensor) -> Tensor:
    """Solve Omega' P Omega - P = -I for the symmetric P; omega and P have shape [n, n].

    Bartels and Stewart (1972) on the complex Schur form, always in float64 because the equation is
    ill-conditioned near |lambda_i lambda_j| = 1, then rounded to the dtype of `omega`. It holds for
    stable and unstable Omega alike. Differentiable to any order: the gradient is one solve of the
    adjoint equation. For diagonal Omega P is diagonal with p = 1 / (1 - omega^2).
    """
    check_real_square(omega, name="omega")
    identity = torch.eye(len(omega), dtype=torch.float64, device=omega.device)
    return stein_solve(omega.to(torch.float64), identity).to(omega.dtype)


def lyapunov_prior(omega: Tensor, gamma: float = 4.0) -> Tensor:
    """Sum rho(p_i) over the eigenvalues of P: rho(p) = exp(-|p - 1| / gamma) for p < 0, else 0.

    The prior is one-sided and flat at the unit circle. With gamma = 4 one real eigenvalue omega
    costs 0.24 at 1.1 but 3e-6 at 1.01, and nothing below 1: it pushes |lambda| above about 1.01
    inwards, and it cannot hold a limit cycle, whose eigenvalues lie on the circle. Values and
    gradients are bounded, also where P is not.
    """
    if not gamma > 0:
        raise GraphError(f"gamma is `{gamma}`; the width of the Lyapunov prior must be positive.")
    check_real_square(omega, name="omega")
    p = torch.linalg.eigvalsh(lyapunov_solve(omega.to(torch.float64)))
    unstable = p < 0
    # |p - 1| = 1 - p there; the clamp keeps exp from overflowing in the branch that is not taken.
    rho = torch.where(unstable, torch.exp((p.clamp(max=0) - 1) / gamma), 0.0)
    return rho.sum().to(omega.dtype)


def stein_solve(omega: Tensor, right: Tensor) -> Tensor:
    """Solve Omega' X Omega - X = -Q, differentiable in Omega and Q = `right`: float64, [n, n]."""
    return _Stein.apply(omega, right)  # pyright: ignore[reportReturnType]


class _Stein(torch.autograd.Function):
    """X(A, Q) with A' X A - X = -Q; every derivative is another Stein equation, to any order.

    Adjoint: with G = dL/dX and A S A' - S = -G, dL/dQ = S and dL/dA = X A S' + X' A S.
    Tangent: dX = X(A, dQ + dA' X A + A' X dA).
    """

    @staticmethod
    def forward(omega: Tensor, right: Tensor) -> Tensor:
        solution = _bartels_stewart(omega.detach().cpu().numpy(), right.detach().cpu().numpy())
        return torch.from_numpy(solution).to(omega.device)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, Tensor], output: Tensor) -> None:
        ctx.save_for_backward(inputs[0], output)
        ctx.save_for_forward(inputs[0], output)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor]:
        omega, solution = ctx.saved_tensors
        adjoint = stein_solve(omega.mT, gradients[0])
        return solution @ omega @ adjoint.mT + solution.mT @ omega @ adjoint, adjoint

    @staticmethod
    def jvp(ctx: Any, *tangents: Tensor) -> Tensor:
        omega, solution = ctx.saved_tensors
        d_omega, d_right = tangents
        inner = d_omega.mT @ solution @ omega
        return stein_solve(omega, d_right + inner + omega.mT @ solution @ d_omega)


def _bartels_stewart(omega: NDArray[np.float64], right: NDArray[np.float64]) -> NDArray[np.float64]:
    """With Omega = U T U*, T upper triangular: T* Y T - Y = -U* Q U, column by column."""
    T, U = schur(omega, output="complex")[:2]
    _refuse_singular(np.diag(T))
    (trsv,) = get_blas_funcs(("trsv",), (T,))
    adjoint = T.conj().T
    remaining = -(U.conj().T @ right @ U)
    Y = np.zeros_like(T)
    identity = np.eye(len(T))
    for j in range(len(T)):
        known = adjoint @ (Y[:, :j] @ T[:j, j])
        Y[:, j] = trsv(T[j, j] * adjoint - identity, remaining[:, j] - known, lower=1)
    return np.ascontiguousarray((U @ Y @ U.conj().T).real)


def _refuse_singular(eigenvalues: NDArray[np.complex128]) -> None:
    # The eigenvalues of a real matrix come in conjugate pairs: the products without conjugation are
    # the same set.
    distance = np.abs(np.multiply.outer(eigenvalues, eigenvalues) - 1)
    i, j = np.unravel_index(int(np.argmin(distance)), distance.shape)
    if distance[i, j] > 8 * len(eigenvalues) * np.finfo(np.float64).eps:
        return
    first, second = (_shown(eigenvalues[k]) for k in (i, j))
    raise GraphError(SINGULAR_STEIN.format(first=first, second=second))


def _shown(z: complex) -> str:
    """Six digits, without a part that is rounding."""
    real, imaginary = (0.0 if abs(x) < 1e-12 * abs(z) else x for x in (z.real, z.imag))
    if imaginary == 0:
        return f"{real:.6g}"
    return f"{imaginary:.6g}i" if real == 0 else f"{real:.6g}{imaginary:+.6g}i"
