"""Numbers that say how a linear map or a linear rate behaves, now and in the long run.

`omega` is a discrete map x -> Omega x, `generator` a rate dx/dt = L x; both real, [n, n].
Everything is computed in float64. The long run is in the eigenvalues; the first instant in the
field of values {v* M v : |v| = 1}, which for a matrix far from normal reaches far beyond them
(Trefethen and Embree 2005).
"""

import math

import torch
from torch import Tensor

from odegraph.dynamics._checks import check_real_square

ANGLES = 64  # directions from 0 to pi in which the field of values is measured


def eigenvalues(matrix: Tensor) -> Tensor:
    """Return the eigenvalues, complex [n], the largest modulus first."""
    check_real_square(matrix, name="matrix")
    values = torch.linalg.eigvals(matrix.detach().to(torch.float64))
    return values[values.abs().argsort(descending=True, stable=True)]


def spectral_radius(omega: Tensor) -> float:
    """Return max |lambda|: |Omega^k x| grows or decays as its k-th power in the long run."""
    return eigenvalues(omega)[0].abs().item()


def spectral_abscissa(generator: Tensor) -> float:
    """Return max Re lambda: |exp(t L) x| grows or decays at this rate in the long run."""
    return eigenvalues(generator).real.max().item()


def numerical_abscissa(generator: Tensor) -> float:
    """Return the largest eigenvalue of (L + L') / 2, the fastest growth rate of |x| at t = 0.

    It is also a bound for all times: |exp(t L)| <= exp(t numerical_abscissa).
    """
    check_real_square(generator, name="generator")
    wide = generator.detach().to(torch.float64)
    return torch.linalg.eigvalsh((wide + wide.mT) / 2)[-1].item()


def numerical_radius(omega: Tensor) -> float:
    """Return r = max |v* Omega v| over unit vectors v; |Omega^k| <= 2 r^k (Berger 1965).

    The largest eigenvalue of the Hermitian part of exp(i phi) Omega, maximised over 64 angles from
    0 to pi (a real matrix needs no others). Divided by cos(pi / 126), half a spacing, it bounds r
    from above: at most 3e-4 too large.
    """
    check_real_square(omega, name="omega")
    wide = omega.detach().to(torch.complex128)
    angles = torch.linspace(0, math.pi, ANGLES, dtype=torch.float64, device=omega.device)
    turned = torch.exp(1j * angles)[:, None, None] * wide
    reach = torch.linalg.eigvalsh((turned + turned.mH) / 2)[:, -1].max().item()
    return reach / math.cos(math.pi / (2 * (ANGLES - 1)))
