"""A box on the globe, and the rows and columns of a grid that lie in it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from odegraph._errors import DataError


@dataclass(frozen=True, kw_only=True)
class Region:
    """A box in degrees; `west` to `east` runs eastwards, also across 0 or 180 degrees."""

    west: float
    east: float
    south: float
    north: float

    def __post_init__(self) -> None:
        if not -90 <= self.south < self.north <= 90:
            raise DataError(
                f"The region runs from `{self.south}` to `{self.north}` degrees north; it needs "
                "-90 <= south < north <= 90."
            )
        if not -180 <= self.west <= 360 or not -180 <= self.east <= 360:
            raise DataError(
                f"The region runs from `{self.west}` to `{self.east}` degrees east; both must lie "
                "between -180 and 360."
            )


GULF_OF_MEXICO = Region(west=-98, east=-80, south=18, north=31)


def rows_within(latitude: NDArray[np.float64], region: Region) -> NDArray[np.intp]:
    """Indices of the latitudes in the region, from south to north."""
    order = np.argsort(latitude)
    inside = order[(latitude[order] >= region.south) & (latitude[order] <= region.north)]
    gaps = (latitude[inside] - region.south, region.north - latitude[inside])
    _refuse_outside(gaps, latitude, axis="latitude", wanted=(region.south, region.north))
    return inside


def columns_within(longitude: NDArray[np.float64], region: Region) -> NDArray[np.intp]:
    """Indices of the longitudes in the region, from west to east, whatever their convention."""
    width = (region.east - region.west) % 360 or 360.0
    offset = (longitude - region.west) % 360
    order = np.argsort(offset)
    inside = order[offset[order] <= width]
    gaps = (offset[inside], width - offset[inside])
    _refuse_outside(gaps, longitude, axis="longitude", wanted=(region.west, region.east))
    return inside


def _refuse_outside(
    gaps: tuple[NDArray[np.float64], NDArray[np.float64]],
    grid: NDArray[np.float64],
    *,
    axis: str,
    wanted: tuple[float, float],
) -> None:
    """Refuse a box whose edge is more than a cell from the nearest cell inside."""
    spacing = float(np.abs(np.diff(grid)).min()) if len(grid) > 1 else 0.0
    if gaps[0].size and max(gap.min() for gap in gaps) <= 1.001 * spacing:
        return
    raise DataError(
        f"The region runs from `{wanted[0]}` to `{wanted[1]}` degrees of {axis}, outside the grid, "
        f"which runs from `{grid.min():g}` to `{grid.max():g}`."
    )
