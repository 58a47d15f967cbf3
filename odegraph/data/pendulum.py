"""The plane pendulum theta'' = -(g / l) sin(theta), released at rest, in closed form.

With k = sin(amplitude / 2), m = k^2, w = sqrt(g / l) and Jacobi elliptic functions of (w t, m),

    sin(theta(t) / 2) = k cn / dn,        theta'(t) = -2 k w sqrt(1 - m) sn / dn,

and the period is 4 K(m) / w (Whittaker, Analytical Dynamics, 1937, section 44). Since
dn^2 = 1 - m + m cn^2, also tan(theta / 2) = k cn / sqrt(1 - m), which stays accurate up to pi.
Angles are in radians, times in seconds; a state is [theta, theta'].
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from scipy.special import ellipj, ellipkm1
from torch import Tensor, nn

from odegraph._errors import DataError


class Trajectory(NamedTuple):
    """States [time, 2] at the times [time] in seconds."""

    times: NDArray[np.float64]
    states: NDArray[np.float64]


@dataclass(frozen=True)
class Pendulum:
    """A pendulum released at rest at `amplitude` radians, 0 < amplitude < pi."""

    gravity_over_length: float = 9.81
    amplitude: float = 3 * math.pi / 4

    def __post_init__(self) -> None:
        require_positive("gravity_over_length", self.gravity_over_length, unit="1/s^2")
        if not 0 < self.amplitude < math.pi:
            raise DataError(
                f"The pendulum's amplitude is `{self.amplitude}`; it is an angle in radians "
                "between 0 and pi, both excluded. Use math.radians(135) for 135 degrees."
            )

    @property
    def period(self) -> float:
        """Seconds of one full swing."""
        complement = math.cos(self.amplitude / 2)
        return 4 * float(ellipkm1(complement**2)) / math.sqrt(self.gravity_over_length)

    def state(self, time: ArrayLike) -> NDArray[np.float64]:
        """[theta, theta'] at the given times in seconds: shape [*time.shape, 2]."""
        seconds = np.asarray(time, dtype=np.float64)
        if not np.isfinite(seconds).all():
            raise DataError(
                "The pendulum has no state at `nan` or `inf`; times are finite seconds."
            )
        frequency = math.sqrt(self.gravity_over_length)
        k, complement = math.sin(self.amplitude / 2), math.cos(self.amplitude / 2)
        sn, cn, _, _ = ellipj(frequency * seconds, k**2)
        dn = np.hypot(complement, k * cn)
        theta = 2 * np.arctan2(k * cn, complement)
        velocity = -2 * k * frequency * complement * sn / dn
        return np.stack([theta, velocity], axis=-1)

    def rate(self, state: ArrayLike) -> NDArray[np.float64]:
        """The right-hand side [theta', -(g / l) sin(theta)] of a state [..., 2]."""
        theta, velocity = np.moveaxis(np.asarray(state, dtype=np.float64), -1, 0)
        return np.stack([velocity, -self.gravity_over_length * np.sin(theta)], axis=-1)

    def energy(self, state: ArrayLike) -> NDArray[np.float64]:
        """theta'^2 / 2 - (g / l) cos(theta), the same along every trajectory."""
        theta, velocity = np.moveaxis(np.asarray(state, dtype=np.float64), -1, 0)
        return velocity**2 / 2 - self.gravity_over_length * np.cos(theta)

    def trajectory(self, *, duration: float = 10.0, step: float = 0.1) -> Trajectory:
        """States every `step` seconds from 0 to `duration`, both ends included."""
        require_positive("duration", duration, unit="s")
        require_positive("step", step, unit="s")
        count = round(duration / step)
        if count < 1 or not math.isclose(count * step, duration, rel_tol=1e-9):
            raise DataError(
                f"A duration of `{duration}` s is not a whole number of steps of `{step}` s. "
                f"Use duration={max(count, 1) * step:g}, or another step."
            )
        times = np.linspace(0.0, duration, count + 1)
        return Trajectory(times, self.state(times))


class PendulumRate(nn.Module):
    """The exact right-hand side as a unit: [theta, theta'] -> [theta', -(g / l) sin(theta)]."""

    def __init__(self, pendulum: Pendulum) -> None:
        super().__init__()
        self.gravity_over_length = pendulum.gravity_over_length

    def forward(self, state: Tensor) -> Tensor:
        """Rate [..., 2] of a state [..., 2]."""
        theta, velocity = state.unbind(-1)
        return torch.stack([velocity, -self.gravity_over_length * torch.sin(theta)], dim=-1)


def require_positive(name: str, value: float, *, unit: str) -> None:
    """Raise DataError unless the value is a positive finite number."""
    if not (math.isfinite(value) and value > 0):
        raise DataError(
            f"The pendulum's {name} is `{value}`; it must be a positive number ({unit})."
        )
