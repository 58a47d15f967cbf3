"""Nested bases: maps that lose nothing, and what gradients and momenta do under them."""

from fractions import Fraction
from functools import lru_cache

import sympy

from odegraph._errors import ProjectionError
from odegraph.basis.basis import Basis
from odegraph.basis.common_refinement import Cell, common_refinement
from odegraph.basis.cosine import Cosine
from odegraph.basis.exact_matrix import ExactMatrix
from odegraph.basis.inner_products import functions_on
from odegraph.basis.piecewise_polynomial import PiecewisePolynomial
from odegraph.basis.polynomial import Polynomial, add, scale, trim
from odegraph.basis.projection import interpolation, require_bases
from odegraph.basis.pseudo_inverse import pseudo_inverse


@lru_cache(maxsize=64)
def is_nested(source: Basis, target: Basis) -> bool:
    """Whether the target contains every function of the source, so that a map loses nothing.

    Decided exactly: the interpolant is compared with the source as polynomials on every cell.
    """
    require_bases(source, target)
    if source.size == 1:
        return True  # constants, which every basis contains
    if source.size > target.size or not set(source.jumps) <= set(target.jumps):
        return False
    if isinstance(source, PiecewisePolynomial) and isinstance(target, PiecewisePolynomial):
        return _contains_polynomials(target, source)
    return isinstance(source, Cosine) and isinstance(target, Cosine)


def prolongation(source: Basis, target: Basis) -> ExactMatrix:
    """The lossless map from a basis to one that contains it, with few entries a row."""
    if not is_nested(source, target):
        raise ProjectionError(
            f"`{target!r}` does not contain every function of `{source!r}`, so that no map between "
            "them is lossless. Use `projection_matrix`, or a target made by `refined`."
        )
    return interpolation(source, target)


def prolongation_matrix(source: Basis, target: Basis) -> sympy.ImmutableDenseMatrix:
    """The matrix of the lossless map."""
    return prolongation(source, target).to_sympy()


def dual(coefficient_map: ExactMatrix) -> ExactMatrix:
    """The map of dual vectors (gradients, momenta) that belongs to a map of coefficients: (P^+)^T.

    If theta' = P theta, gradients obey g = P^T g'; the smallest g' that does is (P^+)^T g. When a
    constant element is cut in two, each child gets half of the parent's gradient.
    """
    return pseudo_inverse(coefficient_map).transposed()


def _contains_polynomials(target: PiecewisePolynomial, source: PiecewisePolynomial) -> bool:
    coefficients = interpolation(source, target)
    return all(
        _agrees(target, source, coefficients, cell)
        for cell in common_refinement(target.mesh, source.mesh)
    )


def _agrees(
    target: PiecewisePolynomial, source: PiecewisePolynomial, coefficients: ExactMatrix, cell: Cell
) -> bool:
    """Whether sum_j Q_jk psi_j = phi_k on one cell, for all k."""
    span = {"start": cell.start, "end": cell.end}
    difference: dict[int, Polynomial] = dict(functions_on(source, cell.second, **span))
    for j, psi in functions_on(target, cell.first, **span):
        for k, weight in coefficients.rows[j].items():
            if isinstance(weight, Fraction):
                difference[k] = add(difference.get(k, ()), scale(psi, -weight))
    return not any(trim(polynomial) for polynomial in difference.values())
