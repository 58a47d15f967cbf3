r"""The coefficients of every kind of scheme as LaTeX arrays, laid out as in the literature.

Runge-Kutta (Hairer, Norsett and Wanner):      c_i | a_ij
                                               ----+-----
                                                   | b_j

Partitioned and additive methods have one such array for each part, Rosenbrock methods one of alpha
and one of Gamma, Nystrom methods one of A_bar (and of A). Multistep methods have rows of alpha_j
and beta_j, compositions a row for each flow, with a column for each substep. General linear methods
(Butcher) have c, A and U above B and V.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import singledispatch
from typing import Any

from odegraph._exact import exact_text, to_float
from odegraph.scheme import (
    AdditiveRungeKuttaScheme,
    CompositionScheme,
    ExponentialScheme,
    GeneralLinearScheme,
    LinearMultistepScheme,
    NystromScheme,
    PartitionedRungeKuttaScheme,
    RosenbrockScheme,
    RungeKuttaScheme,
    Scheme,
)
from odegraph.scheme.number_field import Number, to_sympy
from odegraph.scheme.phi_sum import PhiSum
from odegraph.scheme.tableau import Matrix, Vector

MAX_EXACT_CHARACTERS = 28
Row = tuple[str, ...]


@dataclass(frozen=True)
class Array:
    """Rows of LaTeX formulas; lines behind some columns, and one above the row `rule`."""

    rows: tuple[Row, ...]
    rule: int | None = None
    heading: str = ""
    lines_behind: tuple[int, ...] = (0,)

    @property
    def columns(self) -> int:
        """How many entries the longest row has."""
        return max(map(len, self.rows))

    def to_latex(self) -> str:
        """An `array`, for mathematics mode."""
        lines = [" & ".join(row) + r" \\" for row in self.rows]
        lines[-1] = lines[-1].removesuffix(r" \\")
        if self.rule is not None:
            lines.insert(self.rule, r"\hline")
        body = "\n".join(lines)
        columns = "".join("c|" if j in self.lines_behind else "c" for j in range(self.columns))
        array = f"\\begin{{array}}{{{columns}}}\n{body}\n\\end{{array}}"
        return f"{self.heading}\\quad\n{array}" if self.heading else array


def tableau_latex(scheme: Scheme) -> str:
    """The coefficients as LaTeX arrays side by side, for mathematics mode."""
    return "\n\\qquad\n".join(array.to_latex() for array in scheme_arrays(scheme))


@singledispatch
def scheme_arrays(scheme: Scheme) -> tuple[Array, ...]:
    """The arrays of a scheme."""
    raise AssertionError(f"no arrays for kind {scheme.kind}")


@scheme_arrays.register
def _(scheme: RungeKuttaScheme) -> tuple[Array, ...]:
    tableau = scheme.tableau
    return (_butcher(tableau.c, tableau.A, _given(tableau.b, tableau.b_embedded)),)


@scheme_arrays.register
def _(scheme: AdditiveRungeKuttaScheme) -> tuple[Array, ...]:
    parts = zip((r"\mathrm{explicit}", r"\mathrm{implicit}"), scheme.tableau.parts, strict=True)
    return tuple(
        _butcher(part.c, part.A, _given(part.b, part.b_embedded), heading=heading)
        for heading, part in parts
    )


@scheme_arrays.register
def _(scheme: PartitionedRungeKuttaScheme) -> tuple[Array, ...]:
    parts = zip("qp", scheme.tableau.parts, strict=True)
    return tuple(_butcher(part.c, part.A, [("", part.b)], heading=name) for name, part in parts)


@scheme_arrays.register
def _(scheme: RosenbrockScheme) -> tuple[Array, ...]:
    tableau = scheme.tableau
    weights = _given(tableau.b, tableau.b_embedded)
    alpha = _butcher(tableau.times, tableau.alpha, weights, heading=r"\alpha")
    gamma = _butcher(tableau.time_weights, tableau.Gamma, [], heading=r"\Gamma")
    return alpha, gamma


@scheme_arrays.register
def _(scheme: NystromScheme) -> tuple[Array, ...]:
    tableau = scheme.tableau
    bars, plain = [(r"\bar{b}", tableau.b_bar)], [("b", tableau.b)]
    if tableau.embedded is not None:
        bars.append((r"\hat{\bar{b}}", tableau.embedded[0]))
        plain.append((r"\hat{b}", tableau.embedded[1]))
    if tableau.A is None:
        return (_butcher(tableau.c, tableau.A_bar, [*bars, *plain], heading=r"\bar{A}"),)
    return (
        _butcher(tableau.c, tableau.A_bar, bars, heading=r"\bar{A}"),
        _butcher(tableau.c, tableau.A, plain, heading="A"),
    )


@scheme_arrays.register
def _(scheme: LinearMultistepScheme) -> tuple[Array, ...]:
    method = scheme.method
    rows = (
        ("j", *(str(j) for j in range(method.history + 1))),
        (r"\alpha_j", *map(number_latex, method.alpha)),
        (r"\beta_j", *map(number_latex, method.beta)),
    )
    return (Array(rows, rule=1),)


@scheme_arrays.register
def _(scheme: GeneralLinearScheme) -> tuple[Array, ...]:
    tableau = scheme.tableau
    upper = zip(tableau.c, tableau.A, tableau.U, strict=True)
    stages = [
        (number_latex(c), *map(number_latex, a[:i]), *[""] * (len(a) - i), *map(number_latex, u))
        for i, (c, a, u) in enumerate(upper)
    ]
    values = [("", *map(number_latex, (*b, *v))) for b, v in zip(tableau.B, tableau.V, strict=True)]
    return (Array((*stages, *values), rule=len(stages), lines_behind=(0, scheme.stages)),)


@scheme_arrays.register
def _(scheme: CompositionScheme) -> tuple[Array, ...]:
    rows = (
        (name, *(number_latex(x) if part == flow else "" for part, x in scheme.substeps))
        for flow, name in enumerate((r"\mathrm{drift}", r"\mathrm{kick}"))
    )
    return (Array(tuple(rows)),)


@scheme_arrays.register
def _(scheme: ExponentialScheme) -> tuple[Array, ...]:
    rows = [
        (number_latex(c), *map(phi_latex, row[:i]))
        for i, (c, row) in enumerate(zip(scheme.c, scheme.A, strict=True))
    ]
    weights = ("", *map(phi_latex, scheme.b))
    return (Array((*rows, weights), rule=len(rows), heading="z = hL"),)


def number_latex(value: Number) -> str:
    """An exact number, or the decimals of a long one."""
    exact = to_sympy(value)
    if len(exact_text(exact)) > MAX_EXACT_CHARACTERS:
        return _decimal(to_float(exact))
    rational, surds = exact.as_coeff_Add()
    if not rational or not surds:
        return _sympy_latex(exact)
    rest = _sympy_latex(surds)
    sign, rest = ("-", rest[1:]) if rest.startswith("-") else ("+", rest)
    return f"{_sympy_latex(rational)} {sign} {rest.lstrip()}"


def _sympy_latex(value: Any) -> str:
    # SymPy's own, through the protocol by which notebooks ask for it.
    return value._repr_latex_().removeprefix(r"$\displaystyle ").removesuffix("$")


def phi_latex(value: PhiSum) -> str:
    r"""A combination of phi functions of z: `\varphi_{1} - 3 \varphi_{2}(z/2)`."""
    text = " + ".join(_phi_term(k, c, q) for (k, c), q in value.terms)
    return text.replace("+ -", "- ") or "0"


def _phi_term(k: int, c: Fraction, q: Fraction) -> str:
    size = _rational(abs(q))
    sign = "-" if q < 0 else ""
    if not c:
        return sign + size
    argument = "z" if c == 1 else f"{c.numerator if c.numerator != 1 else ''}z/{c.denominator}"
    if c.denominator == 1 and c != 1:
        argument = f"{c}z"
    function = rf"\varphi_{{{k}}}({argument})" if k else rf"e^{{{argument}}}"
    if k and c == 1:
        function = rf"\varphi_{{{k}}}"
    return sign + (function if size == "1" else f"{size} {function}")


def _rational(value: Fraction) -> str:
    return number_latex(value) if value.denominator != 1 else str(value.numerator)


def _decimal(value: float) -> str:
    mantissa, _, exponent = f"{value:.6g}".partition("e")
    return rf"{mantissa} \cdot 10^{{{int(exponent)}}}" if exponent else mantissa


def _given(b: Vector, embedded: Vector | None) -> list[tuple[str, Vector]]:
    return [("", b)] if embedded is None else [("", b), ("", embedded)]


def _butcher(
    nodes: Vector, A: Matrix, weights: Iterable[tuple[str, Vector]], *, heading: str = ""
) -> Array:
    """Zeros at and above the diagonal behind the last other entry are left out."""
    rows = [
        (number_latex(node), *map(number_latex, row[: _shown(row, i)]))
        for i, (node, row) in enumerate(zip(nodes, A, strict=True))
    ]
    below = [(name, *map(number_latex, row)) for name, row in weights]
    return Array((*rows, *below), rule=len(rows), heading=heading)


def _shown(row: Sequence[Number], i: int) -> int:
    return max([i - 1, *(j for j, a in enumerate(row) if a)]) + 1
