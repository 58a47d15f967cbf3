"""The wake as a data set: computed once, then read from the cache."""

import dataclasses
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from odegraph.data.cache import Arrays, cached_arrays
from odegraph.data.snapshots import Snapshots, make_snapshots
from odegraph.data.wake.cylinder import Progress, WakeParameters, simulate

PAPER_SIZE = WakeParameters(diameter=24)
"""The size class of Erichson, Muehlebach and Mahoney (2019): 192 x 96 pixels, about 2 minutes."""


@dataclass(frozen=True, eq=False)
class Wake:
    """Vorticity in the wake of a cylinder, in units of U / D, and what it was computed with."""

    parameters: WakeParameters
    vorticity: Tensor  # [time, rows, columns], float32
    strouhal: float  # f D / U; NaN below the Reynolds number (about 47) where shedding begins

    @property
    def sampling_period(self) -> float:
        """Time between two snapshots in convective times D / U."""
        return self.parameters.sampling_period

    @property
    def mean(self) -> Tensor:
        """Mean over all snapshots: [rows, columns]."""
        return self.vorticity.mean(dim=0)

    def snapshots(self) -> Snapshots:
        """Return the vorticity as snapshots, to split in time and then to take the mean out of."""
        return make_snapshots(self.vorticity, name="The vorticity")


def load(
    diameter: int = 10,
    height: int = 12,
    seed: int = 0,
    *,
    reynolds: float = 100.0,
    snapshots: int = 150,
    device: str = "cpu",
    progress: Progress | None = None,
) -> Wake:
    """Return the wake of a cylinder of `diameter` cells in a channel `height` diameters high.

    The first call computes (about 10 s on one core for the default, 2 minutes for diameter 24),
    later ones read the cache. The window is 8 x 4 diameters behind the cylinder: [snapshots, 4 D,
    8 D]. A period of the vortex street has about 30 snapshots.
    """
    parameters = WakeParameters(
        diameter=diameter, height=height, seed=seed, reynolds=reynolds, snapshots=snapshots
    )
    return load_wake(parameters, device=device, progress=progress)


def load_wake(
    parameters: WakeParameters, *, device: str = "cpu", progress: Progress | None = None
) -> Wake:
    """Return the wake for any parameters, for example `PAPER_SIZE`."""

    def compute() -> Arrays:
        recording = simulate(parameters, device=device, progress=progress)
        return {
            "vorticity": recording.vorticity.numpy(),
            "strouhal": np.array(recording.strouhal),
        }

    arrays = cached_arrays("wake", dataclasses.asdict(parameters), compute=compute)
    vorticity = torch.from_numpy(arrays["vorticity"])
    return Wake(parameters, vorticity, float(arrays["strouhal"]))
