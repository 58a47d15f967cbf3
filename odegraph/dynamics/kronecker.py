"""The Lyapunov equation as one dense linear system, in torch operations only.

For where SciPy cannot go: generated modules, exported graphs, `torch.func.vmap`. It costs O(n^6)
where the Schur method of `lyapunov` costs O(n^3), and shares no line with it, so that each checks
the other.
"""

import torch
from torch import Tensor


def lyapunov_solve_kronecker(omega: Tensor) -> Tensor:
    """Solve Omega' P Omega - P = -I as a linear system; omega and P have shape [n, n].

    The unknowns are the n (n + 1) / 2 entries of P on and above the diagonal. Equation (i, j) reads
    sum_{k <= m} c_km (Omega_ki Omega_mj + Omega_mi Omega_kj) P_km - P_ij = -delta_ij, with c_km =
    1/2 on the diagonal k = m and 1 above it. Solved in float64; nothing is checked, so that it can
    be traced.
    """
    size = omega.shape[-1]
    k, m = torch.triu_indices(size, size, device=omega.device)
    wide = omega.to(torch.float64)
    products = wide[k][:, k] * wide[m][:, m] + wide[m][:, k] * wide[k][:, m]
    diagonal = (k == m).to(torch.float64)
    system = products.mT * (1 - diagonal / 2) - torch.eye(
        len(k), dtype=torch.float64, device=omega.device
    )
    entries = torch.linalg.solve(system, -diagonal)
    upper = torch.zeros_like(wide).index_put((k, m), entries)
    return (upper + upper.mT - torch.diag(upper.diagonal())).to(omega.dtype)
