"""Snapshots in time of a field: the form in which every data set reaches a model.

An array [time, *frame] becomes values [time, features], one feature a pixel that is not masked.
"""

import math
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from odegraph._errors import DataError

LEAST_SNAPSHOTS = 3
LARGEST_RANK = 4  # time and up to three axes of a frame


@dataclass(frozen=True, eq=False)
class Snapshots:
    """Values [time, features] with physical = mean + scale * values; made by `make_snapshots`."""

    values: Tensor  # [time, features]
    mask: Tensor  # bool, [*frame]: True where a pixel is a feature
    mean: Tensor  # [features]
    scale: Tensor  # [features]

    def __len__(self) -> int:
        return len(self.values)

    @property
    def features(self) -> int:
        """Number of features, the pixels that are not masked."""
        return self.values.shape[1]

    def anomalies(self) -> "Snapshots":
        """Subtract the mean of each feature over time."""
        return self._shifted(self.values.mean(dim=0), torch.ones_like(self.mean))

    def standardise(self) -> "Snapshots":
        """Subtract the mean and divide by the standard deviation, each feature by its own."""
        deviation = self.values.std(dim=0, correction=0)
        if bool((constant := deviation == 0).any()):
            raise DataError(
                f"`{int(constant.sum())}` of {self.features} pixels are constant in this part of "
                "the snapshots and cannot be standardised; use `normalise`, or leave them out."
            )
        return self._shifted(self.values.mean(dim=0), deviation)

    def normalise(self) -> "Snapshots":
        """Subtract the mean of each feature, divide all by one number: the root mean square left.

        Unlike `standardise` this keeps the weights of the pixels in a norm over the field.
        """
        mean = self.values.mean(dim=0)
        spread = (self.values - mean).square().mean().sqrt()
        return self._shifted(mean, spread.expand_as(mean))

    def like(self, other: "Snapshots") -> "Snapshots":
        """Use the mean and scale of `other`: those of the training part, for the test part."""
        values = (self.physical() - other.mean) / other.scale
        return replace(self, values=values, mean=other.mean, scale=other.scale)

    def split(self, part: Fraction = Fraction(2, 3)) -> tuple["Snapshots", "Snapshots"]:
        """Cut in time: the first `part` (rounded) and the rest, neither of them empty."""
        count = round(part * len(self))
        if not 0 < count < len(self):
            raise DataError(
                f"`{part}` of `{len(self)}` snapshots leaves an empty side; take a part between."
            )
        return replace(self, values=self.values[:count]), replace(self, values=self.values[count:])

    def to(self, target: torch.dtype | torch.device | str) -> "Snapshots":
        """Move the numbers to a dtype or device."""
        mask = self.mask if isinstance(target, torch.dtype) else self.mask.to(target)
        values, mean, scale = (x.to(target) for x in (self.values, self.mean, self.scale))
        return Snapshots(values, mask, mean, scale)

    def physical(self, values: Tensor | None = None) -> Tensor:
        """Undo mean and scale, of these values or of a model's: [..., features]."""
        return self.mean + self.scale * (self.values if values is None else values)

    def frames(self, values: Tensor | None = None) -> Tensor:
        """Put physical values back on the grid, NaN where it is masked: [..., *frame]."""
        flat = self.physical(values)
        grid = flat.new_full((*flat.shape[:-1], self.mask.numel()), math.nan)
        grid[..., self.mask.flatten()] = flat
        return grid.reshape(*flat.shape[:-1], *self.mask.shape)

    def _shifted(self, mean: Tensor, scale: Tensor) -> "Snapshots":
        return Snapshots(
            (self.values - mean) / scale,
            self.mask,
            self.mean + self.scale * mean,
            self.scale * scale,
        )


