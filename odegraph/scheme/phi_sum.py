"""Rational combinations of phi functions, the coefficients of exponential integrators.

phi_0(z) = exp(z) and phi_(k+1)(z) = (phi_k(z) - 1/k!) / z. A coefficient is a sum of terms
q phi_k(c z) with rational q and c, written `phi1 - 3*phi2 + 4*phi3`, `phi1(1/2)/2`, `exp(1/2)/3`:
the argument in parentheses is c, which is 1 where it is left out.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import factorial
from typing import Any, final

import sympy

from odegraph._errors import OdegraphError
from odegraph._exact import as_fraction, parse_exact, shorten, to_rational

MAX_ORDER = 9
FUNCTION = re.compile(r"\b(?:phi(?P<order>\d+)|exp)\b(?:\s*\((?P<scale>[^()]*)\))?", re.ASCII)
Key = tuple[int, Fraction]


@final
@dataclass(frozen=True)
class PhiSum:
    """sum of q phi_k(c z) over `terms`, pairs of (k, c) and q, sorted; constants are phi_0(0 z)."""

    terms: tuple[tuple[Key, Fraction], ...]

    def __str__(self) -> str:
        texts = [_term_text(key, q) for key, q in self.terms]
        return " + ".join(texts).replace("+ -", "- ") or "0"

    def taylor(self, power: int) -> Fraction:
        """The coefficient of z^power."""
        terms = (q * c**power / factorial(power + k) for (k, c), q in self.terms)
        return sum(terms, Fraction(0))

    def __add__(self, other: "PhiSum") -> "PhiSum":
        return phi_sum([*self.terms, *other.terms])

    def scaled(self, factor: Fraction) -> "PhiSum":
        """The sum times a rational number."""
        return phi_sum((key, factor * q) for key, q in self.terms)

    def closed_form(self) -> dict[tuple[Fraction, int], Fraction]:
        """The sum as sum of q exp(c z) z^n over (c, n), a basis: equal functions, equal forms."""
        form: dict[tuple[Fraction, int], Fraction] = {}
        for (k, c), q in self.terms:
            for key, value in _closed_terms(k, c):
                form[key] = form.get(key, Fraction(0)) + q * value
        return {key: value for key, value in form.items() if value}


def phi_sum(terms: Iterable[tuple[Key, Fraction]]) -> PhiSum:
    """The sum of terms, equal ones added up; phi_k(0) is the constant 1/k!."""
    collected: dict[Key, Fraction] = {}
    for (k, c), q in terms:
        key, weight = ((k, c), q) if c else ((0, c), q / factorial(k))
        collected[key] = collected.get(key, Fraction(0)) + weight
    return PhiSum(tuple(sorted((key, q) for key, q in collected.items() if q)))


def phi(order: int, scale: Fraction = Fraction(1)) -> PhiSum:
    """phi_order(scale z)."""
    return phi_sum([((order, scale), Fraction(1))])


def parse_phi_sum(text: str) -> PhiSum:
    """The combination that `text` denotes.

    Raises:
        OdegraphError: text outside the grammar, or a product of functions.
    """
    functions: dict[str, Key] = {}

    def name(match: re.Match[str]) -> str:
        key = _key(match, text)
        known = next((n for n, k in functions.items() if k == key), None)
        functions.setdefault(known or f"phi_{len(functions)}", key)
        return known or f"phi_{len(functions) - 1}"

    bare = FUNCTION.sub(name, text)
    symbols = {name: sympy.Symbol(name) for name in functions}
    try:
        expression = sympy.expand(parse_exact(bare, symbols=symbols))
    except OdegraphError as error:
        raise OdegraphError(
            f"`{shorten(text)}` is not a combination of phi functions. It is made of `phi1`, "
            "`phi2(1/2)`, `exp(1/2)` and the like, times rational numbers."
        ) from error
    return _linear(expression, {symbols[n]: key for n, key in functions.items()}, text)


def _key(match: re.Match[str], text: str) -> Key:
    order = int(match["order"] or 0)
    if order > MAX_ORDER:
        raise OdegraphError(f"`{shorten(text)}` holds `phi{order}`; phi0 to phi{MAX_ORDER} exist.")
    scale = match["scale"]
    what = f"The argument of a phi function in `{shorten(text)}`"
    return order, Fraction(1) if scale is None else as_fraction(scale, name=what)


def _linear(expression: Any, functions: Mapping[sympy.Symbol, Key], text: str) -> PhiSum:
    terms = {key: to_rational(expression.coeff(symbol)) for symbol, key in functions.items()}
    rest = to_rational(expression.subs(dict.fromkeys(functions, 0)))
    parts = (to_sympy_term(q, symbol) for symbol, q in zip(functions, terms.values(), strict=True))
    if rest is None or None in terms.values() or sympy.expand(expression - rest - sum(parts)) != 0:
        raise OdegraphError(
            f"`{shorten(text)}` is not a sum of phi functions times rational numbers. Write "
            "products out: `phi1(1/2)*(exp(1/2) - 1)/2` is `phi1 - phi1(1/2)`."
        )
    constant = ((0, Fraction(0)), rest)
    return phi_sum([constant, *((key, q) for key, q in terms.items() if q is not None)])


def to_sympy_term(q: Fraction | None, symbol: sympy.Symbol) -> sympy.Expr:
    """Q times symbol; 0 for None."""
    return sympy.Rational(q.numerator, q.denominator) * symbol if q else sympy.Integer(0)


def _term_text(key: Key, q: Fraction) -> str:
    k, c = key
    if not c:
        return str(q)
    function = (f"phi{k}" if k else "exp") + ("" if c == 1 and k else f"({c})")
    if q == 1:
        return function
    return f"-{function}" if q == -1 else f"{q}*{function}"


def _closed_terms(k: int, c: Fraction) -> Iterable[tuple[tuple[Fraction, int], Fraction]]:
    """phi_k(c z) = (exp(c z) - sum_(j<k) (c z)^j / j!) / (c z)^k."""
    if not c:
        yield (Fraction(0), 0), Fraction(1, factorial(k))
        return
    yield (c, -k), c**-k
    for j in range(k):
        yield (Fraction(0), j - k), -(c ** (j - k)) / factorial(j)
