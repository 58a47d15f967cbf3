from fractions import Fraction

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.testing import assert_close

from odegraph._errors import DataError
from odegraph.data.snapshots import Snapshots, make_snapshots, usable_pixels


def field(times: int = 12, rows: int = 3, columns: int = 4, *, seed: int = 0) -> np.ndarray:
    generator = np.random.default_rng(seed)
    return 5 + generator.normal(size=(times, rows, columns)) * np.arange(1, columns + 1)


def masked() -> tuple[np.ndarray, Snapshots]:
    array = field()
    mask = np.ones((3, 4), dtype=bool)
    mask[0, 1] = mask[2, 3] = False
    array[:, ~mask] = np.nan
    return array, make_snapshots(array, mask=mask)


def test_frames_put_every_pixel_back_and_nan_where_masked():
    array, snapshots = masked()
    assert snapshots.features == 10
    assert len(snapshots) == 12
    assert_close(snapshots.frames(), torch.from_numpy(array), equal_nan=True)
    one = snapshots.frames(snapshots.values[4])
    assert_close(one, torch.from_numpy(array[4]), equal_nan=True)


@pytest.mark.parametrize(
    "transform", [Snapshots.anomalies, Snapshots.standardise, Snapshots.normalise]
)
def test_every_transform_can_be_undone(transform):
    _, snapshots = masked()
    changed = transform(transform(snapshots))
    assert_close(changed.values.mean(dim=0), torch.zeros(10))
    assert_close(changed.physical(), snapshots.values)
    assert_close(changed.frames(), snapshots.frames(), equal_nan=True)


def test_standardise_gives_every_pixel_deviation_one_and_normalise_the_field():
    snapshots = make_snapshots(field())
    assert_close(snapshots.standardise().values.std(dim=0, correction=0), torch.ones(12))
    normal = snapshots.normalise()
    assert_close(normal.values.square().mean(), torch.tensor(1.0))
    assert torch.equal(normal.scale, normal.scale[0].expand(12))


@given(st.integers(3, 40))
def test_the_default_split_is_two_thirds_and_one_third(times: int):
    train, test = make_snapshots(field(times)).split()
    assert len(train) == round(Fraction(2, 3) * times)
    assert len(train) + len(test) == times
    assert_close(torch.cat([train.values, test.values]), make_snapshots(field(times)).values)


def test_the_test_part_takes_mean_and_scale_of_the_training_part():
    train, test = make_snapshots(field()).split()
    train = train.standardise()
    moved = test.like(train)
    assert_close(moved.physical(), test.values)
    assert_close(moved.values, (test.values - train.mean) / train.scale)


def test_a_split_with_an_empty_side_is_refused():
    with pytest.raises(DataError, match="`1` of `12` snapshots leaves an empty side"):
        make_snapshots(field()).split(Fraction(1))


def test_a_pixel_constant_in_the_training_part_cannot_be_standardised():
    array = field(6)
    array[:4, 1, 2] = 3.0
    train, _ = make_snapshots(array).split()
    with pytest.raises(DataError, match=r"`1` of 12 pixels are constant in this part.*normalise"):
        train.standardise()
    assert torch.isfinite(train.normalise().values).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_floats_keep_their_precision_in_either_byte_order(dtype: type):
    values = field().astype(dtype)
    for array in (values, values.astype(np.dtype(dtype).newbyteorder(">")), torch.tensor(values)):
        snapshots = make_snapshots(array)
        assert snapshots.values.numpy().dtype == dtype
        assert np.array_equal(snapshots.frames().numpy(), values)


def test_half_precision_becomes_single():
    assert make_snapshots(field().astype(np.float16)).values.dtype == torch.float32


def test_integers_become_float64():
    assert make_snapshots(np.arange(12).reshape(4, 3)).values.dtype == torch.float64


def test_the_callers_array_is_not_shared():
    array = field()
    snapshots = make_snapshots(array)
    array[:] = 0
    assert snapshots.values.abs().max() > 0


def test_moving_changes_dtype_and_keeps_the_mask():
    _, snapshots = masked()
    moved = snapshots.normalise().to(torch.float32).to("cpu")
    assert moved.values.dtype == moved.mean.dtype == moved.scale.dtype == torch.float32
    assert moved.mask.dtype == torch.bool


def test_usable_pixels_leave_out_gaps_and_constants():
    array = field()
    array[3, 0, 0] = np.inf
    array[:, 1, 1] = np.nan
    array[:, 2, 2] = 7.0
    mask = usable_pixels(array)
    assert mask.sum() == 9
    assert not mask[0, 0]
    assert make_snapshots(array, mask=mask).features == 9


def with_value(value: float, index: tuple[int | slice, ...]) -> np.ndarray:
    array = field()
    array[index] = value
    return array


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (with_value(np.nan, (2, 1, 3)), r"`1` values that are NaN .*time `2`, pixel `\(1, 3\)`"),
        (with_value(np.inf, (0, slice(None), 0)), r"`3` values that are NaN or infinite"),
        (with_value(1.0, (slice(None), 2, 0)), r"`1` constant pixels of 12, the first `\(2, 0\)`"),
        (field(2), r"has `2` snapshots; dynamics need at least 3.*is it another one"),
        (np.zeros(5), r"shape `\(5,\)`; snapshots need \[time, features\]"),
        (np.zeros((4, 2, 2, 2, 2)), r"snapshots need \[time, features\].*at most 4 axes"),
        (np.array([[1, "a"], [2, "b"]], dtype=object), r"type `object`.*mixed types"),
        ([[1.0, "a"], [2.0, "b"]], r"type `<U32`.*mixed types, text"),
        (field() + 1j, r"type `complex128`.*complex"),
        ([[1.0, 2.0], [3.0]], r"is not an array: .*equally long"),
    ],
)
def test_bad_arrays_are_refused_with_what_is_wrong(array: np.ndarray, message: str):
    with pytest.raises(DataError, match=message):
        make_snapshots(array)


@pytest.mark.parametrize("mask", [np.ones((2, 2), bool), np.ones((3, 4)), np.zeros((3, 4), bool)])
def test_a_mask_that_does_not_fit_is_refused(mask: np.ndarray):
    with pytest.raises(
        DataError, match=r"The mask has the shape .*booleans of the shape `\(3, 4\)`"
    ):
        make_snapshots(field(), mask=mask)
