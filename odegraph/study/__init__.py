"""Studies of learned dynamics: one sequence, several kinds of models, baselines, one report.

The library's models own no training loop; this layer, like `demo`, sits above them for the command
line and the examples, with a loop of its own for full batches, which needs nothing but torch.
"""

from odegraph.study.problem import Problem as Problem
from odegraph.study.problem import make_problem as make_problem
from odegraph.study.recipe import KINDS as KINDS
from odegraph.study.recipe import Recipe as Recipe
from odegraph.study.run import Study as Study
from odegraph.study.run import run_study as run_study
