"""Exact numbers: read from text by a closed grammar, written back as text, float or Python source.

An exact number is a SymPy rational or a real algebraic expression. Text from files is never given
to ``sympify`` or ``eval``, which run code: the grammar knows integers, ``+ - * / **``, ``sqrt``,
parentheses and the names that the caller declares, each within bounds that keep parsing short.
"""

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from types import MappingProxyType

import sympy

from odegraph._errors import OdegraphError

Exact = sympy.Expr

MAX_TEXT = 10_000
MAX_DIGITS = 1_000
MAX_NESTING = 50
MAX_EXPONENT = 64
MAX_BITS = 20_000
NO_SYMBOLS: Mapping[str, sympy.Expr] = MappingProxyType({})

GRAMMAR = "integers, `/ * + - **`, `sqrt(...)`, parentheses and declared names"
PLAIN_RATIONAL = re.compile(r"\s*([+-]?\d{1,1000})\s*(?:/\s*(\d{1,1000}))?\s*\Z", re.ASCII)
SURD_TERM = re.compile(
    r"\s*([+-]?)\s*(?:(\d{1,1000})(?:/(\d{1,1000}))?"
    r"|(?:(\d{1,1000})\*)?sqrt\((\d{1,9})\)(?:/(\d{1,1000}))?)\s*(?=[+-]|\Z)",
    re.ASCII,
)
TOKEN = re.compile(
    r"\s*(?:(?P<decimal>\d+\.\d*(?:[eE][+-]?\d{1,3})?|\.\d+(?:[eE][+-]?\d{1,3})?|\d+[eE][+-]?\d{1,3})"
    r"|(?P<integer>\d+)|(?P<name>[A-Za-z_]\w*)|(?P<operator>\*\*|[-+*/()]))",
    re.ASCII,
)


def shorten(text: object, limit: int = 60) -> str:
    """User input as it may stand in a message: at most `limit` characters, in one line."""
    line = " ".join(str(text)[: 4 * limit].split())
    return line if len(line) <= limit else f"{line[: limit - 3]}..."


def parse_exact(
    text: str | int, *, symbols: Mapping[str, sympy.Expr] = NO_SYMBOLS, decimal: bool = False
) -> Exact:
    """The exact number that `text` denotes.

    `symbols` maps the names that may stand in the text to their values. `decimal` admits decimal
    fractions such as ``0.25`` or ``1e-3`` and reads them as the rationals that they spell.

    Raises:
        OdegraphError: text outside the grammar, too long, or not a finite real number.
    """
    if isinstance(text, bool) or not isinstance(text, str | int):
        raise OdegraphError(
            f"`{shorten(text)}` is a {type(text).__name__}; write exact numbers as text, such as "
            f'"1/2" or "1/2 - sqrt(3)/6".'
        )
    if isinstance(text, int):
        return sympy.Integer(text)
    if len(text) > MAX_TEXT:
        raise OdegraphError(
            f"The number `{shorten(text)}` has {len(text)} characters; at most {MAX_TEXT} are read."
        )
    plain = PLAIN_RATIONAL.match(text)
    if plain and (plain[2] is None or int(plain[2])):
        return sympy.Rational(int(plain[1]), int(plain[2] or 1))
    quick = _plain_surd(text)
    return _Parser(text, symbols, decimal).parse() if quick is None else quick


def _plain_surd(text: str) -> Exact | None:
    """`p/q + r*sqrt(n)/s`, as most surds of schemes are written; None for any other text.

    SymPy's own sums and products look for ways to simplify, which takes most of the time of loading
    a scheme; here there are none.
    """
    parts: dict[str, sympy.Expr] = {}
    position = 0
    while position < len(text):
        term = SURD_TERM.match(text, position)
        if term is None:
            return None
        sign, integer, over, factor, radicand, under = term.groups()
        value = int(f"{sign}{integer or factor or 1}")
        denominator = int(over or under or 1)
        if not value or not denominator or (radicand or "") in parts:
            return None
        parts[radicand or ""] = sympy.Rational(value, denominator)
        position = term.end()
    rational = parts.pop("", None)
    if len(parts) != 1:
        return None
    [(radicand, coefficient)] = parts.items()
    root = sympy.sqrt(int(radicand))
    if not (isinstance(root, sympy.Pow) and root.base == int(radicand)):
        return None
    surd = root if coefficient == 1 else sympy.Mul(coefficient, root, evaluate=False)
    return surd if rational is None else sympy.Add(rational, surd, evaluate=False)


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str


