"""Move the parameters of blocks to other manifestations; the argument is never changed.

`manifest` changes scheme and grid, `project` and `refine` the basis, `bake` folds theta(t) to
constants. Each takes one block or any module that contains blocks, and returns a new one.
"""

import copy
import itertools
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import TypeVar

import torch
from torch import Tensor, nn

from odegraph._errors import GraphError, ProjectionError
from odegraph.basis import Basis, ExactMatrix
from odegraph.basis import projection as basis_projection
from odegraph.basis.mesh import make_mesh
from odegraph.basis.piecewise_polynomial import MeshBasis
from odegraph.block.baked_block import BakedBlock, Fold
from odegraph.block.execution import Execution
from odegraph.block.ode_block import OdeBlock
from odegraph.block.slot_maps import map_slots, map_statistics
from odegraph.emit.execution.compilation import Compilation
from odegraph.emit.execution.gradients import Gradients
from odegraph.emit.slots import slot_module, slots_of
from odegraph.ir import Manifestation, Solver, manifestation, statistics_basis
from odegraph.passes import Pass
from odegraph.scheme import Scheme
from odegraph.unit import fold_norms

Model = TypeVar("Model", bound=nn.Module)
CoefficientMap = Callable[[Basis, Basis], ExactMatrix]


def manifest(
    model: Model,
    *,
    scheme: Scheme | str | None = None,
    steps: int | None = None,
    grid: Sequence[Fraction | int | str] | None = None,
    span: Fraction | int | float | str | None = None,
    solver: Solver | None = None,
    project_first: bool = False,
) -> Model:
    """The same continuous model, discretised otherwise: the same coefficients, no data needed.

    What is not given stays as it is. A new `span` changes the length of the depth interval in the
    unit's own time; with a basis of more than one coefficient it stretches theta(t) along.

    A coarse grid reads theta(t) at few depths. With `project_first`, theta(t) is first replaced by
    its L2 projection onto the elements of the grid, so that each step sees the mean over all that
    it skips: better on weights that are rough in depth; on smooth ones reading can win.

    Raises:
        GraphError: the model has no blocks, or the arguments do not make a manifestation.
        ProjectionError: `project_first` with a basis that does not exist on every mesh.
    """

    def remanifested(block: OdeBlock) -> OdeBlock:
        old = block.manifestation
        form = manifestation(
            old.scheme if scheme is None else scheme,
            basis=old.basis,
            state_basis=old.state_basis,
            steps=steps,
            grid=old.grid if steps is None and grid is None else grid,
            span=old.span if span is None else span,
            solver=old.solver if solver is None else solver,
        )
        return _projected(block, form) if project_first else _with_copied_slots(block, form)

    return replace_blocks(model, remanifested)


def project(model: Model, *, basis: Basis) -> Model:
    """The same graph with theta(t) replaced by its L2 projection onto `basis`.

    Running statistics move along, to the elements of `basis`; variances stay positive.

    Raises:
        GraphError: the model has no blocks.
        ProjectionError: `basis` is not a basis.
    """
    require_basis(basis)
    return replace_blocks(model, lambda block: on_basis(block, basis))


def refine(model: Model, *, factor: int = 2) -> Model:
    """Split every element of the basis and every time step into `factor` equal ones.

    The refined basis contains the old one, so theta(t) is exactly what it was.

    Raises:
        GraphError: the model has no blocks.
        ProjectionError: `factor` is not a positive integer, or the basis cannot be refined.
    """

    def refined(block: OdeBlock) -> OdeBlock:
        old = block.manifestation
        return on_basis(block, old.basis.refined(factor), grid=_split(old.grid, factor))

    return replace_blocks(model, refined)


def bake(model: Model, *, fold: Fold = fold_norms) -> Model:
    """The inference model: theta(t) is folded to one constant for each depth that the graph reads.

    A BatchNorm that follows a convolution is folded into it, which changes rounding only; so is one
    that follows a linear layer, if the block was called before and its states were vectors, which
    it then takes alone. Where `collapse_linear` is one of the passes, the block of a linear unit on
    vectors becomes one matrix, whatever theta(t) is. `fold=keep_norms` leaves the layers of the
    unit as they are.

    Raises:
        GraphError: the model has no blocks.
    """
    return replace_blocks(model, lambda block: BakedBlock.of_block(block, fold=fold))


def with_execution(
    model: Model,
    *,
    gradients: Gradients | None = None,
    passes: Sequence[Pass] | None = None,
    compilation: Compilation | None = None,
    memory_format: torch.memory_format | None = None,
) -> Model:
    """The same model, computed otherwise: the same values, and the same results to rounding.

    What is not given stays as it is; see `Execution`. Choose before an optimiser is made: the
    parameters of the result are new ones.

    Raises:
        GraphError: the model has no blocks, or its blocks cannot be computed like that.
    """

    def executed(block: OdeBlock) -> OdeBlock:
        execution = block.execution.changed(
            gradients=gradients,
            passes=passes,
            compilation=compilation,
            memory_format=memory_format,
        )
        return _with_copied_slots(block, block.manifestation, execution=execution)

    return replace_blocks(model, executed)


