"""Schemes side by side: the numbers by which one chooses between them.

Costs count evaluations of the unit: with s stages, N evaluations in a unit of time are steps of
s / N, and the leading error of a method of order p is (s^p norm) / N^p.
"""

from collections.abc import Mapping

from odegraph.scheme import RungeKuttaScheme, Scheme
from odegraph.scheme.analysis.facts import number_text
from odegraph.scheme.summary import scheme_facts

# Only what several kinds have, in the order of a reader's questions.
SHARED = (
    "kind",
    "stages",
    "order",
    "embedded order",
    "stage order",
    "explicit",
    "A-stable",
    "L-stable",
    "symplectic",
    "symmetric",
    "first same as last",
    "sequential depth",
    "real stability interval",
    "imaginary stability interval",
    "oscillator stability interval",
    "A(alpha) angle in degrees",
    "SSP coefficient",
    "principal error norm",
    "error constant",
)
DIGITS = 6


def comparison(schemes: Mapping[str, Scheme]) -> dict[str, dict[str, object]]:
    """For each scheme the shared facts, and what they come to per evaluation."""
    rows = {name: _row(scheme) for name, scheme in schemes.items()}
    asked = [label for label in _labels() if any(label in row for row in rows.values())]
    return {name: {label: row.get(label) for label in asked} for name, row in rows.items()}


def _labels() -> tuple[str, ...]:
    return (*SHARED, *_PER_EVALUATION)


_PER_EVALUATION = (
    "real interval per stage",
    "imaginary interval per stage",
    "error norm per evaluation (s^p norm)",
)


def _row(scheme: Scheme) -> dict[str, object]:
    facts = scheme_facts(scheme)
    row = {label: facts[label] for label in SHARED if label in facts}
    if isinstance(scheme, RungeKuttaScheme):
        analysis, stages = scheme.analysis, scheme.stages
        norm = analysis.principal_error.decimal_norm * stages**scheme.order
        values = (
            number_text(analysis.real_stability_interval / stages),
            number_text(analysis.imaginary_stability_interval / stages),
            f"{norm:.{DIGITS}g}",
        )
        row |= dict(zip(_PER_EVALUATION, values, strict=True))
    return row