class _Parser:
    """Recursive descent over the closed grammar; one method a level of precedence."""

    def __init__(self, text: str, symbols: Mapping[str, sympy.Expr], decimal: bool) -> None:  # noqa: FBT001
        self.text = text
        self.symbols = symbols
        self.decimal = decimal
        self.tokens = self._tokens()
        self.position = 0
        self.nesting = 0

    def parse(self) -> Exact:
        value = self._sum()
        if self._peek() is not None:
            raise self._fault(f"`{shorten(self.tokens[self.position].text)}` is unexpected")
        return value

    def _fault(self, what: str) -> OdegraphError:
        return OdegraphError(
            f"`{shorten(self.text)}` is not an exact number: {what}. "
            f"Exact numbers are made of {GRAMMAR}."
        )

    def _tokens(self) -> list[_Token]:
        tokens: list[_Token] = []
        position, end = 0, len(self.text.rstrip())
        while position < end:
            match = TOKEN.match(self.text, position)
            if match is None or match.lastgroup is None:
                raise self._fault(f"`{shorten(self.text[position:], 12)}` is not understood")
            if match.lastgroup == "decimal" and not self.decimal:
                raise OdegraphError(
                    f"`{shorten(self.text)}` holds the float `{shorten(match['decimal'])}` where "
                    'an exact number is asked for. Write a fraction such as "1/4", or declare '
                    "`decimal = true`."
                )
            tokens.append(_Token(match.lastgroup, match[match.lastgroup]))
            position = match.end()
        return tokens

    def _peek(self) -> str | None:
        return self.tokens[self.position].text if self.position < len(self.tokens) else None

    def _take(self, *choices: str) -> str | None:
        token = self._peek()
        if token not in choices:
            return None
        self.position += 1
        return token

    def _sum(self) -> Exact:
        value = self._product()
        while operator := self._take("+", "-"):
            term = self._product()
            value = value + term if operator == "+" else value - term
        return value

    def _product(self) -> Exact:
        value = self._signed()
        while operator := self._take("*", "/"):
            factor = self._signed()
            if operator == "/" and factor.is_zero:
                raise self._fault("it divides by zero")
            value = value * factor if operator == "*" else value / factor
        return value

    def _signed(self) -> Exact:
        sign = 1
        while operator := self._take("+", "-"):
            sign = -sign if operator == "-" else sign
        return sign * self._power()

    def _power(self) -> Exact:
        base = self._atom()
        return self._raise(base, self._exponent()) if self._take("**") else base

    def _exponent(self) -> Exact:
        self._enter()
        exponent = self._signed()
        self.nesting -= 1
        if not isinstance(exponent, sympy.Rational):
            raise self._fault(f"the exponent `{exponent}` is not a rational number")
        if max(abs(exponent.p), exponent.q) > MAX_EXPONENT:
            raise self._fault(f"an exponent is larger than {MAX_EXPONENT}")
        return exponent

    def _raise(self, base: Exact, exponent: Exact) -> Exact:
        if base.is_zero and not exponent.is_positive:
            raise self._fault("zero has no such power")
        if base.is_negative and not exponent.is_Integer:
            raise self._fault("a root of a negative number is not real")
        size = base.p.bit_length() + base.q.bit_length() if isinstance(base, sympy.Rational) else 64
        if size * abs(exponent) > MAX_BITS:
            raise self._fault("a power is too large")
        return base**exponent

    def _enter(self) -> None:
        self.nesting += 1
        if self.nesting > MAX_NESTING:
            raise self._fault(f"it nests deeper than {MAX_NESTING} levels")

    def _atom(self) -> Exact:
        if self.position >= len(self.tokens):
            raise self._fault("it ends too early")
        token = self.tokens[self.position]
        self.position += 1
        match token:
            case _Token("integer", text) if len(text) <= MAX_DIGITS:
                return sympy.Integer(int(text))
            case _Token("integer" | "decimal", text) if len(text) > MAX_DIGITS:
                raise self._fault(f"a number has more than {MAX_DIGITS} digits")
            case _Token("decimal", text):
                return sympy.Rational(*Fraction(text).as_integer_ratio())
            case _Token("operator", "("):
                return self._parenthesis()
            case _Token("name", "sqrt") if self._take("("):
                return self._raise(self._parenthesis(), sympy.Rational(1, 2))
            case _Token("name", name) if name in self.symbols:
                return self.symbols[name]
            case _Token("name", name):
                known = ", ".join(["sqrt", *sorted(self.symbols)])
                raise self._fault(f"the name `{shorten(name)}` is not declared (known: {known})")
        raise self._fault(f"`{token.text}` is unexpected")

    def _parenthesis(self) -> Exact:
        self._enter()
        value = self._sum()
        if not self._take(")"):
            raise self._fault("a parenthesis is not closed")
        self.nesting -= 1
        return value