def replace_blocks(model: Model, replace: Callable[[OdeBlock], nn.Module]) -> Model:
    """A copy of `model` in which every block is replaced, and nothing else is changed.

    Raises:
        GraphError: the model has no blocks.
    """
    memo: dict[int, object] = {}
    # The copy takes the new blocks from the memo, so that the old ones are never held twice.
    for block in named_blocks(model).values():
        new = replace(block)
        new.train(block.training)
        memo[id(block)] = new
    return copy.deepcopy(model, memo)


def named_blocks(model: nn.Module) -> dict[str, OdeBlock]:
    """The blocks of a model by dotted path; a model that is a block has the path ``""``.

    Raises:
        GraphError: there are none.
    """
    blocks = {name: one for name, one in model.named_modules() if isinstance(one, OdeBlock)}
    if not blocks:
        raise GraphError(
            f"The model `{type(model).__name__}` has no `OdeBlock`, so there is nothing to "
            "re-manifest. Build its continuous part with `odegraph.OdeBlock`."
        )
    return blocks


def _with_copied_slots(
    block: OdeBlock, form: Manifestation, *, execution: Execution | None = None
) -> OdeBlock:
    theta, state = copy.deepcopy(block.theta), copy.deepcopy(block.state)
    return OdeBlock.of_slots(
        block.unit, form, theta=theta, state=state, execution=execution or block.execution
    )


def on_basis(
    block: OdeBlock,
    basis: Basis,
    *,
    grid: tuple[Fraction, ...] | None = None,
    through: CoefficientMap = basis_projection,
) -> OdeBlock:
    """The block with its coefficients moved to `basis`, and its steps to `grid` where given."""
    old = block.manifestation
    form = manifestation(
        old.scheme,
        basis=basis,
        state_basis=None if old.state_basis is None else statistics_basis(basis),
        grid=old.grid if grid is None else grid,
        span=old.span,
        solver=old.solver,
    )
    return moved(block, form, through=through)


def moved(block: OdeBlock, form: Manifestation, *, through: CoefficientMap) -> OdeBlock:
    """The block in another manifestation, its coefficients mapped to the bases of that."""
    old = block.manifestation
    theta = map_slots(slots_of(block.theta), through(old.basis, form.basis))
    state: dict[str, Tensor] = {}
    if old.state_basis is not None and form.state_basis is not None:
        matrix = through(old.state_basis, form.state_basis)
        positive = block.unit.positive_slots
        state = map_statistics(slots_of(block.state), matrix, positive=positive)
    return OdeBlock.of_slots(
        block.unit,
        form,
        theta=slot_module(theta),
        state=slot_module(state),
        execution=block.execution,
    )


def require_basis(basis: object) -> None:
    """Refuse what is not a basis.

    Raises:
        ProjectionError: `basis` is something else.
    """
    if not isinstance(basis, Basis):
        raise ProjectionError(
            f"`basis` is a {type(basis).__name__}; give a basis such as `PiecewiseConstant(8)`."
        )


def _projected(block: OdeBlock, form: Manifestation) -> OdeBlock:
    """theta(t) on the elements of the grid, each the mean over one step."""
    old = form.basis
    if set(old.breakpoints) <= set(form.grid):
        return _with_copied_slots(block, form)  # no step skips anything
    basis = _laid_on(old, form.grid)
    state_basis = None if form.state_basis is None else statistics_basis(basis)
    coarse = manifestation(
        form.scheme,
        basis=basis,
        state_basis=state_basis,
        grid=form.grid,
        span=form.span,
        solver=form.solver,
    )
    return moved(block, coarse, through=basis_projection)


def _laid_on(basis: Basis, grid: tuple[Fraction, ...]) -> Basis:
    assert isinstance(basis, MeshBasis), "a basis with inner breakpoints has a mesh"
    try:
        return basis.on_mesh(make_mesh(elements=None, breakpoints=grid))
    except ProjectionError as error:
        raise ProjectionError(
            f"The basis {basis!r} cannot be laid on the {len(grid) - 1} steps of the grid, so "
            f"there is nothing to project to first ({error}). Use `odegraph.project` with a basis "
            "of your choice."
        ) from error


def _split(grid: tuple[Fraction, ...], factor: int) -> tuple[Fraction, ...]:
    inner = [
        start + Fraction(part, factor) * (end - start)
        for start, end in itertools.pairwise(grid)
        for part in range(factor)
    ]
    return (*inner, grid[-1])
