"""Data sets: exact trajectories and the readers of recorded ones."""

from odegraph.data.pendulum import Pendulum as Pendulum
from odegraph.data.pendulum import PendulumRate as PendulumRate
from odegraph.data.pendulum import Trajectory as Trajectory
