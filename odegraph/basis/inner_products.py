"""Exact L2 inner products of two bases, cell by cell on the common refinement of their meshes.

A quadrature over the elements of one mesh that straddles a jump of the other basis is wrong in the
second digit; on the common refinement every integrand is one polynomial.
"""

from fractions import Fraction
from itertools import pairwise

from odegraph.basis.basis import Basis, Value
from odegraph.basis.common_refinement import common_refinement
from odegraph.basis.cosine import Cosine
from odegraph.basis.cosine_integrals import cosine_inner_products
from odegraph.basis.exact_matrix import ExactMatrix, from_rows
from odegraph.basis.piecewise_polynomial import LocalFunctions, PiecewisePolynomial
from odegraph.basis.polynomial import inner_product, restrict


def functions_on(
    basis: PiecewisePolynomial, element: int, *, start: Fraction, end: Fraction
) -> LocalFunctions:
    """The local functions of an element in the coordinate u = (t - start) / (end - start)."""
    left, right = basis.breakpoints[element], basis.breakpoints[element + 1]
    if (left, right) == (start, end):
        return basis.local_functions(element)
    length = right - left
    offset, part = (start - left) / length, (end - start) / length
    return tuple(
        (index, restrict(p, start=offset, length=part))
        for index, p in basis.local_functions(element)
    )


def inner_products(target: Basis, source: Basis) -> ExactMatrix:
    """The matrix of integrals of psi_j phi_k over [0, 1]: target rows, source columns."""
    match target, source:
        case PiecewisePolynomial(), PiecewisePolynomial():
            return _polynomial_inner_products(target, source)
        case PiecewisePolynomial(), Cosine():
            return cosine_inner_products(target, source)
        case Cosine(), PiecewisePolynomial():
            return cosine_inner_products(source, target).transposed()
        case Cosine(), Cosine():
            return _cosine_norms(target, source)
    raise TypeError(f"no inner products of {target!r} and {source!r}")


def mass(basis: Basis) -> ExactMatrix:
    """The mass (Gram) matrix: integrals of phi_j phi_k over [0, 1]."""
    if isinstance(basis, PiecewisePolynomial) and basis.is_orthogonal:
        return _squared_norms(basis)
    return inner_products(basis, basis)


def _squared_norms(basis: PiecewisePolynomial) -> ExactMatrix:
    norms = [Fraction(0)] * basis.size
    for element, (start, end) in enumerate(pairwise(basis.breakpoints)):
        for j, polynomial in basis.local_functions(element):
            norms[j] += (end - start) * inner_product(polynomial, polynomial)
    return from_rows(({j: norm} for j, norm in enumerate(norms)), columns=basis.size)


def _polynomial_inner_products(
    target: PiecewisePolynomial, source: PiecewisePolynomial
) -> ExactMatrix:
    rows: list[dict[int, Value]] = [{} for _ in range(target.size)]
    for cell in common_refinement(target.mesh, source.mesh):
        length = cell.end - cell.start
        tests = functions_on(target, cell.first, start=cell.start, end=cell.end)
        trials = functions_on(source, cell.second, start=cell.start, end=cell.end)
        for j, test in tests:
            row = rows[j]
            for k, trial in trials:
                row[k] = row.get(k, 0) + length * inner_product(test, trial)
    return from_rows(rows, columns=source.size)


def _cosine_norms(target: Cosine, source: Cosine) -> ExactMatrix:
    rows: list[dict[int, Value]] = [{} for _ in range(target.size)]
    for k in range(min(target.size, source.size)):
        rows[k][k] = Fraction(1, 2 if k else 1)
    return from_rows(rows, columns=source.size)
