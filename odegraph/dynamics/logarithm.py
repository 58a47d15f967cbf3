"""Half a step of a discrete map: it exists where Omega has a real logarithm.

A real Omega is exp(L) for a real L if and only if it is invertible and every Jordan block of a
negative eigenvalue occurs an even number of times (Culver 1966).
"""

import warnings
from fractions import Fraction
from typing import TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.linalg import block_diag, expm, logm
from torch import Tensor

from odegraph._errors import GraphError
from odegraph.dynamics._checks import check_real_square

Matrix: TypeAlias = NDArray[np.floating]

CLOSE = 1e-7  # eigenvalues closer than this, relative to |Omega|, count as one: sqrt(eps) and a bit

ACCURACY = 1e-6  # of exp(log Omega), relative to |Omega|

NEGATIVE = (
    "Omega has no real logarithm, so there is no `{what}` of it: the negative eigenvalue `{value}` "
    "has the multiplicity `{count}`, and each must occur an even number of times. A discrete map "
    "that flips a direction at every step does not come from a continuous system; learn a "
    "generator instead and step it with a scheme (StableLatent)."
)
SINGULAR = (
    "Omega has no logarithm, so there is no `{what}` of it: it is singular (smallest singular "
    "value `{value:.1e}`), and no continuous system forgets a direction in finite time."
)
INACCURATE = (
    "The `{what}` of Omega cannot be computed safely: exp(log Omega) misses Omega by "
    "`{value:.1e}`, relative to its norm. Omega is close to one that has no real logarithm."
)
DEFECTIVE = (
    "Omega has the negative eigenvalue `{value}` `{count}` times, but too few eigenvectors to tell "
    "whether its Jordan blocks pair; there is no `{what}` of it that can be computed safely."
)


def part_of_step(omega: Tensor, part: Fraction = Fraction(1, 2)) -> Tensor:
    """Return exp(part * log Omega), [n, n]: two half steps make Omega again."""
    what = f"{part} of a step"
    logarithm = _real_logarithm(omega, what=what)
    return torch.from_numpy(expm(float(part) * logarithm)).to(omega)


def real_logarithm(omega: Tensor) -> Tensor:
    """Return a real L with exp(L) = Omega, [n, n], or refuse with the reason why there is none.

    Without negative eigenvalues it is the principal logarithm. A negative eigenvalue of even
    multiplicity 2 m is taken as m turns by pi in the planes of its eigenvectors: real, but one
    choice among many.
    """
    return torch.from_numpy(_real_logarithm(omega, what="logarithm")).to(omega)


def _real_logarithm(omega: Tensor, *, what: str) -> Matrix:
    check_real_square(omega, name="omega")
    matrix = omega.detach().to(torch.float64).cpu().numpy()
    smallest, largest = np.linalg.svd(matrix, compute_uv=False)[[-1, 0]]
    if smallest <= len(matrix) * np.finfo(np.float64).eps * largest:
        raise GraphError(SINGULAR.format(what=what, value=smallest))
    clusters = _negative_clusters(
        np.linalg.eigvals(matrix.astype(np.complex128)), close=CLOSE * largest
    )
    for value, count in clusters:
        if count % 2:
            raise GraphError(NEGATIVE.format(what=what, value=f"{value:.6g}", count=count))
    logarithm = _with_half_turns(matrix, clusters, what=what, close=CLOSE * largest)
    error = np.linalg.norm(expm(logarithm) - matrix) / largest
    if not error <= ACCURACY:
        raise GraphError(INACCURATE.format(what=what, value=error))
    return logarithm


def _negative_clusters(
    eigenvalues: NDArray[np.complexfloating], *, close: float
) -> list[tuple[float, int]]:
    """Group the eigenvalues on the negative axis: (mean, how many)."""
    on_axis = (np.abs(eigenvalues.imag) <= close) & (eigenvalues.real < 0)
    negative = np.sort(eigenvalues[on_axis].real)
    if not negative.size:
        return []
    groups = np.split(negative, np.flatnonzero(np.diff(negative) > close) + 1)
    return [(float(group.mean()), len(group)) for group in groups]


def _with_half_turns(
    matrix: Matrix, clusters: list[tuple[float, int]], *, what: str, close: float
) -> Matrix:
    """Split into the eigenspaces of the negative eigenvalues and the rest; take each logarithm.

    The rest is the range of the product of all Omega - lambda I: invariant, and free of them.
    """
    if not clusters:
        return _principal(matrix)
    identity = np.eye(len(matrix))
    spaces, rest = [], identity
    for value, count in clusters:
        _, sigma, vectors = np.linalg.svd(matrix - value * identity)
        if sigma[-count] > 10 * close:
            raise GraphError(DEFECTIVE.format(what=what, value=f"{value:.6g}", count=count))
        spaces.append(vectors[-count:].T)
        rest = rest @ (matrix - value * identity)
    kept = len(matrix) - sum(count for _, count in clusters)
    basis = np.hstack([*spaces, np.linalg.svd(rest)[0][:, :kept]])
    inner = np.linalg.solve(basis, matrix @ basis)
    turned = [np.log(-value) * np.eye(count) + np.pi * _turns(count) for value, count in clusters]
    rest_logarithm = _principal(inner[len(matrix) - kept :, len(matrix) - kept :])
    logarithm = np.asarray(block_diag(*turned, rest_logarithm))
    return basis @ np.linalg.solve(basis.T, logarithm.T).T


def _principal(matrix: Matrix) -> Matrix:
    with warnings.catch_warnings():
        # SciPy warns from an error of 2e-13 on; the caller measures it by itself.
        warnings.filterwarnings("ignore", "logm result may be inaccurate", RuntimeWarning)
        return np.real(logm(matrix)) if matrix.size else matrix


def _turns(count: int) -> Matrix:
    """J with J^2 = -I: a quarter turn in each of count / 2 planes."""
    return np.kron(np.eye(count // 2), np.array([[0.0, -1.0], [1.0, 0.0]]))
