"""Linear maps of coefficients between bases: L2 projection and interpolation.

Every map is an `ExactMatrix` [target.size, source.size]; the functions named `..._matrix` give the
same numbers as a SymPy matrix.
"""

from functools import lru_cache

import sympy

from odegraph._errors import ProjectionError
from odegraph.basis.basis import Basis
from odegraph.basis.cosine import Cosine, discrete_cosine_transform
from odegraph.basis.exact_matrix import ExactMatrix, identity, leading_identity, solve
from odegraph.basis.inner_products import inner_products, mass


def projection_matrix(source: Basis, target: Basis) -> sympy.ImmutableDenseMatrix:
    """The matrix P of the L2 projection: target coefficients = P times source coefficients."""
    require_bases(source, target)
    return projection(source, target).to_sympy()


def interpolation_matrix(source: Basis, target: Basis) -> sympy.ImmutableDenseMatrix:
    """The matrix of the interpolation at the target's nodes."""
    require_bases(source, target)
    return interpolation(source, target).to_sympy()


def mass_matrix(basis: Basis) -> sympy.ImmutableDenseMatrix:
    """The mass (Gram) matrix: theta^T M theta is the integral of theta(t) squared."""
    require_bases(basis)
    return mass(basis).to_sympy()


@lru_cache(maxsize=64)
def projection(source: Basis, target: Basis) -> ExactMatrix:
    """The map to the target function nearest in L2(0, 1): P = M^-1 C.

    M_ij = (psi_i, psi_j) is the mass matrix of the target and C_jk = (psi_j, phi_k), both
    integrated exactly on the common refinement of the two meshes (Strang and Fix, An Analysis of
    the Finite Element Method, 1973, chapter 1).
    """
    if isinstance(source, Cosine):
        # Eliminating with rational numbers only, and combining SymPy sums once, is much faster.
        return solve(mass(target), identity(target.size)) @ inner_products(target, source)
    return solve(mass(target), inner_products(target, source))


@lru_cache(maxsize=64)
def interpolation(source: Basis, target: Basis) -> ExactMatrix:
    """The map to the target function that agrees with the source at the target's nodes."""
    match source, target:
        case Cosine(), Cosine() if source.size <= target.size:
            return leading_identity(target.size, columns=source.size)
        case _, Cosine():
            return discrete_cosine_transform(target.size) @ collocation(source, target)
    return solve(collocation(target, target), collocation(source, target))


def collocation(basis: Basis, points: Basis) -> ExactMatrix:
    """The values of `basis` at the nodes of another basis, one row a node."""
    rows = tuple(dict(basis.row(t, side=side)) for t, side in points.nodes)
    return ExactMatrix(rows, basis.size)


def squared_error(source: Basis, target: Basis, coefficient_map: ExactMatrix) -> ExactMatrix:
    """The matrix E for which theta^T E theta is the squared L2 error of a map of coefficients.

    E = M_s - Q^T C - C^T Q + Q^T M_t Q, for the map Q, the masses M and the inner products C; the
    relative error is the root of theta^T E theta / theta^T M_s theta. Exact: zero where lossless.
    """
    backward = coefficient_map.transposed()
    mixed = backward @ inner_products(target, source)
    squares = backward @ (mass(target) @ coefficient_map)
    return mass(source) - mixed - (mixed.transposed() - squares)


def require_bases(*bases: object) -> None:
    """Refuse what is not a basis before it fails somewhere deeper."""
    for basis in bases:
        if not isinstance(basis, Basis):
            raise ProjectionError(
                f"`{basis!r}` is a {type(basis).__name__}, not a basis. Coefficients are mapped "
                "between bases such as `PiecewiseConstant(8)` and `PiecewiseLinear(4)`."
            )
