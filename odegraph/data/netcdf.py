"""One field on time, latitude and longitude out of a netCDF file, through xarray."""

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from odegraph._errors import DataError
from odegraph.data.region import Region, columns_within, rows_within

if TYPE_CHECKING:
    from xarray import DataArray, Dataset

AXES = ("time", "latitude", "longitude")
NAMES = {"time": ("time", "t"), "latitude": ("latitude", "lat"), "longitude": ("longitude", "lon")}


@dataclass(frozen=True, eq=False)
class Field:
    """Values [time, rows, columns] from south to north and west to east, NaN where missing."""

    frames: NDArray[np.floating]
    times: NDArray[Any]  # [time]
    latitude: NDArray[np.float64]  # [rows], degrees north
    longitude: NDArray[np.float64]  # [columns], degrees east
    variable: str
    units: str


def read_field(path: Path, *, variable: str | None = None, region: Region | None = None) -> Field:
    """Read `variable`, or the only field there is, of the part of the file inside `region`."""
    refuse_missing("xarray", purpose=f"Reading `{path.name}`")
    from xarray import open_dataset

    if not path.is_file():
        raise DataError(f"There is no file `{path}`.")
    try:
        dataset = open_dataset(path)
    except (OSError, ValueError, RuntimeError) as error:
        raise DataError(f"`{path}` cannot be read as netCDF: `{error}`.") from error
    with dataset:
        return _take(_choose(dataset, variable, path=path), region=region, path=path)


def refuse_missing(package: str, *, purpose: str, extra: str = "ocean") -> None:
    """Say what to install where an optional package is absent."""
    if find_spec(package) is None:
        raise DataError(f"{purpose} needs `{package}`: pip install odegraph[{extra}].")


def _choose(dataset: "Dataset", variable: str | None, *, path: Path) -> "DataArray":
    fields = {
        str(name): array
        for name, array in dataset.data_vars.items()
        if all(_find_axis(array, axis) for axis in AXES)
    }
    wanted = variable if variable is not None or len(fields) != 1 else next(iter(fields))
    if wanted in fields:
        return fields[wanted]
    found = ", ".join(f"`{name}` {array.dims}" for name, array in sorted(fields.items())) or "none"
    asked = "Say which with `variable=...`" if wanted is None else f"There is no `{wanted}` in it"
    raise DataError(
        f"`{path}` holds these fields on time, latitude and longitude: {found}. {asked}."
    )


def _take(array: "DataArray", *, region: Region | None, path: Path) -> Field:
    time, latitude, longitude = (str(_find_axis(array, axis)) for axis in AXES)
    single = [dim for dim in array.dims if dim not in (time, latitude, longitude)]
    if any(array.sizes[dim] != 1 for dim in single):
        raise DataError(
            f"Variable `{array.name}` of `{path}` has the dimensions `{dict(array.sizes)}`; "
            "besides time, latitude and longitude they must have length 1. Select one level first."
        )
    ordered = array.squeeze(single, drop=True).transpose(time, latitude, longitude)
    north = np.asarray(ordered[latitude].values, dtype=np.float64)
    east = np.asarray(ordered[longitude].values, dtype=np.float64)
    rows = np.argsort(north) if region is None else rows_within(north, region)
    columns = np.arange(len(east)) if region is None else columns_within(east, region)
    part = ordered.isel({latitude: rows, longitude: columns})
    return Field(
        part.values,
        np.asarray(part[time].values),
        north[rows],
        east[columns],
        str(array.name),
        str(array.attrs.get("units", "")),
    )


def _find_axis(array: "DataArray", axis: str) -> str | None:
    """Find the dimension that is `axis`, by the CF standard name, else by its usual names."""
    for dim in array.dims:
        standard = array[dim].attrs.get("standard_name") if dim in array.coords else None
        if standard == axis or str(dim).lower() in NAMES[axis]:
            return str(dim)
    return None
