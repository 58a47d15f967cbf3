"""The intermediate representation: manifestations and their step graphs."""

from odegraph.ir.build import OrderLossWarning as OrderLossWarning
from odegraph.ir.build import build_step_graph as build_step_graph
from odegraph.ir.check import check as check
from odegraph.ir.embedded import build_error_graph as build_error_graph
from odegraph.ir.graph import StepGraph as StepGraph
from odegraph.ir.graph import parts_of as parts_of
from odegraph.ir.graph import renamed as renamed
from odegraph.ir.graph import step_graph as step_graph
from odegraph.ir.manifestation import Manifestation as Manifestation
from odegraph.ir.manifestation import checked_span as checked_span
from odegraph.ir.manifestation import manifestation as manifestation
from odegraph.ir.manifestation import manifestation_from_dict as manifestation_from_dict
from odegraph.ir.manifestation import statistics_basis as statistics_basis
from odegraph.ir.manifestation import uniform_grid as uniform_grid
from odegraph.ir.nodes import Combine as Combine
from odegraph.ir.nodes import Edge as Edge
from odegraph.ir.nodes import Evaluate as Evaluate
from odegraph.ir.nodes import Input as Input
from odegraph.ir.nodes import Node as Node
from odegraph.ir.nodes import Output as Output
from odegraph.ir.nodes import Row as Row
from odegraph.ir.nodes import Theta as Theta
from odegraph.ir.nodes import Update as Update
from odegraph.ir.statistics import StatisticsUpdate as StatisticsUpdate
from odegraph.ir.statistics import least_squares_update as least_squares_update
from odegraph.ir.text import to_text as to_text
