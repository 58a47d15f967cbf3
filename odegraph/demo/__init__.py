"""The demonstration: the pendulum experiment of Queiruga et al. (2020), from data to report."""

from odegraph.demo.run import Demonstration as Demonstration
from odegraph.demo.run import run as run
from odegraph.demo.training import Recipe as Recipe