def as_fraction(value: object, *, name: str) -> Fraction:
    """`value` as an exact rational; `name` says in the message what it is.

    Raises:
        OdegraphError: a float (0.1 is not 1/10), or anything that is not one rational number.
    """
    match value:
        case bool():
            pass
        case Fraction():
            return value
        case int():
            return Fraction(value)
        case sympy.Rational():
            return Fraction(int(value.p), int(value.q))
        case str():
            exact = parse_exact(value)
            if isinstance(exact, sympy.Rational):
                return Fraction(int(exact.p), int(exact.q))
    raise OdegraphError(
        f"{name} is `{shorten(value)}`, a {type(value).__name__}; it must be an exact rational: "
        f'an integer, a Fraction, or text such as "1/4".'
    )


def to_exact(value: Exact | Fraction | int) -> Exact:
    """A SymPy number from any exact Python number."""
    if isinstance(value, sympy.Expr):
        return value
    return sympy.Rational(value.numerator, value.denominator)


def to_rational(value: Exact | Fraction | int) -> Fraction | None:
    """`value` as a Fraction where it is rational, else None."""
    match value:
        case int() | Fraction():
            return Fraction(value)
        case sympy.Rational():
            return Fraction(int(value.p), int(value.q))
    return None


def to_float(value: Exact | Fraction | int) -> float:
    """The float64 nearest to `value`."""
    rational = to_rational(value)
    return float(rational) if rational is not None else _algebraic_to_float(to_exact(value))


@functools.lru_cache(maxsize=65536)
def _algebraic_to_float(value: Exact) -> float:
    # 60 digits leave no doubt about the nearest of two neighbouring floats, short of an exact tie,
    # which only a rational number can be.
    digits = value.evalf(60)
    if not isinstance(digits, sympy.Float | sympy.Integer):  # an integer where it is exactly zero
        raise OdegraphError(f"`{value}` is not a real number: it has free symbols or is complex.")
    return float(Fraction(str(digits)))


def to_source(value: float, exact: Exact | Fraction | int | None = None) -> str:
    """Python source of the float `value`: ``2``, ``1 / 6``, or its shortest decimal form.

    A quotient of two integers is written wherever it evaluates to `value`. `exact`, the number that
    was rounded, decides which quotient; without it the smallest one that fits is taken.
    """
    rational = to_rational(exact) if exact is not None else Fraction(value).limit_denominator(1000)
    if rational is None or float(rational) != value:
        return repr(value)
    if rational.denominator == 1:
        return str(rational.numerator) if abs(rational.numerator) < 2**53 else repr(value)
    if max(abs(rational.numerator), rational.denominator) >= 10**12:
        return repr(value)
    return f"{rational.numerator} / {rational.denominator}"


def exact_text(value: Exact | Fraction | int) -> str:
    """`value` as text that `parse_exact` reads back: ``1/6``, ``1/2 - sqrt(3)/6``."""
    return str(value)