def make_snapshots(
    array: ArrayLike | Tensor, *, mask: ArrayLike | Tensor | None = None, name: str = "The array"
) -> Snapshots:
    """Check an array [time, *frame] and make snapshots of it; `mask` [*frame] is True where used.

    Single precision stays, all other numbers become float64. Refused: what is not an array of real
    numbers, fewer than three snapshots, NaN or infinity, pixels that never change.
    """
    frames = _real_array(array, name=name)
    if not 2 <= frames.ndim <= LARGEST_RANK:
        raise DataError(
            f"{name} has the shape `{frames.shape}`; snapshots need [time, features] or [time, "
            f"rows, columns], at most {LARGEST_RANK} axes, time first."
        )
    if len(frames) < LEAST_SNAPSHOTS:
        raise DataError(
            f"{name} has `{len(frames)}` snapshots; dynamics need at least {LEAST_SNAPSHOTS}. Time "
            f"is the first axis of the shape `{frames.shape}`: is it another one?"
        )
    used = _frame_mask(mask, frames, name=name)
    values = frames[:, used]
    _refuse_gaps(values, used, name=name)
    _refuse_constant(values, used, name=name)
    zero = torch.zeros(values.shape[1], dtype=torch.from_numpy(values[:1]).dtype)
    return Snapshots(torch.from_numpy(values), torch.from_numpy(used), zero, torch.ones_like(zero))


def usable_pixels(array: ArrayLike | Tensor) -> NDArray[np.bool_]:
    """Mark the pixels of [time, *frame] that are always finite and change: a mask [*frame]."""
    frames = np.asarray(array)
    finite = np.isfinite(frames).all(axis=0)
    return finite & (np.ptp(np.where(finite, frames, 0.0), axis=0) > 0)


def _real_array(array: ArrayLike | Tensor, *, name: str) -> NDArray[np.floating]:
    try:
        frames = np.asarray(array.detach().cpu() if isinstance(array, Tensor) else array)
    except ValueError as error:  # NumPy refuses ragged lists
        raise DataError(f"{name} is not an array: `{error}`. Rows must be equally long.") from error
    if frames.dtype.kind not in "fiu":
        raise DataError(
            f"{name} has the type `{frames.dtype}`; snapshots are real numbers of one type (mixed "
            "types, text, complex numbers and Python objects are not)."
        )
    single = frames.dtype.kind == "f" and frames.dtype.itemsize <= 4
    return frames.astype(np.float32 if single else np.float64, copy=True)


def _frame_mask(
    mask: ArrayLike | Tensor | None, frames: NDArray[np.floating], *, name: str
) -> NDArray[np.bool_]:
    if mask is None:
        return np.ones(frames.shape[1:], dtype=np.bool_)
    used = np.asarray(mask)
    if used.dtype != np.bool_ or used.shape != frames.shape[1:] or not used.any():
        raise DataError(
            f"The mask has the shape `{used.shape}` and the type `{used.dtype}`; {name} needs "
            f"booleans of the shape `{frames.shape[1:]}`, True for the pixels to use, at least one."
        )
    return used


def _refuse_gaps(values: NDArray[np.floating], used: NDArray[np.bool_], *, name: str) -> None:
    bad = ~np.isfinite(values)
    if bad.any():
        time, feature = (int(index) for index in np.argwhere(bad)[0])
        raise DataError(
            f"{name} has `{int(bad.sum())}` values that are NaN or infinite, the first at time "
            f"`{time}`, pixel `{_pixel(used, feature)}`. Fill them, or leave those pixels out: "
            "`mask=usable_pixels(array)`, or `--usable-pixels` on the command line."
        )


def _refuse_constant(values: NDArray[np.floating], used: NDArray[np.bool_], *, name: str) -> None:
    constant = np.ptp(values, axis=0) == 0
    if constant.any():
        first = _pixel(used, int(np.argmax(constant)))
        raise DataError(
            f"{name} has `{int(constant.sum())}` constant pixels of {constant.size}, the first "
            f"`{first}`: they have no dynamics and cannot be standardised. Leave them out: "
            "`mask=usable_pixels(array)`, or `--usable-pixels` on the command line."
        )


def _pixel(used: NDArray[np.bool_], feature: int) -> tuple[int, ...]:
    return tuple(int(index) for index in np.argwhere(used)[feature])
