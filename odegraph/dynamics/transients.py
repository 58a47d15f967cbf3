"""How much a stable linear map can amplify before it decays.

Three numbers around M = max over k of |Omega^k|_2, each by its own means: M as far as it was looked
for; a bound from below by the resolvent (Kreiss 1962); one from above by the Lyapunov function
x'Px, which never grows.
"""

import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from odegraph.dynamics._checks import check_real_square
from odegraph.dynamics.lyapunov import lyapunov_solve
from odegraph.dynamics.spectrum import spectral_radius

RADII = np.geomspace(1e-4, 10.0, 16)  # |z| - 1
ANGLES = np.linspace(0.0, np.pi, 33)  # a real matrix has the same resolvent at conjugate z


@dataclass(frozen=True)
class TransientGrowth:
    """Bounds and value of max |Omega^k|_2: lower <= max over all k, attained <= it <= upper."""

    lower: float  # the Kreiss constant, as far as the search found it
    attained: float  # the maximum over the steps that were tried
    attained_at: int  # the step of that maximum
    upper: float  # sqrt(cond P); infinite unless all |lambda| < 1


def transient_growth(omega: Tensor, *, steps: int = 200) -> TransientGrowth:
    """Bound the growth of x -> Omega x, and find it among the first `steps` powers."""
    norms = power_norms(omega, steps=steps)
    best = int(norms.argmax())
    return TransientGrowth(
        kreiss_constant(omega), norms[best].item(), best, lyapunov_growth_bound(omega)
    )


def power_norms(omega: Tensor, *, steps: int) -> Tensor:
    """Return |Omega^k|_2 for k = 0 to `steps`: [steps + 1]."""
    check_real_square(omega, name="omega")
    wide = omega.detach().to(torch.float64)
    powers = [torch.eye(len(wide), dtype=torch.float64, device=omega.device)]
    for _ in range(steps):
        powers.append(powers[-1] @ wide)
    return torch.linalg.matrix_norm(torch.stack(powers), ord=2)


def kreiss_constant(omega: Tensor) -> float:
    """Return K = sup over |z| > 1 of (|z| - 1) |(z I - Omega)^-1|_2.

    K <= max |Omega^k|_2 <= e n K (Kreiss 1962; Spijker 1991). Every single z bounds the growth from
    below, so that the best one of a grid, polished by a local search, is a safe lower bound. It is
    at least 1 (z far away), and infinite if an eigenvalue lies outside the unit circle.
    """
    # Slow to import, and needed only here.
    from scipy.optimize import minimize

    if spectral_radius(omega) > 1 + 1e-12:
        return math.inf
    wide = omega.detach().to(torch.float64).cpu().numpy()
    radius, angle = np.meshgrid(RADII, ANGLES, indexing="ij")
    start = np.unravel_index(int(np.argmax(_resolvent_height(wide, radius, angle))), radius.shape)

    def lowered(point: NDArray[np.float64]) -> float:
        return -float(_resolvent_height(wide, np.exp(point[0]), point[1]))

    found = minimize(lowered, [np.log(radius[start]), angle[start]], method="Nelder-Mead")
    return max(1.0, -float(found.fun))


def lyapunov_growth_bound(omega: Tensor) -> float:
    """Return sqrt(cond P) with Omega' P Omega - P = -I, a bound of |Omega^k|_2 for all k.

    x'Px falls at every step, hence |Omega^k x|^2 lambda_min(P) <= x'Px <= |x|^2 lambda_max(P).
    Infinite unless all |lambda| < 1.
    """
    if spectral_radius(omega) >= 1 - 1e-12:
        return math.inf
    p = torch.linalg.eigvalsh(lyapunov_solve(omega.detach().to(torch.float64)))
    return math.sqrt(p[-1].item() / p[0].item())


def _resolvent_height(omega: NDArray[np.float64], radius: NDArray, angle: NDArray) -> NDArray:
    """(|z| - 1) / sigma_min(z I - Omega) at z = (1 + radius) exp(i angle), of any shape."""
    z = np.asarray((1 + radius) * np.exp(1j * angle))
    shifted = z[..., None, None] * np.eye(len(omega)) - omega
    return radius / np.linalg.svd(shifted, compute_uv=False)[..., -1]
