"""What a map between bases costs: the relative L2 error in depth of every slot."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from odegraph.basis import Basis, ExactMatrix, inner_products, is_nested, mass
from odegraph.basis import projection as basis_projection
from odegraph.block.slot_maps import (
    acts_on_logarithms,
    dense,
    map_slots,
    map_statistics,
    pieces,
)
from odegraph.block.transform import CoefficientMap, named_blocks, require_basis
from odegraph.emit.slots import slots_of
from odegraph.ir import statistics_basis

NEGLIGIBLE = 1e-14  # eigenvalues of the Gram matrix below this fraction of the largest are zero


@dataclass(frozen=True)
class SlotError:
    """What a map did to one slot.

    Attributes:
        slot: its key in the state dict.
        source: the basis that it had.
        target: the basis that it was mapped to.
        relative_error: || theta - theta' || / || theta || in L2(0, 1) over all entries.
        lossless: whether the target contains the source, so that no theta(t) loses anything.
        logarithmic: whether the map acted on logarithms, to keep a variance positive.
    """

    slot: str
    source: Basis
    target: Basis
    relative_error: float
    lossless: bool
    logarithmic: bool


@dataclass(frozen=True)
class ProjectionReport:
    """One row for each slot of floating-point numbers."""

    rows: tuple[SlotError, ...]

    @property
    def lossless(self) -> bool:
        """Whether no slot can have lost anything."""
        return all(row.lossless for row in self.rows)

    @property
    def worst(self) -> SlotError:
        """The slot with the largest relative error."""
        return max(self.rows, key=lambda row: row.relative_error)

    def __str__(self) -> str:
        width = max(len(row.slot) for row in self.rows)
        return "\n".join(
            f"{row.slot:<{width}}  {row.relative_error:9.3e}  {_remark(row)}".rstrip()
            for row in self.rows
        )


def projection_report(
    model: nn.Module, *, basis: Basis, through: CoefficientMap = basis_projection
) -> ProjectionReport:
    """What `project(model, basis=basis)` does to every slot; the model is not changed.

    Args:
        model: a block or a model with blocks.
        basis: where theta(t) would go; statistics go to constants on its elements.
        through: the map; `odegraph.basis.interpolation` tells what `interpolate` does.

    Raises:
        GraphError: the model has no blocks.
        ProjectionError: `basis` is not a basis.
    """
    require_basis(basis)
    rows: list[SlotError] = []
    for path, block in named_blocks(model).items():
        prefix = f"{path}." if path else ""
        form, theta = block.manifestation, slots_of(block.theta)
        matrix = through(form.basis, basis)
        after = map_slots(theta, matrix)
        rows += _rows(f"{prefix}theta.", theta, after, form.basis, basis)
        if form.state_basis is not None:
            state, target = slots_of(block.state), statistics_basis(basis)
            matrix = through(form.state_basis, target)
            positive = block.unit.positive_slots
            after = map_statistics(state, matrix, positive=positive)
            logs = [one for one in positive if acts_on_logarithms(matrix)]
            rows += _rows(f"{prefix}state.", state, after, form.state_basis, target, logs)
    return ProjectionReport(tuple(rows))


def _rows(
    prefix: str,
    before: Mapping[str, Tensor],
    after: Mapping[str, Tensor],
    source: Basis,
    target: Basis,
    logarithmic: list[str] | None = None,
) -> list[SlotError]:
    lossless = is_nested(source, target)
    root, norm = _root(_gram_of_difference(source, target)), _root(dense(mass(source)))
    return [
        SlotError(
            slot=f"{prefix}{path}",
            source=source,
            target=target,
            relative_error=0.0 if lossless else _relative(root, norm, slot, after[path]),
            lossless=lossless,
            logarithmic=path in (logarithmic or []),
        )
        for path, slot in before.items()
        if slot.is_floating_point()
    ]


def _relative(root: Tensor, norm: Tensor, before: Tensor, after: Tensor) -> float:
    source = before.detach().reshape(before.shape[0], -1)
    target = after.detach().reshape(after.shape[0], -1)
    error = size = 0.0
    for piece in pieces(source.shape[1], rows=len(source) + len(target)):
        old = source[:, piece].to("cpu", torch.float64)
        new = target[:, piece].to("cpu", torch.float64)
        error += (root @ torch.cat([old, new])).square().sum().item()
        size += (norm @ old).square().sum().item()
    return math.sqrt(error / size) if size else 0.0


def _gram_of_difference(source: Basis, target: Basis) -> Tensor:
    """G with (theta, theta')^T G (theta, theta') = || theta(t) - theta'(t) ||^2."""
    mixed: ExactMatrix = inner_products(target, source)
    corner = dense(mixed)
    top = torch.cat([dense(mass(source)), -corner.T], dim=1)
    bottom = torch.cat([-corner, dense(mass(target))], dim=1)
    return torch.cat([top, bottom])


def _root(gram: Tensor) -> Tensor:
    """R with R^T R = gram; what rounding left of zero eigenvalues is dropped."""
    values, vectors = torch.linalg.eigh(gram)
    kept = values > NEGLIGIBLE * values.max()
    return (vectors[:, kept] * values[kept].sqrt()).T


def _remark(row: SlotError) -> str:
    if row.lossless:
        return "lossless"
    return "mapped as a logarithm" if row.logarithmic else ""
