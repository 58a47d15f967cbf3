"""A sequence of frames as a problem of forecasting: a training part, a test part, coordinates."""

from dataclasses import dataclass, replace
from fractions import Fraction

import torch
from torch import Tensor

from odegraph._errors import DataError
from odegraph.data.snapshots import Snapshots

TRAINING_PART = Fraction(2, 3)
NEGLIGIBLE = 1e-10  # relative size of singular values that are rounding


@dataclass(frozen=True, eq=False)
class Problem:
    """Frames of one field in time; values have mean 0 and root mean square 1 in training.

    Attributes:
        name: a word for files.
        title: one line.
        unit: of the physical field.
        train, test: the first 2/3 and the last 1/3, scaled like the training part.
        period: of the cycle in frames, for the climatology; 1 where there is none.
    """

    name: str
    title: str
    unit: str
    train: Snapshots
    test: Snapshots
    period: int

    def to(self, dtype: torch.dtype) -> "Problem":
        """The same with numbers of another precision."""
        return replace(self, train=self.train.to(dtype), test=self.test.to(dtype))

    @property
    def scale(self) -> float:
        """Physical units of a value of 1."""
        return float(self.train.scale.mean())


def make_problem(
    snapshots: Snapshots, *, name: str, title: str, unit: str = "1", period: int = 1
) -> Problem:
    """Split in time, take the training mean out, divide by one number."""
    train, test = snapshots.split(TRAINING_PART)
    if len(test) < 2:
        raise DataError(
            f"`{len(snapshots)}` snapshots leave `{len(test)}` to test on; a forecast needs a "
            "start and a frame after it. Record at least 6."
        )
    scaled = train.normalise()
    return Problem(name, title, unit, scaled, test.like(scaled), period)


@dataclass(frozen=True, eq=False)
class Coordinates:
    """Orthonormal coordinates of the span of the training frames: a = V' y, y = V a.

    They are an isometry on that span (proper orthogonal decomposition with all modes): errors are
    the same in them, and a model has as many inputs as there are frames, not pixels.
    """

    basis: Tensor  # V, [features, modes], orthonormal columns
    size: float  # root mean square of a coordinate in training

    @property
    def modes(self) -> int:
        """How many there are."""
        return self.basis.shape[1]

    def of(self, values: Tensor) -> Tensor:
        """Coordinates [..., modes] of values [..., features], of root mean square 1."""
        return values @ self.basis / self.size

    def values(self, coordinates: Tensor) -> Tensor:
        """Values [..., features] of coordinates [..., modes]."""
        return self.size * coordinates @ self.basis.mT


def coordinates_of(train: Tensor) -> Coordinates:
    """Of all directions that the training values [time, features] have, the largest first."""
    _, sigma, transposed = torch.linalg.svd(train.double(), full_matrices=False)
    modes = int((sigma > NEGLIGIBLE * sigma[0]).sum())
    basis = transposed[:modes].mT
    size = (train.double() @ basis).square().mean().sqrt().item()
    return Coordinates(basis.to(train).contiguous(), size)
