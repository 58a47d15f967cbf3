"""The analyses of a Runge-Kutta method in words, for terminals and JSON."""

import math
from collections.abc import Callable
from fractions import Fraction

import sympy

from odegraph.scheme.analysis.error_constants import PrincipalError
from odegraph.scheme.analysis.report import Analysis
from odegraph.scheme.number_field import to_sympy
from odegraph.scheme.rooted_trees import RootedTree

DIGITS = 6
MAX_TERMS = 3
MAX_DENOMINATOR = 999
CLOSE = 1e-12


def analysis_facts(analysis: Analysis) -> dict[str, object]:
    """What follows from the tableau, beyond orders and the properties that are yes or no."""
    waves = analysis.wave_errors
    found: dict[str, object] = {
        "B(p), C(q), D(r)": (
            f"p = {analysis.quadrature_order}, q = {analysis.stage_conditions}, "
            f"r = {analysis.adjoint_conditions}"
        ),
        "principal error norm": norm_text(analysis.principal_error),
        "linear error constant": number_text(analysis.linear_error_constant),
        "R(infinity)": number_text(analysis.value_at_infinity),
        "real stability interval": f"[-{_real_text(analysis)}, 0]",
        "imaginary stability interval": _imaginary_text(analysis),
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


def norm_text(error: PrincipalError) -> str:
    """The Euclidean norm of the error coefficients."""
    return _decimal_text(error.decimal_norm, exact=lambda: error.norm)


def modified_equation_text(error: PrincipalError) -> str:
    """x' = f + h^p (e(tree) F(tree) + ...): the first term is the principal error."""
    pairs = zip(error.decimals, error.trees, strict=True)
    terms = sorted(((e, tree) for e, tree in pairs if e), key=lambda x: -abs(float(f"{x[0]:.12g}")))
    shown = [f"{_coefficient_text(error, e, tree)} F({tree})" for e, tree in terms[:MAX_TERMS]]
    rest = [f"{len(terms) - MAX_TERMS} smaller terms"] if len(terms) > MAX_TERMS else []
    power = "h" if error.order == 2 else f"h^{error.order - 1}"
    return f"x' = f + {power} ({' + '.join(shown + rest)}) + ...".replace("+ -", "- ")


def _coefficient_text(error: PrincipalError, decimal: float, tree: RootedTree) -> str:
    return _decimal_text(decimal, exact=lambda: to_sympy(error.coefficient(tree)))


def _decimal_text(decimal: float, *, exact: Callable[[], sympy.Expr]) -> str:
    """What `number_text` makes of an exact number that is worked out only if it could be short."""
    if math.isinf(decimal):
        return number_text(exact())
    near = Fraction(decimal).limit_denominator(MAX_DENOMINATOR)
    is_short = abs(near - Fraction(decimal)) <= abs(decimal) * CLOSE
    return number_text(exact()) if is_short else f"{decimal:.{DIGITS}g}"


def _rounded(value: float | None) -> str | None:
    return None if value is None else f"{value:.{DIGITS}g}"


def number_text(value: sympy.Expr) -> str:
    """A number as a person reads it: integers and small fractions exactly, others rounded."""
    if value == sympy.oo:
        return "∞"
    if isinstance(value, sympy.Rational) and value.q <= MAX_DENOMINATOR:
        return str(value)
    return f"{float(value):.{DIGITS}g}"


def _real_text(analysis: Analysis) -> str:
    decimal = analysis.real_stability_decimal
    return _decimal_text(decimal, exact=lambda: analysis.real_stability_interval)


def _imaginary_text(analysis: Analysis) -> str:
    decimal = analysis.imaginary_stability_decimal
    text = _decimal_text(decimal, exact=lambda: analysis.imaginary_stability_interval)
    return f"[-{text} i, {text} i]" if decimal else "0 only"


def _stages(group: tuple[int, ...]) -> str:
    return "stages " + ", ".join(str(stage) for stage in group)
