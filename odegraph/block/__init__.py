"""Blocks: compiled manifestations as `nn.Module`s, and operations on models that contain them."""

from odegraph.block.baked_block import BakedBlock as BakedBlock
from odegraph.block.baked_block import keep_norms as keep_norms
from odegraph.block.bases import coarsen as coarsen
from odegraph.block.bases import interpolate as interpolate
from odegraph.block.bases import split as split
from odegraph.block.checkpoint import load as load
from odegraph.block.checkpoint import read_description as read_description
from odegraph.block.checkpoint import save as save
from odegraph.block.dense_output import DenseOutput as DenseOutput
from odegraph.block.dense_output import dense_output as dense_output
from odegraph.block.emission import emit_python as emit_python
from odegraph.block.execution import Execution as Execution
from odegraph.block.ode_block import OdeBlock as OdeBlock
from odegraph.block.optimizer import transfer_optimizer as transfer_optimizer
from odegraph.block.optimizer import weight_penalty as weight_penalty
from odegraph.block.projection_report import ProjectionReport as ProjectionReport
from odegraph.block.projection_report import SlotError as SlotError
from odegraph.block.projection_report import projection_report as projection_report
from odegraph.block.transform import bake as bake
from odegraph.block.transform import manifest as manifest
from odegraph.block.transform import project as project
from odegraph.block.transform import refine as refine
from odegraph.block.transform import with_execution as with_execution
from odegraph.block.units_in_depth import block_of_units as block_of_units
