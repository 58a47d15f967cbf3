import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from odegraph._errors import DataError
from odegraph.data.pendulum import Pendulum, PendulumRate

amplitudes = st.floats(0.01, 3.13)
gravities = st.floats(0.1, 100.0)


def test_state_at_two_seconds():
    expected = [-1.5166699044707461, 3.864566857572245]
    np.testing.assert_allclose(Pendulum().state(2.0), expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("amplitude", [0.01, 1.0, math.radians(135), 3.0])
def test_closed_form_agrees_with_a_tight_integration(amplitude: float):
    pendulum = Pendulum(amplitude=amplitude)
    times, states = pendulum.trajectory(duration=10, step=0.1)
    solution = solve_ivp(
        lambda _, state: pendulum.rate(state),
        (0, 10),
        [amplitude, 0.0],
        method="DOP853",
        t_eval=times,
        rtol=1e-13,
        atol=1e-13,
    )
    np.testing.assert_allclose(states, solution.y.T, rtol=0, atol=1e-9)


@given(amplitude=amplitudes, gravity=gravities)
def test_energy_is_conserved(amplitude: float, gravity: float):
    pendulum = Pendulum(gravity_over_length=gravity, amplitude=amplitude)
    energy = pendulum.energy(pendulum.state(np.linspace(0, 10, 101)))
    np.testing.assert_allclose(energy, energy[0], rtol=0, atol=1e-14 * gravity)


@given(amplitude=amplitudes, gravity=gravities, time=st.floats(0, 5))
def test_motion_repeats_after_a_period_and_is_mirrored_after_half(
    amplitude: float, gravity: float, time: float
):
    pendulum = Pendulum(gravity_over_length=gravity, amplitude=amplitude)
    later = pendulum.state([time, time + pendulum.period / 2, time + pendulum.period])
    scale = 1e-11 * (1 + pendulum.period) * (1 + gravity)
    np.testing.assert_allclose(later[1], -later[0], rtol=0, atol=scale)
    np.testing.assert_allclose(later[2], later[0], rtol=0, atol=scale)


@given(amplitude=amplitudes)
def test_starts_at_rest_at_the_amplitude(amplitude: float):
    np.testing.assert_allclose(
        Pendulum(amplitude=amplitude).state(0.0), [amplitude, 0.0], atol=1e-12
    )


def test_rate_is_the_same_in_numpy_and_torch_and_is_the_derivative_of_the_state():
    pendulum = Pendulum()
    states = pendulum.trajectory().states
    rate = PendulumRate(pendulum)(torch.from_numpy(states)).numpy()
    np.testing.assert_allclose(rate, pendulum.rate(states), rtol=1e-15)
    difference = (pendulum.state(1.0 + 1e-5) - pendulum.state(1.0 - 1e-5)) / 2e-5
    np.testing.assert_allclose(difference, pendulum.rate(pendulum.state(1.0)), rtol=1e-8)


def test_trajectory_includes_both_ends():
    times, states = Pendulum().trajectory(duration=1, step=0.1)
    assert times.shape == (11,)
    assert states.shape == (11, 2)
    assert (times[0], times[-1]) == (0.0, 1.0)


@pytest.mark.parametrize("amplitude", [0.0, -1.0, math.pi, 135.0, math.nan])
def test_amplitude_out_of_range_is_refused(amplitude: float):
    with pytest.raises(
        DataError, match=r"amplitude is `.*`; it is an angle in radians .*math.radians"
    ):
        Pendulum(amplitude=amplitude)


def test_other_bad_input_is_refused():
    with pytest.raises(
        DataError, match=r"gravity_over_length is `-1`; it must be a positive number"
    ):
        Pendulum(gravity_over_length=-1)
    with pytest.raises(DataError, match=r"no state at `nan` or `inf`"):
        Pendulum().state([0.0, math.nan])
    with pytest.raises(DataError, match=r"duration is `inf`; it must be a positive number"):
        Pendulum().trajectory(duration=math.inf)
    with pytest.raises(DataError, match=r"step is `0`; it must be a positive number"):
        Pendulum().trajectory(step=0)
    with pytest.raises(
        DataError, match=r"`1` s is not a whole number of steps of `0.3` s. Use duration=0.9"
    ):
        Pendulum().trajectory(duration=1, step=0.3)
