"""Pictures: step graphs, stability regions, tableaus, convergence."""

from odegraph.draw.backend import render_dot as render_dot
