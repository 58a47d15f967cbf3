"""Passes: step graph to step graph, always a new one."""

from odegraph.passes.as_discrete_map import as_discrete_map as as_discrete_map
from odegraph.passes.batch_stages import batch_stages as batch_stages
from odegraph.passes.batch_stages import evaluate_apart as evaluate_apart
from odegraph.passes.collapse_linear import collapse_linear as collapse_linear
from odegraph.passes.discrete_adjoint import Adjoint as Adjoint
from odegraph.passes.discrete_adjoint import discrete_adjoint as discrete_adjoint
from odegraph.passes.draw_once_a_step import draw_once_a_step as draw_once_a_step
from odegraph.passes.drop_dead import drop_dead as drop_dead
from odegraph.passes.order_registers import order_registers as order_registers
from odegraph.passes.pipeline import DEFAULT_PASSES as DEFAULT_PASSES
from odegraph.passes.pipeline import Pass as Pass
from odegraph.passes.pipeline import run_passes as run_passes
from odegraph.passes.registers import Registers as Registers
from odegraph.passes.registers import registers as registers
from odegraph.passes.separate_products import separate_products as separate_products
from odegraph.passes.share_stages import share_stages as share_stages
from odegraph.passes.simplify import simplify as simplify
from odegraph.passes.spell_out_stages import spell_out_stages as spell_out_stages
from odegraph.passes.tabulate_theta import Tabulation as Tabulation
from odegraph.passes.tabulate_theta import tabulate_pairs as tabulate_pairs
from odegraph.passes.tabulate_theta import tabulate_parameters as tabulate_parameters
from odegraph.passes.tabulate_theta import tabulate_theta as tabulate_theta
from odegraph.passes.track_statistics import track_statistics as track_statistics
