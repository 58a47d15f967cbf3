"""Pictures: step graphs, stability, tableaus, failing trees, whole pages, convergence."""

from odegraph.draw.backend import render_dot as render_dot
from odegraph.draw.convergence import Line as Line
from odegraph.draw.convergence import Panel as Panel
from odegraph.draw.convergence import draw_convergence as draw_convergence
from odegraph.draw.draw import draw as draw
from odegraph.draw.failing_tree import draw_failing_tree as draw_failing_tree
from odegraph.draw.page import draw_page as draw_page
from odegraph.draw.parameters_in_depth import (
    draw_parameters_in_depth as draw_parameters_in_depth,
)
from odegraph.draw.register_chart import draw_registers as draw_registers
from odegraph.draw.register_chart import draw_scheme_registers as draw_scheme_registers
from odegraph.draw.snapshots import draw_snapshots as draw_snapshots
from odegraph.draw.stability_region import draw_order_star as draw_order_star
from odegraph.draw.stability_region import draw_stability_region as draw_stability_region
from odegraph.draw.step_graph import draw_step_graph as draw_step_graph
from odegraph.draw.step_graph import to_dot as to_dot
from odegraph.draw.tableau import draw_tableau as draw_tableau
from odegraph.draw.tableau_latex import tableau_latex as tableau_latex
from odegraph.draw.view import every_step as every_step
from odegraph.draw.view import repeated_steps_left_out as repeated_steps_left_out
