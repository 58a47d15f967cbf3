"""The analyses of a Runge-Kutta method in words, for terminals and JSON."""

import sympy

from odegraph.scheme.analysis.error_constants import PrincipalError
from odegraph.scheme.analysis.report import Analysis
from odegraph.scheme.number_field import to_sympy

DIGITS = 6
MAX_TERMS = 3


def analysis_facts(analysis: Analysis) -> dict[str, object]:
    """What follows from the tableau, beyond orders and the properties that are yes or no."""
    waves = analysis.wave_errors
    found: dict[str, object] = {
        "B(p), C(q), D(r)": (
            f"p = {analysis.quadrature_order}, q = {analysis.stage_conditions}, "
            f"r = {analysis.adjoint_conditions}"
        ),
        "principal error norm": number_text(analysis.principal_error.norm),
        "linear error constant": number_text(analysis.linear_error_constant),
        "R(infinity)": number_text(analysis.value_at_infinity),
        "real stability interval": f"[-{number_text(analysis.real_stability_interval)}, 0]",
        "imaginary stability interval": _both_sides(analysis.imaginary_stability_interval),
        "A(alpha) angle in degrees": f"{analysis.stability_angle:.{DIGITS}g}",
        "dissipation order": number_text(waves.dissipation),
        "dispersion order": number_text(waves.dispersion),
        "pseudo-symplectic order": number_text(analysis.pseudo_symplectic_order),
        "internal amplification": _rounded(analysis.internal_amplification),
        "modified equation": modified_equation_text(analysis.principal_error),
        "sequential depth": analysis.sequential_depth,
        "confluent nodes": "; ".join(_stages(group) for group in analysis.confluent_nodes) or None,
        "reducible": analysis.is_reducible,
    }
    if analysis.controller_exponent is not None:
        found["controller exponent"] = str(analysis.controller_exponent)
    if analysis.notes:
        found["notes"] = " ".join(analysis.notes)
    return found


def modified_equation_text(error: PrincipalError) -> str:
    """x' = f + h^p (e(tree) F(tree) + ...): the first term is the principal error."""
    pairs = zip(error.coefficients, error.trees, strict=True)
    terms = sorted(((abs(e), e, tree) for e, tree in pairs if e), key=lambda x: x[0], reverse=True)
    shown = [f"{number_text(to_sympy(e))} F({tree})" for _, e, tree in terms[:MAX_TERMS]]
    rest = [f"{len(terms) - MAX_TERMS} smaller terms"] if len(terms) > MAX_TERMS else []
    power = "h" if error.order == 2 else f"h^{error.order - 1}"
    return f"x' = f + {power} ({' + '.join(shown + rest)}) + ...".replace("+ -", "- ")


def _rounded(value: float | None) -> str | None:
    return None if value is None else f"{value:.{DIGITS}g}"


def number_text(value: sympy.Expr) -> str:
    """A number as a person reads it: integers and small fractions exactly, others rounded."""
    if value == sympy.oo:
        return "∞"
    if isinstance(value, sympy.Rational) and value.q < 1000:
        return str(value)
    return f"{float(value):.{DIGITS}g}"


def _both_sides(limit: sympy.Expr) -> str:
    text = number_text(limit)
    return "0 only" if limit == 0 else f"[-{text} i, {text} i]"


def _stages(group: tuple[int, ...]) -> str:
    return "stages " + ", ".join(str(stage) for stage in group)
