"""A lattice-Boltzmann solver in two dimensions: nine populations a cell, D2Q9.

Collision relaxes the even and the odd part of the populations at two rates (Ginzburg, Verhaeghe and
d'Humieres 2008) towards the incompressible equilibrium of He and Luo (1997). It is linear in the
populations and in the three products of the momentum, hence one matrix product [9, 12] x [12,
cells] a step. Streaming, with bounce-back at solid cells (Ladd 1994) and mirrors at the walls,
copies every population from exactly one place, hence one gather a step.

Populations are stored without their rest weights: float32 then resolves a velocity of 0.1 to 1e-7.
Lattice units throughout: a cell and a time step are 1, the sound speed is 1 / sqrt(3).
"""

from dataclasses import dataclass

import torch
from torch import Tensor

DIRECTIONS = torch.tensor(
    [[0, 0], [1, 0], [0, 1], [-1, 0], [0, -1], [1, 1], [-1, 1], [-1, -1], [1, -1]]
)  # [9, (x, y)]
OPPOSITE = torch.tensor([0, 3, 4, 1, 2, 7, 8, 5, 6])
MIRRORED = torch.tensor([0, 1, 4, 3, 2, 8, 7, 6, 5])  # y -> -y
WEIGHTS = torch.tensor([16, 4, 4, 4, 4, 1, 1, 1, 1], dtype=torch.float64) / 36


def equilibrium_matrix() -> Tensor:
    """Return the equilibrium as a matrix [9, 6] on (rho - 1, jx, jy, jx^2, jx jy, jy^2).

    w_i (rho - 1 + 3 e_i.j + 9/2 (e_i.j)^2 - 3/2 j.j), without the rest weights w_i
    """
    x, y = DIRECTIONS.double().unbind(dim=1)
    columns = [
        torch.ones(9, dtype=torch.float64),
        3 * x,
        3 * y,
        4.5 * x * x - 1.5,
        9 * x * y,
        4.5 * y * y - 1.5,
    ]
    return WEIGHTS[:, None] * torch.stack(columns, dim=1)


def moment_matrix() -> Tensor:
    """Map the populations of a cell to (rho - 1, jx, jy): [3, 9]."""
    return torch.cat([torch.ones(1, 9, dtype=torch.float64), DIRECTIONS.double().mT])


def collision_matrix(viscosity: float, magic: float) -> Tensor:
    """Collide nine populations with their products (jx^2, jx jy, jy^2): a matrix [9, 12].

    f - (f+ - e+) / tau+ - (f- - e-) / tau-, with viscosity = (tau+ - 1/2) / 3 for the even part and
    magic = (tau+ - 1/2) (tau- - 1/2) for the odd part.
    """
    tau_even = 3 * viscosity + 0.5
    tau_odd = magic / (tau_even - 0.5) + 0.5
    identity = torch.eye(9, dtype=torch.float64)
    flip = identity[OPPOSITE]
    relax = (identity + flip) / (2 * tau_even) + (identity - flip) / (2 * tau_odd)
    equilibrium = equilibrium_matrix()
    linear = identity - relax + relax @ equilibrium[:, :3] @ moment_matrix()
    return torch.cat([linear, relax @ equilibrium[:, 3:]], dim=1)


def streaming_sources(solid: Tensor) -> Tensor:
    """Index where each population comes from: int32 [9 * cells]; `solid` is [rows, columns].

    Columns are periodic. A population that would come out of a solid cell is the opposite one of
    the same cell before streaming (no slip at half way); one that would come through the top or
    bottom is the mirrored one beside it (free slip).
    """
    rows, columns = solid.shape
    y, x = torch.meshgrid(torch.arange(rows), torch.arange(columns), indexing="ij")
    sources = [_sources_of(direction, solid, x=x, y=y) for direction in range(9)]
    return torch.stack(sources).flatten().int()


def _sources_of(direction: int, solid: Tensor, *, x: Tensor, y: Tensor) -> Tensor:
    rows, columns = solid.shape
    step_x, step_y = DIRECTIONS[direction].tolist()
    from_x, from_y = (x - step_x) % columns, y - step_y
    outside = (from_y < 0) | (from_y >= rows)
    from_y = torch.where(outside, y, from_y)
    came_as = torch.where(outside, MIRRORED[direction], direction)
    blocked = solid[from_y, from_x] | solid
    came_as = torch.where(blocked, OPPOSITE[direction], came_as)
    from_x, from_y = torch.where(blocked, x, from_x), torch.where(blocked, y, from_y)
    return (came_as * rows + from_y) * columns + from_x


@dataclass(frozen=True)
class Fringe:
    """The last columns, where a body force draws the momentum to (speed, 0).

    Nordstrom, Nordin and Henningson (1999). With periodic columns it is outlet, inlet and sound
    absorber in one, and it conserves mass.
    """

    strength: Tensor  # [width], the part of the way taken each step
    speed: float


class Flow:
    """A flow in time: populations [9, rows, columns], and the buffers that a step reuses."""

    def __init__(
        self, populations: Tensor, *, collision: Tensor, solid: Tensor, fringe: Fringe
    ) -> None:
        dtype, device = populations.dtype, populations.device
        rows, columns = solid.shape
        self.populations = populations.reshape(9, -1).clone()
        self._collision = collision.to(device, dtype)
        self._moments = moment_matrix()[1:].to(device, dtype)
        self._sources = streaming_sources(solid.cpu()).to(device)
        self._input = torch.empty(12, rows * columns, dtype=dtype, device=device)
        self._strength = fringe.strength.to(device, dtype)
        self._free_stream = torch.tensor([fringe.speed, 0.0], dtype=dtype, device=device)
        self._push = equilibrium_matrix()[:, 1:3].to(device, dtype)
        self._shape = (rows, columns)

    def step(self) -> None:
        """Advance by one time step: collide, draw the fringe to the free stream, stream."""
        populations, products = self._input[:9], self._input[9:]
        torch.index_select(self.populations.view(-1), 0, self._sources, out=populations.view(-1))
        jx, jy = self._moments @ populations
        torch.mul(jx, jx, out=products[0])
        torch.mul(jx, jy, out=products[1])
        torch.mul(jy, jy, out=products[2])
        torch.mm(self._collision, self._input, out=self.populations)
        self._force_fringe()

    def velocity(self) -> Tensor:
        """Return the velocity (u, v) of every cell: [2, rows, columns]."""
        return (self._moments @ self.populations).reshape(2, *self._shape)

    def _force_fringe(self) -> None:
        fringe = self.populations.view(9, *self._shape)[:, :, -len(self._strength) :]
        momentum = torch.tensordot(self._moments, fringe, dims=1)
        force = self._strength * (self._free_stream[:, None, None] - momentum)
        fringe += torch.tensordot(self._push, force, dims=1)
