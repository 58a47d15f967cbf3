"""Residual units: from any `nn.Module` to a functional torch.fx graph."""

from odegraph.unit.around import Surroundings as Surroundings
from odegraph.unit.around import trace_around as trace_around
from odegraph.unit.draws import HeldDraws as HeldDraws
from odegraph.unit.draws import hold_draws as hold_draws
from odegraph.unit.fold_norms import FoldedUnit as FoldedUnit
from odegraph.unit.fold_norms import fold_norms as fold_norms
from odegraph.unit.residual import unit_of_layer as unit_of_layer
from odegraph.unit.split import SplitUnit as SplitUnit
from odegraph.unit.trace import trace_unit as trace_unit
from odegraph.unit.unit import Unit as Unit
