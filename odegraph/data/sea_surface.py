"""Sea-surface temperature, or any field on time, latitude and longitude, from netCDF files.

The default are 54 real months of OSTIA (Donlon et al. 2012; Open Government Licence) around the
equator, April 2006 to September 2010, which the package `iris-sample-data` carries.

Daily fields work the same way. For six years in the Gulf of Mexico, as in Erichson, Muehlebach and
Mahoney (2019), take the yearly files `sst.day.mean.<year>.nc` of NOAA OISST, with the variable
`sst` [time, lat, lon] on a grid of 1/4 degree, in degrees Celsius, missing on land:

    load(sorted(Path("oisst").glob("*.nc")), variable="sst", region=GULF_OF_MEXICO)
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from odegraph._errors import DataError
from odegraph.data.netcdf import Field, read_field, refuse_missing
from odegraph.data.region import GULF_OF_MEXICO as GULF_OF_MEXICO
from odegraph.data.region import Region as Region
from odegraph.data.snapshots import Snapshots, make_snapshots


@dataclass(frozen=True, eq=False)
class SeaSurface:
    """Snapshots of a field on the sea, with its axes; land is masked."""

    snapshots: Snapshots
    times: NDArray[Any]  # [time]
    latitude: NDArray[np.float64]  # [rows], degrees north, from the south
    longitude: NDArray[np.float64]  # [columns], degrees east
    variable: str
    units: str


def load(
    path: str | Path | Sequence[str | Path] | None = None,
    *,
    variable: str | None = None,
    region: Region | None = None,
) -> SeaSurface:
    """Load a field from one netCDF file, or from several that follow each other in time.

    Without a path the monthly OSTIA fields. `variable` may be left out where there is only one.
    Cells that are missing at all times are land, and masked; cells with gaps are refused.
    """
    if path is None:
        path = ostia_path()
    paths = [path] if isinstance(path, str | Path) else path
    if not paths:
        raise DataError("The list of netCDF files is empty.")
    parts = [read_field(Path(one), variable=variable, region=region) for one in paths]
    frames, times = _join(parts)
    name = f"Variable `{parts[0].variable}`"
    snapshots = make_snapshots(frames, mask=_sea(frames, name=name), name=name)
    first = parts[0]
    return SeaSurface(
        snapshots, times, first.latitude, first.longitude, first.variable, first.units
    )


def ostia_path() -> Path:
    """Return the file of monthly OSTIA fields in the package `iris-sample-data`."""
    refuse_missing("iris_sample_data", purpose="The default sea-surface temperature")
    import iris_sample_data

    return Path(iris_sample_data.path) / "ostia_monthly.nc"


def _join(parts: Sequence[Field]) -> tuple[NDArray[np.floating], NDArray[Any]]:
    first = parts[0]
    for part in parts[1:]:
        same = part.variable == first.variable and part.units == first.units
        if not (same and _same_grid(part, first)):
            raise DataError(
                f"The files hold `{first.variable}` in `{first.units}` on a grid of "
                f"`{first.frames.shape[1:]}` and `{part.variable}` in `{part.units}` on one of "
                f"`{part.frames.shape[1:]}`; they must have one variable, unit and grid."
            )
    times = np.concatenate([part.times for part in parts])
    if not (times[1:] > times[:-1]).all():
        raise DataError("The times do not increase; list the files in order, each one once.")
    return np.concatenate([part.frames for part in parts]), times


def _same_grid(one: Field, other: Field) -> bool:
    return np.array_equal(one.latitude, other.latitude) and np.array_equal(
        one.longitude, other.longitude
    )


def _sea(frames: NDArray[np.floating], *, name: str) -> NDArray[np.bool_]:
    missing = ~np.isfinite(frames)
    land = np.asarray(missing.all(axis=0))
    if land.all():
        raise DataError(f"{name} is missing everywhere; the region may lie on land.")
    gaps = missing.any(axis=0) & ~land
    if gaps.any():
        raise DataError(
            f"{name} has gaps in `{int(gaps.sum())}` of `{gaps.size}` cells, missing at some times "
            "only (ice or clouds). Take a gap-free product, fill them, or choose another region."
        )
    return np.logical_not(land)
