"""Linear maps of coefficients between bases: projection, interpolation, refinement and their duals.

Every map is an `ExactMatrix` [target.size, source.size]; the functions named `..._matrix` give the
same numbers as a SymPy matrix.
"""

from functools import lru_cache

import sympy

from odegraph._errors import ProjectionError
from odegraph.basis.basis import Basis
from odegraph.basis.exact_matrix import ExactMatrix, pseudo_inverse, solve
from odegraph.basis.inner_products import inner_products, mass


def projection_matrix(source: Basis, target: Basis) -> sympy.ImmutableDenseMatrix:
    """The matrix P of the L2 projection: target coefficients = P times source coefficients."""
    return projection(source, target).to_sympy()


@lru_cache(maxsize=64)
def projection(source: Basis, target: Basis) -> ExactMatrix:
    """The map to the target function nearest in L2(0, 1): P = M^-1 C.

    M_ij = (psi_i, psi_j) is the mass matrix of the target and C_jk = (psi_j, phi_k), both
    integrated exactly on the common refinement of the two meshes (Strang and Fix, An Analysis of
    the Finite Element Method, 1973, chapter 1).
    """
    require_bases(source, target)
    return solve(mass(target), inner_products(target, source))


def interpolation(source: Basis, target: Basis) -> ExactMatrix:
    """The map to the target function that agrees with the source at the target's nodes."""
    require_bases(source, target)
    return solve(collocation(target, target), collocation(source, target))


def collocation(basis: Basis, points: Basis) -> ExactMatrix:
    """The values of `basis` at the nodes of another basis, one row a node."""
    rows = tuple(dict(basis.row(t, side=side)) for t, side in points.nodes)
    return ExactMatrix(rows, basis.size)


def dual(coefficient_map: ExactMatrix) -> ExactMatrix:
    """The map of dual vectors (gradients, momenta) that belongs to a map of coefficients: (P^+)^T.

    If theta' = P theta, gradients obey g = P^T g'; the smallest g' that does is (P^+)^T g. When a
    constant element is cut in two, each child gets half of the parent's gradient.
    """
    return pseudo_inverse(coefficient_map).transposed()


def require_bases(*bases: object) -> None:
    """Refuse what is not a basis before it fails somewhere deeper."""
    for basis in bases:
        if not isinstance(basis, Basis):
            raise ProjectionError(
                f"`{basis!r}` is a {type(basis).__name__}, not a basis. Coefficients are mapped "
                "between bases such as `PiecewiseConstant(8)` and `PiecewiseLinear(4)`."
            )
