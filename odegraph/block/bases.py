"""Move theta(t) of whole models to other bases by interpolation, cutting and merging."""

from collections.abc import Sequence
from fractions import Fraction

from odegraph._errors import GraphError, ProjectionError
from odegraph.basis import Basis, interpolation, projection
from odegraph.basis.piecewise_polynomial import MeshBasis
from odegraph.block.ode_block import OdeBlock
from odegraph.block.transform import Model, on_basis, replace_blocks, require_basis


def interpolate(model: Model, *, basis: Basis) -> Model:
    """The same graph with theta(t) replaced by the function of `basis` that agrees at its nodes.

    Cheaper to think about than `project`, but not the nearest function; on a basis that contains
    the old one both lose nothing.

    Raises:
        GraphError: the model has no blocks.
        ProjectionError: `basis` is not a basis.
    """
    require_basis(basis)
    return replace_blocks(model, lambda block: on_basis(block, basis, through=interpolation))


def split(model: Model, *, elements: Sequence[int], parts: int = 2) -> Model:
    """Cut the chosen elements of the basis into `parts`, and the time steps over them alike.

    The finer basis contains the old one: theta(t) is exactly what it was. New breakpoints are put
    on the time grid, so that no step straddles a jump.

    Raises:
        GraphError: the model has no blocks.
        ProjectionError: no such element, or a basis whose elements cannot be cut.
    """

    def refined(block: OdeBlock) -> OdeBlock:
        basis = _mesh_basis(block).split(elements, parts=parts)
        grid = tuple(sorted({*block.manifestation.grid, *basis.breakpoints}))
        return on_basis(block, basis, grid=grid)

    return replace_blocks(model, refined)


def coarsen(model: Model, *, factor: int = 2) -> Model:
    """Merge each run of `factor` elements of the basis, and of time steps, into one.

    The inverse of `refine`; theta(t) becomes its L2 projection onto the coarser basis.

    Raises:
        GraphError: the model has no blocks, or the steps are not a multiple of `factor`.
        ProjectionError: the elements are not a multiple of `factor`.
    """

    def coarse(block: OdeBlock) -> OdeBlock:
        old = block.manifestation
        basis = old.basis.coarsened(factor)
        return on_basis(block, basis, grid=_every(old.grid, factor), through=projection)

    return replace_blocks(model, coarse)


def _every(grid: tuple[Fraction, ...], factor: int) -> tuple[Fraction, ...]:
    if (len(grid) - 1) % factor:
        raise GraphError(
            f"A grid of {len(grid) - 1} steps cannot be coarsened by `{factor}`: the factor must "
            "divide the number of steps. Use `odegraph.project` and `odegraph.manifest` instead."
        )
    return grid[::factor]


def _mesh_basis(block: OdeBlock) -> MeshBasis:
    basis = block.manifestation.basis
    if not isinstance(basis, MeshBasis):
        raise ProjectionError(
            f"The basis {basis!r} has no elements that can be cut one by one. Use "
            "`odegraph.refine`, or `odegraph.project` to a piecewise basis first."
        )
    return basis
