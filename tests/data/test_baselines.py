import pytest
import torch
from torch.testing import assert_close

from odegraph._errors import DataError
from odegraph.data.baselines import climatology, persistence, root_mean_square_error


def seasons(times: int, *, period: int) -> torch.Tensor:
    time = torch.arange(times)
    return torch.stack([(time % period) ** 2.0, -1.0 * (time % period)], dim=1)


@pytest.mark.parametrize("train", [12, 17, 31])
def test_climatology_is_exact_on_a_cycle_wherever_the_training_ends(train: int):
    data = seasons(50, period=12)
    forecast = climatology(data[:train], steps=50 - train, period=12)
    assert torch.equal(forecast, data[train:])
    assert root_mean_square_error(forecast, data[train:]) == 0


def test_climatology_of_period_one_is_the_mean():
    data = torch.randn(10, 3)
    assert_close(climatology(data, steps=4), data.mean(dim=0).expand(4, 3))


def test_persistence_is_the_frame_before_also_for_the_first():
    data = torch.randn(9, 2)
    forecast = persistence(data[:6], data[6:])
    assert torch.equal(forecast, data[5:8])
    assert_close(
        root_mean_square_error(forecast, data[6:]),
        (data[6:] - data[5:8]).square().mean().sqrt().item(),
    )


@pytest.mark.parametrize("period", [0, 7])
def test_a_period_longer_than_the_training_is_refused(period: int):
    with pytest.raises(DataError, match=f"period is `{period}`; it must be 1 to `6`"):
        climatology(torch.zeros(6, 2), steps=1, period=period)
