"""Pictures: step graphs, stability regions, tableaus, convergence."""

from odegraph.draw.backend import render_dot as render_dot
from odegraph.draw.convergence import Line as Line
from odegraph.draw.convergence import Panel as Panel
from odegraph.draw.convergence import draw_convergence as draw_convergence
from odegraph.draw.stability_region import draw_order_star as draw_order_star
from odegraph.draw.stability_region import draw_stability_region as draw_stability_region
from odegraph.draw.tableau import draw_tableau as draw_tableau
from odegraph.draw.tableau import tableau_latex as tableau_latex
