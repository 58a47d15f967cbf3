import math

import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from odegraph.data.wake.lattice_boltzmann import (
    DIRECTIONS,
    MIRRORED,
    OPPOSITE,
    WEIGHTS,
    Flow,
    Fringe,
    collision_matrix,
    equilibrium_matrix,
    moment_matrix,
    streaming_sources,
)

NO_FRINGE = Fringe(torch.zeros(1), speed=0.0)


def obstacle(rows: int = 7, columns: int = 9) -> Tensor:
    solid = torch.zeros(rows, columns, dtype=torch.bool)
    solid[2:4, 3:6] = True
    return solid


def test_the_tables_agree_with_the_directions():
    assert torch.equal(DIRECTIONS[OPPOSITE], -DIRECTIONS)
    assert torch.equal(DIRECTIONS[MIRRORED], DIRECTIONS * torch.tensor([1, -1]))
    moments = torch.einsum("i,ix,iy->xy", WEIGHTS, DIRECTIONS.double(), DIRECTIONS.double())
    assert_close(moments, torch.eye(2, dtype=torch.float64) / 3)


@pytest.mark.parametrize("magic", [0.02, 3 / 16, 1 / 4])
def test_collision_conserves_mass_and_momentum(magic: float):
    populations = torch.rand(12, 20, dtype=torch.float64)
    after = collision_matrix(0.01, magic) @ populations
    assert_close(moment_matrix() @ after, moment_matrix() @ populations[:9])


def test_collision_relaxes_both_parts_towards_the_equilibrium():
    viscosity, magic = 0.01, 0.02
    f = torch.rand(9, dtype=torch.float64) / 10
    density, jx, jy = (moment_matrix() @ f).tolist()
    after = collision_matrix(viscosity, magic) @ torch.cat(
        [f, torch.tensor([jx * jx, jx * jy, jy * jy]).double()]
    )
    tau_even = 3 * viscosity + 0.5
    tau_odd = magic / (tau_even - 0.5) + 0.5
    for i, (ex, ey) in enumerate(DIRECTIONS.tolist()):
        along = ex * jx + ey * jy
        even = density + 4.5 * along**2 - 1.5 * (jx**2 + jy**2)
        opposite = int(OPPOSITE[i])
        expected = (
            f[i]
            - ((f[i] + f[opposite]) / 2 - WEIGHTS[i] * even) / tau_even
            - ((f[i] - f[opposite]) / 2 - WEIGHTS[i] * 3 * along) / tau_odd
        )
        assert_close(after[i], expected)


def test_an_equilibrium_does_not_change():
    jx, jy = 0.07, -0.03
    moments = torch.tensor([0.01, jx, jy, jx * jx, jx * jy, jy * jy], dtype=torch.float64)
    f = equilibrium_matrix() @ moments
    assert_close(collision_matrix(0.02, 0.02) @ torch.cat([f, moments[3:]]), f)


def stream_slowly(populations: Tensor, solid: Tensor) -> Tensor:
    """Push every population of the fluid to where it goes, one at a time."""
    rows, columns = solid.shape
    after = populations.clone()
    for i, (ex, ey) in enumerate(DIRECTIONS.tolist()):
        for y in range(rows):
            for x in range(columns):
                if solid[y, x]:
                    continue
                to_x, to_y, to_i = (x + ex) % columns, y + ey, i
                if not 0 <= to_y < rows:
                    to_y, to_i = y, int(MIRRORED[i])
                if solid[to_y, to_x]:
                    to_x, to_y, to_i = x, y, int(OPPOSITE[i])
                after[to_i, to_y, to_x] = populations[i, y, x]
    return after


def test_streaming_moves_every_population_of_the_fluid_to_its_place():
    solid = obstacle()
    populations = torch.rand(9, *solid.shape)
    sources = streaming_sources(solid)
    streamed = populations.flatten()[sources.long()].reshape(populations.shape)
    assert torch.equal(streamed[:, ~solid], stream_slowly(populations, solid)[:, ~solid])
    fluid = (~solid).expand(9, -1, -1).flatten()
    assert torch.equal(sources[fluid].long().sort().values, fluid.nonzero().squeeze(1))


@pytest.mark.parametrize("magic", [0.02, 3 / 16])
def test_a_shear_wave_decays_with_the_viscosity(magic: float):
    viscosity, rows, steps = 0.05, 32, 400
    wave = torch.cos(math.pi * (torch.arange(rows, dtype=torch.float64) + 0.5) / rows)
    u = 0.05 * wave[:, None].expand(rows, 3)
    zero = torch.zeros_like(u)
    populations = torch.tensordot(
        equilibrium_matrix(), torch.stack([zero, u, zero, u * u, zero, zero]), dims=1
    )
    flow = Flow(
        populations,
        collision=collision_matrix(viscosity, magic),
        solid=torch.zeros(rows, 3, dtype=torch.bool),
        fringe=NO_FRINGE,
    )
    for _ in range(steps):
        flow.step()
    decay = math.exp(-viscosity * (math.pi / rows) ** 2 * steps)
    assert_close(flow.velocity()[0], u * decay, rtol=5e-3, atol=1e-5)


def test_a_step_conserves_mass_and_the_fringe_restores_the_stream():
    solid = obstacle(rows=12, columns=60).roll(15, dims=1)
    still = torch.zeros(9, 12, 60, dtype=torch.float64)
    flow = Flow(
        still,
        collision=collision_matrix(0.1, 0.02),
        solid=solid,
        fringe=Fringe(torch.full((20,), 0.1), speed=0.05),
    )
    for _ in range(800):
        flow.step()
    fluid = ~solid.flatten()
    assert abs(flow.populations[:, fluid].sum().item()) < 1e-10
    velocity = flow.velocity()[:, :, -1]
    assert_close(velocity[0].mean().item(), 0.05, rtol=0.05, atol=0)
    assert velocity[1].abs().max() < 0.001
