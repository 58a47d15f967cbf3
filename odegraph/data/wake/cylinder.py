"""Flow past a circular cylinder: geometry, start, and the run that records the wake."""

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from itertools import pairwise

import torch
from torch import Tensor

from odegraph._errors import DataError
from odegraph.data.wake.lattice_boltzmann import (
    Flow,
    Fringe,
    collision_matrix,
    equilibrium_matrix,
)

CROP_START, CROP_LENGTH, CROP_HEIGHT = 0.75, 8, 4  # in diameters, from the centre of the cylinder
FRINGE_LENGTH = 4  # diameters
FRINGE_STRENGTH = 0.1  # part of the way to the free stream, a time step
PROBE = 3.0  # diameters behind the centre, on the axis
PROBES_A_SNAPSHOT = 4
STROUHAL_WINDOW = 30.0  # convective times at the end of the run: about five periods

Progress = Callable[[int, int], None]


@dataclass(frozen=True, kw_only=True)
class WakeParameters:
    """What determines a run; lengths in diameters D, times in convective times D / U.

    The channel is `height` high with free-slip walls; the free stream comes in `upstream` before
    the centre of the cylinder and is restored `downstream` behind it. `speed` is U in lattice
    units, a Mach number of sqrt(3) U: at 0.05 a standing sound wave across the channel is twice as
    fast as the vortex street; at 0.1 the two resonate when the channel is 20 diameters high.
    `magic` is the product of the two relaxation times (less 1/2 each); 0.02 is stable down to 10
    cells a diameter.
    """

    diameter: int = 10
    height: int = 12
    seed: int = 0
    reynolds: float = 100.0
    snapshots: int = 150
    interval: float = 0.2
    settle: float = 70.0
    upstream: int = 8
    downstream: int = 14
    speed: float = 0.05
    magic: float = 0.02

    def __post_init__(self) -> None:
        for name, least, why in _LEAST:
            if not getattr(self, name) >= least:
                raise DataError(
                    f"The wake has {name} `{getattr(self, name)}`; it must be at least {least}: "
                    f"{why}."
                )
        if not 0 < self.speed <= 0.15:
            raise DataError(
                f"The wake has speed `{self.speed}`; it must be positive and at most 0.15, or the "
                "flow is not incompressible."
            )
        if not self.magic > 0:
            raise DataError(f"The wake has magic `{self.magic}`; it must be positive.")

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of the whole lattice."""
        length = self.upstream + self.downstream + FRINGE_LENGTH
        return self.height * self.diameter, length * self.diameter

    @property
    def centre(self) -> tuple[float, float]:
        """Row and column of the cylinder."""
        return (self.shape[0] - 1) / 2, self.upstream * self.diameter - 0.5

    @property
    def probe_steps(self) -> int:
        """Time steps between two readings of the probe."""
        return max(1, round(self.interval * self.diameter / self.speed / PROBES_A_SNAPSHOT))

    @property
    def sampling_period(self) -> float:
        """Time between two snapshots, a whole number of steps, in convective times."""
        return PROBES_A_SNAPSHOT * self.probe_steps * self.speed / self.diameter


_LEAST = (
    ("diameter", 6, "a coarser cylinder is not round"),
    ("height", 6, "the recorded window is 4 diameters high and needs room"),
    ("seed", 0, "it seeds a generator"),
    ("reynolds", 1, "the viscosity would be too large for the lattice"),
    ("snapshots", 3, "dynamics cannot be seen in fewer"),
    ("interval", 0.01, "there are no time steps in between"),
    ("settle", 30, "the Strouhal number is measured over 30 convective times"),
    ("upstream", 2, "the free stream must reach the cylinder"),
    ("downstream", 10, "the recorded window ends 8.75 diameters behind the centre"),
)


@dataclass(frozen=True, eq=False)
class Recording:
    """Vorticity [time, rows, columns] in units of U / D, and the Strouhal number f D / U."""

    vorticity: Tensor
    strouhal: float


def simulate(
    parameters: WakeParameters, *, device: str = "cpu", progress: Progress | None = None
) -> Recording:
    """Let the flow settle, then record; `progress` is told the snapshots done and the total.

    The settling time counts as snapshots that are not kept.
    """
    with torch.inference_mode():
        flow = make_flow(parameters, device=device)
        settling = round(parameters.settle / parameters.sampling_period)
        total = settling + parameters.snapshots
        probe, vorticity = [], []
        for snapshot in range(total):
            for _ in range(PROBES_A_SNAPSHOT):
                for _ in range(parameters.probe_steps):
                    flow.step()
                probe.append(read_probe(flow.velocity(), parameters))
            if snapshot >= settling:
                vorticity.append(crop_vorticity(flow.velocity(), parameters))
            if progress is not None:
                progress(snapshot + 1, total)
        recorded = torch.stack(vorticity).cpu()
    _refuse_divergence(recorded, parameters)
    time_between = parameters.sampling_period / PROBES_A_SNAPSHOT
    window = round(STROUHAL_WINDOW / time_between)
    return Recording(
        torch.from_numpy(recorded.numpy()),
        strouhal_number(torch.stack(probe)[-window:].cpu().tolist(), time_between=time_between),
    )


def make_flow(parameters: WakeParameters, *, device: str = "cpu") -> Flow:
    """Place the cylinder in a uniform stream, with seeded gusts behind it to start the shedding."""
    distance = _distance(parameters, *parameters.centre)
    solid = distance < parameters.diameter / 2
    velocity = torch.stack(
        [torch.full_like(distance, parameters.speed), _perturbation(parameters)]
    ).masked_fill(solid, 0.0)
    u, v = velocity
    moments = torch.stack([torch.zeros_like(u), u, v, u * u, u * v, v * v])
    ramp = torch.linspace(0, math.pi, FRINGE_LENGTH * parameters.diameter, dtype=torch.float64)
    viscosity = parameters.speed * parameters.diameter / parameters.reynolds
    return Flow(
        torch.tensordot(equilibrium_matrix(), moments, dims=1).to(device, torch.float32),
        collision=collision_matrix(viscosity, parameters.magic),
        solid=solid,
        fringe=Fringe(FRINGE_STRENGTH * ramp.sin().square(), parameters.speed),
    )


def crop_vorticity(velocity: Tensor, parameters: WakeParameters) -> Tensor:
    """Vorticity dv/dx - du/dy in units of U / D by central differences, in the recorded window.

    The window begins behind the cylinder, so that every pixel is fluid: 4 D rows, 8 D columns.
    """
    size, (row, column) = parameters.diameter, parameters.centre
    top = round(row - CROP_HEIGHT * size / 2 + 0.5)
    left = math.ceil(column + CROP_START * size)
    u, v = velocity[
        :, top - 1 : top + CROP_HEIGHT * size + 1, left - 1 : left + CROP_LENGTH * size + 1
    ]
    vorticity = (v[1:-1, 2:] - v[1:-1, :-2] - u[2:, 1:-1] + u[:-2, 1:-1]) / 2
    return vorticity * (size / parameters.speed)


def strouhal_number(signal: list[float], *, time_between: float) -> float:
    """Frequency of a signal from its upward zero crossings, interpolated; NaN if there is one."""
    crossings = [
        (k + before / (before - after)) * time_between
        for k, (before, after) in enumerate(pairwise(signal))
        if before < 0 <= after
    ]
    if len(crossings) < 2:
        return math.nan
    return (len(crossings) - 1) / (crossings[-1] - crossings[0])


def read_probe(velocity: Tensor, parameters: WakeParameters) -> Tensor:
    """The transverse velocity 3 diameters behind the cylinder, on the axis: a scalar."""
    row, column = parameters.centre
    # A copy: a view would keep the velocity of the whole channel, gigabytes over a run.
    return velocity[1, int(row), round(column + PROBE * parameters.diameter)].clone()


def _distance(parameters: WakeParameters, row: float, column: float) -> Tensor:
    rows, columns = (torch.arange(n, dtype=torch.float64) for n in parameters.shape)
    return torch.hypot(rows[:, None] - row, columns[None, :] - column)


def _perturbation(parameters: WakeParameters) -> Tensor:
    """Four transverse gusts of up to 0.3 U and width 0.75 D at seeded places 1 to 4 D behind."""
    generator = torch.Generator().manual_seed(parameters.seed)
    draws = torch.rand(4, 3, generator=generator, dtype=torch.float64).tolist()
    row, column = parameters.centre
    size, total = parameters.diameter, torch.zeros(parameters.shape, dtype=torch.float64)
    for along, across, strength in draws:
        distance = _distance(
            parameters, row + (across - 0.5) * size, column + (1 + 3 * along) * size
        )
        gust = torch.exp(-((distance / (0.75 * size)).square()) / 2)
        total += 0.3 * parameters.speed * (2 * strength - 1) * gust
    return total


def _refuse_divergence(vorticity: Tensor, parameters: WakeParameters) -> None:
    if not bool(torch.isfinite(vorticity).all()):
        raise DataError(
            f"The flow blew up with `{asdict(parameters)}`. Use a larger diameter, a smaller "
            "Reynolds number, or the default speed and magic parameter."
        )
