"""What a trained model is: convergence test, verdict."""

from odegraph.diagnostics.adapt_grid import adapt_grid as adapt_grid
from odegraph.diagnostics.convergence import ConvergenceReport as ConvergenceReport
from odegraph.diagnostics.convergence import crossing_table as crossing_table
from odegraph.diagnostics.convergence import measure_curves as measure_curves
from odegraph.diagnostics.convergence import plot_reports as plot_reports
from odegraph.diagnostics.convergence import summary_table as summary_table
from odegraph.diagnostics.depth import DepthProfile as DepthProfile
from odegraph.diagnostics.depth import state_changes as state_changes
from odegraph.diagnostics.depth import theta_norms as theta_norms
from odegraph.diagnostics.drift import Drift as Drift
from odegraph.diagnostics.drift import DriftReport as DriftReport
from odegraph.diagnostics.drift import drift_report as drift_report
from odegraph.diagnostics.error_curve import ErrorCurve as ErrorCurve
from odegraph.diagnostics.of_model import convergence_test as convergence_test
from odegraph.diagnostics.of_model import end_point_distance as end_point_distance
from odegraph.diagnostics.of_model import error_rate as error_rate
from odegraph.diagnostics.search import ManifestationResult as ManifestationResult
from odegraph.diagnostics.search import ManifestationSearch as ManifestationSearch
from odegraph.diagnostics.search import search_manifestations as search_manifestations
from odegraph.diagnostics.search import try_manifestations as try_manifestations
from odegraph.diagnostics.stability import StabilityReport as StabilityReport
from odegraph.diagnostics.stability import stability_report as stability_report
from odegraph.diagnostics.verdict import Criteria as Criteria
from odegraph.diagnostics.verdict import Finding as Finding
from odegraph.diagnostics.verdict import Verdict as Verdict
from odegraph.diagnostics.verdict import judge as judge
