import math
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch.testing import assert_close

from odegraph._errors import DataError
from odegraph.data import wake
from odegraph.data.wake.cylinder import (
    WakeParameters,
    crop_vorticity,
    read_probe,
    simulate,
    strouhal_number,
)

SMALL = WakeParameters(
    diameter=6, height=6, snapshots=3, settle=30.0, upstream=2, downstream=10, speed=0.1
)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ODEGRAPH_CACHE", str(tmp_path))
    return tmp_path


@pytest.mark.slow
def test_the_default_wake_is_a_vortex_street():
    flow = wake.load()
    assert flow.vorticity.shape == (150, 40, 80)
    assert flow.vorticity.dtype == torch.float32
    assert 0.160 <= flow.strouhal <= 0.180
    fluctuation = flow.vorticity - flow.mean
    assert (fluctuation.std(dim=0) > 0).all()
    train, test = flow.snapshots().split()
    assert (len(train), len(test), train.features) == (100, 50, 3200)
    # Karman's street: half a period later the flow is its own mirror image, with opposite sign.
    half = round(0.5 / flow.strouhal / flow.sampling_period)
    mirrored = -flow.vorticity[half:].flip(1)
    difference = (mirrored - flow.vorticity[:-half]).norm() / flow.vorticity[:-half].norm()
    assert difference < 0.1
    # The flow is periodic: its fluctuations live in pairs of modes, the first pair carries most.
    energy = torch.linalg.svdvals(fluctuation.flatten(1)).square()
    assert (energy[:2].sum() / energy.sum()) > 0.75


@pytest.mark.slow
def test_the_strouhal_number_falls_as_the_channel_widens():
    few = WakeParameters(snapshots=3, settle=85.0)
    narrow, wide = (simulate(replace(few, height=height)).strouhal for height in (12, 20))
    assert 0.160 <= wide < narrow <= 0.180


def test_a_seed_gives_the_same_run_every_time_and_another_seed_another_one():
    first, again = simulate(SMALL).vorticity, simulate(SMALL).vorticity
    other = simulate(replace(SMALL, seed=1)).vorticity
    assert torch.equal(first, again)
    assert not torch.allclose(first, other, atol=1e-3)


def test_a_second_load_reads_the_cache(folder: Path, monkeypatch: pytest.MonkeyPatch):
    first = wake.load_wake(SMALL)
    monkeypatch.setattr("odegraph.data.wake.dataset.simulate", None)
    second = wake.load_wake(SMALL)
    assert torch.equal(first.vorticity, second.vorticity)
    assert first.strouhal == second.strouhal or math.isnan(first.strouhal)
    assert [path.suffix for path in folder.iterdir()] == [".npz"]


def test_progress_counts_to_the_total():
    seen: list[tuple[int, int]] = []
    simulate(SMALL, progress=lambda done, total: seen.append((done, total)))
    totals = {total for _, total in seen}
    assert len(totals) == 1
    assert [done for done, _ in seen] == list(range(1, totals.pop() + 1))


def test_the_paper_size_is_192_by_96():
    velocity = torch.zeros(2, *wake.PAPER_SIZE.shape)
    assert crop_vorticity(velocity, wake.PAPER_SIZE).shape == (96, 192)


def test_vorticity_of_a_rotation_is_twice_its_rate():
    parameters = WakeParameters()
    rows, columns = (torch.arange(n, dtype=torch.float64) for n in parameters.shape)
    rate = 0.001
    velocity = torch.stack(torch.broadcast_tensors(-rate * rows[:, None], rate * columns[None, :]))
    vorticity = crop_vorticity(velocity, parameters)
    assert_close(vorticity, torch.full((40, 80), 2 * rate * 10 / 0.05, dtype=torch.float64))


def test_a_reading_of_the_probe_does_not_keep_the_field():
    velocity = torch.rand(2, *WakeParameters().shape)
    reading = read_probe(velocity, WakeParameters())
    row, column = (int(x) for x in WakeParameters().centre)
    assert reading == velocity[1, row, column + 31]  # 3 diameters behind the centre
    assert reading.untyped_storage().nbytes() == reading.element_size()


def test_the_window_is_centred_on_the_axis():
    parameters = WakeParameters()
    offset = torch.arange(parameters.shape[0], dtype=torch.float64) - parameters.centre[0]
    shear = offset.square()[:, None].expand(parameters.shape)
    vorticity = crop_vorticity(torch.stack([shear, torch.zeros_like(shear)]), parameters)
    assert_close(vorticity, -vorticity.flip(0))


@pytest.mark.parametrize("frequency", [0.165, 0.2, 1.0])
def test_the_frequency_of_a_sine_is_found(frequency: float):
    signal = [math.sin(2 * math.pi * frequency * 0.05 * k + 0.3) for k in range(600)]
    assert_close(strouhal_number(signal, time_between=0.05), frequency, rtol=1e-3, atol=0)


def test_a_steady_signal_has_no_frequency():
    assert math.isnan(strouhal_number([0.1] * 20, time_between=0.05))


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("diameter", 4, "diameter `4`; it must be at least 6"),
        ("height", 3, "height `3`; it must be at least 6"),
        ("snapshots", 2, "snapshots `2`; it must be at least 3"),
        ("reynolds", float("nan"), "reynolds `nan`; it must be at least 1"),
        ("speed", 0.3, "speed `0.3`; it must be positive and at most 0.15"),
        ("magic", 0.0, "magic `0.0`; it must be positive"),
    ],
)
def test_parameters_that_cannot_work_are_refused(name: str, value: float, message: str):
    with pytest.raises(DataError, match=message):
        replace(SMALL, **{name: value})


def test_a_flow_that_blows_up_is_an_error_that_says_what_to_change():
    wild = replace(SMALL, reynolds=1e7, speed=0.15)
    with pytest.raises(DataError, match=r"blew up with .*reynolds.*Use a larger diameter"):
        simulate(wild)
