"""Exact L2 inner products of two bases, cell by cell on the common refinement of their meshes.

A quadrature over the elements of one mesh that straddles a jump of the other basis is wrong in the
second digit; on the common refinement every integrand is one polynomial.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from odegraph.basis.basis import Basis, Value
from odegraph.basis.exact_matrix import ExactMatrix
from odegraph.basis.mesh import Mesh
from odegraph.basis.piecewise_polynomial import LocalFunctions, PiecewisePolynomial
from odegraph.basis.polynomial import inner_product, restrict


@dataclass(frozen=True)
class Cell:
    """An interval of the common refinement, and the element of either mesh that holds it."""

    start: Fraction
    end: Fraction
    first: int
    second: int


def common_refinement(first: Mesh, second: Mesh) -> Iterator[Cell]:
    """The cells between neighbouring breakpoints of the two meshes together."""
    i = j = 0
    start = Fraction(0)
    while start < 1:
        end = min(first.breakpoints[i + 1], second.breakpoints[j + 1])
        yield Cell(start, end, i, j)
        i += first.breakpoints[i + 1] == end
        j += second.breakpoints[j + 1] == end
        start = end


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
    if isinstance(target, PiecewisePolynomial) and isinstance(source, PiecewisePolynomial):
        return _polynomial_inner_products(target, source)
    raise NotImplementedError(f"inner products of {target!r} and {source!r}")


def mass(basis: Basis) -> ExactMatrix:
    """The mass (Gram) matrix: integrals of phi_j phi_k over [0, 1]."""
    return inner_products(basis, basis)


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
    return ExactMatrix(tuple({k: v for k, v in row.items() if v != 0} for row in rows), source.size)
