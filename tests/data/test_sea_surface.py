from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose

from odegraph._errors import DataError
from odegraph.data import netcdf, sea_surface
from odegraph.data.baselines import climatology, persistence, root_mean_square_error
from odegraph.data.sea_surface import Region

xr = pytest.importorskip("xarray", reason="needs the extra `ocean`")
pytest.importorskip("h5netcdf", reason="needs the extra `ocean`")

LATITUDE, LONGITUDE = np.array([3.0, 2.0, 1.0, 0.0]), np.array([10.0, 11.0, 12.0])


def dataset(*, start: str = "2001-01-01", times: int = 4, **changes):
    generator = np.random.default_rng(int(start[:4]))
    values = generator.normal(size=(times, 1, 4, 3))
    values[:, 0, 0, 1] = np.nan
    coordinates = {
        "day": ("day", np.datetime64(start, "ns") + np.arange(times) * np.timedelta64(1, "D")),
        "lat": LATITUDE,
        "lon": LONGITUDE,
    }
    field = xr.DataArray(
        values, dims=("day", "level", "lat", "lon"), coords=coordinates, attrs={"units": "degC"}
    )
    field["day"].attrs["standard_name"] = "time"
    return xr.Dataset({"sst": field, "area": ("lat", np.ones(4))}).assign(**changes)


def write(path: Path, data) -> Path:
    data.to_netcdf(path, engine="h5netcdf")
    return path


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return write(tmp_path / "sst.nc", dataset())


def test_land_is_masked_and_rows_run_from_the_south(file: Path):
    sea = sea_surface.load(file)
    assert (sea.variable, sea.units) == ("sst", "degC")
    assert sea.snapshots.features == 11
    assert list(sea.latitude) == [0, 1, 2, 3]
    expected = dataset()["sst"].values[:, 0, ::-1]
    assert_allclose(sea.snapshots.frames().numpy(), expected)


def test_a_region_is_a_part_of_the_grid(file: Path):
    sea = sea_surface.load(file, region=Region(west=10.5, east=12, south=0, north=2))
    assert list(sea.longitude) == [11, 12]
    assert_allclose(sea.snapshots.frames().numpy(), dataset()["sst"].values[:, 0, :0:-1, 1:])
    with pytest.raises(DataError, match=r"degrees of latitude, outside the grid.*`0` to `3`"):
        sea_surface.load(file, region=Region(west=10, east=12, south=20, north=30))


def test_several_files_are_joined_in_time(tmp_path: Path):
    parts = [dataset(start="2001-01-01"), dataset(start="2002-01-01")]
    files = [write(tmp_path / f"{k}.nc", part) for k, part in enumerate(parts)]
    sea = sea_surface.load(files, variable="sst")
    assert len(sea.snapshots) == len(sea.times) == 8
    values = np.concatenate([part["sst"].values[:, 0, ::-1] for part in parts])
    assert_allclose(sea.snapshots.frames().numpy(), values)
    with pytest.raises(DataError, match=r"times do not increase"):
        sea_surface.load(files[::-1])
    write(files[1], parts[1].isel(lat=slice(0, 2)))
    with pytest.raises(DataError, match=r"grid of `\(4, 3\)` and `sst` .* one of `\(2, 3\)`"):
        sea_surface.load(files)


def test_an_unknown_variable_lists_those_there_are(file: Path):
    with pytest.raises(DataError, match=r"fields .*: `sst` .*There is no `temperature` in it"):
        sea_surface.load(file, variable="temperature")


def test_of_two_fields_one_must_be_named(tmp_path: Path):
    file = write(tmp_path / "two.nc", dataset(ice=dataset()["sst"] * 2))
    with pytest.raises(DataError, match=r"`ice` .*, `sst` .*Say which with `variable=\.\.\.`"):
        sea_surface.load(file)
    assert sea_surface.load(file, variable="ice").variable == "ice"


def test_several_levels_are_refused(tmp_path: Path):
    data = xr.concat([dataset(), dataset()], dim="level", data_vars="minimal")
    with pytest.raises(DataError, match=r"'level': 2.*must have length 1"):
        sea_surface.load(write(tmp_path / "levels.nc", data))


def test_gaps_are_refused_and_so_is_land_everywhere(tmp_path: Path):
    data = dataset()
    data["sst"][1, 0, 2, 2] = np.nan
    with pytest.raises(DataError, match=r"gaps in `1` of `12` cells.*ice or clouds"):
        sea_surface.load(write(tmp_path / "gaps.nc", data))
    data["sst"][:] = np.nan
    with pytest.raises(DataError, match="missing everywhere; the region may lie on land"):
        sea_surface.load(write(tmp_path / "land.nc", data))


def test_what_is_not_there_or_not_netcdf_is_refused(tmp_path: Path):
    with pytest.raises(DataError, match=r"There is no file `.*none\.nc`"):
        sea_surface.load(tmp_path / "none.nc")
    (tmp_path / "text.nc").write_text("latitude, longitude\n")
    with pytest.raises(DataError, match=r"text\.nc` cannot be read as netCDF"):
        sea_surface.load(tmp_path / "text.nc")
    with pytest.raises(DataError, match="list of netCDF files is empty"):
        sea_surface.load([])


def test_a_missing_package_says_what_to_install(file: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(netcdf, "find_spec", lambda _: None)
    with pytest.raises(DataError, match=r"needs `xarray`: pip install odegraph\[ocean\]"):
        sea_surface.load(file)
    with pytest.raises(DataError, match=r"needs `iris_sample_data`: pip install odegraph\[ocean\]"):
        sea_surface.load()


def test_the_baselines_on_the_ostia_months():
    pytest.importorskip("iris_sample_data", reason="needs the extra `ocean`")
    sea = sea_surface.load()
    assert sea.snapshots.frames().shape == (54, 18, 432)
    assert (sea.snapshots.features, sea.variable, sea.units) == (5721, "surface_temperature", "K")
    train, test = (part.to("cpu").values.double() for part in sea.snapshots.split(Fraction(2, 3)))
    assert (len(train), len(test)) == (36, 18)
    seasonal = climatology(train, steps=18, period=12)
    assert_allclose(root_mean_square_error(seasonal, test), 0.89, atol=0.005)
    assert_allclose(root_mean_square_error(persistence(train, test), test), 0.72, atol=0.005)
