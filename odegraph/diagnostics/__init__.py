"""What a trained model is: convergence test, verdict."""

from odegraph.diagnostics.convergence import ConvergenceReport as ConvergenceReport
from odegraph.diagnostics.convergence import measure_curves as measure_curves
from odegraph.diagnostics.convergence import plot_reports as plot_reports
from odegraph.diagnostics.convergence import summary_table as summary_table
from odegraph.diagnostics.error_curve import ErrorCurve as ErrorCurve
from odegraph.diagnostics.verdict import Criteria as Criteria
from odegraph.diagnostics.verdict import Finding as Finding
from odegraph.diagnostics.verdict import Verdict as Verdict
from odegraph.diagnostics.verdict import judge as judge
