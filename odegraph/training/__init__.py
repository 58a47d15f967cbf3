"""Training with Lightning: needs the extra `odegraph[train]`."""

from odegraph.training.refine_on_schedule import RefineOnSchedule as RefineOnSchedule
