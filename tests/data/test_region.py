import numpy as np
import pytest
from numpy.testing import assert_array_equal

from odegraph._errors import DataError
from odegraph.data.region import GULF_OF_MEXICO, Region, columns_within, rows_within

EASTWARD = np.arange(0.0, 360.0, 5.0)
SIGNED = np.arange(-180.0, 180.0, 5.0)


def box(**edges: float) -> Region:
    return Region(**{"west": 0.0, "east": 10.0, "south": -10.0, "north": 10.0, **edges})


@pytest.mark.parametrize("west,east", [(-98, -80), (262, 280), (-98, 280)])
@pytest.mark.parametrize("grid", [EASTWARD, SIGNED])
def test_a_region_is_the_same_cells_in_either_convention(grid: np.ndarray, west, east):
    chosen = grid[columns_within(grid, box(west=west, east=east))]
    assert_array_equal(chosen % 360, [265, 270, 275, 280])


@pytest.mark.parametrize("grid", [EASTWARD, SIGNED])
@pytest.mark.parametrize(
    ("west", "east", "expected"),
    [(-10, 10, [350, 355, 0, 5, 10]), (170, -175, [170, 175, 180, 185])],
)
def test_a_region_may_cross_the_seam(grid: np.ndarray, west, east, expected):
    chosen = grid[columns_within(grid, box(west=west, east=east))]
    assert_array_equal(chosen % 360, expected)


@pytest.mark.parametrize("grid", [EASTWARD, SIGNED])
def test_the_whole_globe_is_every_column_once(grid: np.ndarray):
    for west, east in ((-180, 180), (0, 360)):
        assert sorted(columns_within(grid, box(west=west, east=east))) == list(range(72))


@pytest.mark.parametrize("latitude", [np.arange(-90.0, 91, 5), np.arange(90.0, -91, -5)])
def test_rows_run_from_south_to_north(latitude: np.ndarray):
    chosen = latitude[rows_within(latitude, GULF_OF_MEXICO)]
    assert_array_equal(chosen, [20, 25, 30])


@pytest.mark.parametrize(("south", "north"), [(20.0, 30.0), (-4.0, 20.0), (-30.0, 0.0), (0.6, 0.9)])
def test_a_region_beyond_the_latitudes_is_refused(south: float, north: float):
    latitude = np.arange(-5.0, 6.0)
    if (south, north) == (0.6, 0.9):
        message = r"outside the grid, which runs from `-5` to `5`"
    else:
        message = rf"from `{south}` to `{north}` degrees of latitude, outside the grid"
    with pytest.raises(DataError, match=message):
        rows_within(latitude, box(south=south, north=north))


@pytest.mark.parametrize(("west", "east"), [(100.0, 120.0), (30.0, 60.0), (-20.0, 30.0)])
def test_a_region_beyond_the_longitudes_is_refused(west: float, east: float):
    longitude = np.arange(20.0, 51.0)
    with pytest.raises(
        DataError, match=rf"from `{west}` to `{east}` degrees of longitude, outside"
    ):
        columns_within(longitude, box(west=west, east=east))


@pytest.mark.parametrize(
    ("edges", "message"),
    [
        ({"south": 10.0, "north": 5.0}, "`10.0` to `5.0` degrees north"),
        ({"north": 95.0}, "`-10.0` to `95.0` degrees north"),
        ({"west": -200.0}, "`-200.0` to `10.0` degrees east"),
        ({"east": float("nan")}, "`0.0` to `nan` degrees east"),
    ],
)
def test_edges_that_are_not_on_the_globe_are_refused(edges: dict[str, float], message: str):
    with pytest.raises(DataError, match=message):
        box(**edges)
