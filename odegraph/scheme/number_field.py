"""Exact arithmetic in real number fields QQ(theta).

theta is a real algebraic integer: the root, inside an isolating interval, of a monic irreducible
polynomial with integer coefficients. A number is sum_i n_i theta^i / d with integers n_i and d > 0
in lowest terms, so equal numbers have equal representations and a sum or product costs a few
integer multiplications. Rational numbers are plain `Fraction`s; the two kinds mix freely.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache
from typing import Any, final

import sympy

Rational = int | Fraction
_RATIONAL = (int, Fraction)


@final
@dataclass(frozen=True)
class NumberField:
    """QQ(theta): theta^n = sum_i reduction[i] theta^i, theta the only root in [low, high].

    `basis` are sympy monomials in the generators that the user wrote (1, sqrt(2), sqrt(3), sqrt(6),
    ...), and column i of `to_basis` holds the coordinates of theta^i in them: numbers are printed
    in the terms in which they were given.
    """

    reduction: tuple[int, ...]
    low: Fraction
    high: Fraction
    basis: tuple[sympy.Expr, ...] = field(compare=False)
    to_basis: tuple[tuple[Fraction, ...], ...] = field(compare=False, repr=False)

    @property
    def degree(self) -> int:
        """Degree of the field over the rationals."""
        return len(self.reduction)

    def multiply(self, x: Sequence[int], y: Sequence[int]) -> list[int]:
        """Coordinates of the product of two elements of ZZ[theta]."""
        n = len(self.reduction)
        if n == 2:
            square = x[1] * y[1]
            r0, r1 = self.reduction
            return [x[0] * y[0] + r0 * square, x[0] * y[1] + x[1] * y[0] + r1 * square]
        product = [0] * (2 * n - 1)
        for i, a in enumerate(x):
            if a:
                for j, b in enumerate(y, start=i):
                    product[j] += a * b
        for k in range(2 * n - 2, n - 1, -1):
            if top := product[k]:
                for i, r in enumerate(self.reduction, start=k - n):
                    product[i] += top * r
        return product[:n]

    def theta_floor(self, bits: int) -> int:
        """The m with m <= theta 2^bits < m + 1."""
        return _theta_floor(self, bits)

    def element(self, coordinates: Sequence[Rational]) -> "Number":
        """sum_i coordinates[i] theta^i; a plain `Fraction` when the number is rational."""
        fractions = [Fraction(x) for x in coordinates]
        denominator = math.lcm(*(x.denominator for x in fractions))
        numerators = [x.numerator * (denominator // x.denominator) for x in fractions]
        return _number(self, numerators, denominator)

    def to_sympy(self, coordinates: Sequence[Fraction]) -> sympy.Expr:
        """The sympy expression of an element, as a rational combination of `basis`."""
        terms = []
        for row, monomial in zip(self.to_basis, self.basis, strict=True):
            weight = sum((r * x for r, x in zip(row, coordinates, strict=True)), Fraction(0))
            terms.append(sympy.Rational(weight.numerator, weight.denominator) * monomial)
        return sympy.Add(*terms)


@cache
def _theta_floor(number_field: NumberField, bits: int) -> int:
    def value(m: int) -> int:
        total, scale = 1 << (bits * number_field.degree), 1
        total = m**number_field.degree
        for i in range(number_field.degree - 1, -1, -1):
            scale = (number_field.degree - i) * bits
            total -= (number_field.reduction[i] * m**i) << scale
        return total

    low = math.floor(number_field.low * 2**bits)
    high = math.ceil(number_field.high * 2**bits)
    rising = value(high) > 0 or value(low) < 0
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if (value(middle) > 0) == rising else (middle, high)
    return low


def _number(number_field: NumberField, numerators: Sequence[int], denominator: int) -> "Number":
    if not any(numerators[1:]):
        return Fraction(numerators[0], denominator)
    if denominator != 1:
        common = math.gcd(denominator, *numerators)
        if common != 1:
            numerators = [x // common for x in numerators]
            denominator //= common
    return AlgebraicNumber(number_field, tuple(numerators), denominator)


@final
class AlgebraicNumber:
    """An irrational element of a `NumberField`. Made by `NumberField.element` and by arithmetic."""

    __slots__ = ("denominator", "field", "numerators")

    def __init__(self, field: NumberField, numerators: tuple[int, ...], denominator: int) -> None:
        self.field = field
        self.numerators = numerators
        self.denominator = denominator

    @property
    def coordinates(self) -> tuple[Fraction, ...]:
        """Coefficients of the powers of theta."""
        return tuple(Fraction(x, self.denominator) for x in self.numerators)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, AlgebraicNumber):
            return False
        same = self.numerators == other.numerators and self.denominator == other.denominator
        return same and (self.field is other.field or self.field == other.field)

    def __hash__(self) -> int:
        return hash((self.numerators, self.denominator))

    def __repr__(self) -> str:
        return f"AlgebraicNumber({to_sympy(self)})"

    def __bool__(self) -> bool:
        return True

    def __neg__(self) -> "AlgebraicNumber":
        return AlgebraicNumber(self.field, tuple(-x for x in self.numerators), self.denominator)

    def __add__(self, other: "Number | int") -> "Number":
        if isinstance(other, _RATIONAL):
            if not other:
                return self
            denominator = math.lcm(self.denominator, other.denominator)
            scale = denominator // self.denominator
            numerators = [x * scale for x in self.numerators]
            numerators[0] += other.numerator * (denominator // other.denominator)
            return _number(self.field, numerators, denominator)
        if self.denominator == other.denominator:
            pairs = zip(self.numerators, other.numerators, strict=True)
            return _number(self.field, [x + y for x, y in pairs], self.denominator)
        denominator = math.lcm(self.denominator, other.denominator)
        left, right = denominator // self.denominator, denominator // other.denominator
        pairs = zip(self.numerators, other.numerators, strict=True)
        return _number(self.field, [x * left + y * right for x, y in pairs], denominator)

    __radd__ = __add__

    def __sub__(self, other: "Number | int") -> "Number":
        return self + (-other)

    def __rsub__(self, other: Rational) -> "Number":
        return (-self) + other

    def __mul__(self, other: "Number | int") -> "Number":
        if isinstance(other, _RATIONAL):
            numerators = [x * other.numerator for x in self.numerators]
            return _number(self.field, numerators, self.denominator * other.denominator)
        product = self.field.multiply(self.numerators, other.numerators)
        return _number(self.field, product, self.denominator * other.denominator)

    __rmul__ = __mul__

    def __truediv__(self, other: "Number | int") -> "Number":
        if isinstance(other, _RATIONAL):
            return self * (1 / Fraction(other))
        return self * _inverse(other)

    def __rtruediv__(self, other: Rational) -> "Number":
        return _inverse(self) * other

    def __pow__(self, exponent: int) -> "Number":
        if exponent < 0:
            return _inverse(self) ** -exponent
        result: Number = Fraction(1)
        for _ in range(exponent):
            result = result * self
        return result

    def __lt__(self, other: "Number | int") -> bool:
        return sign(self - other) < 0

    def __gt__(self, other: "Number | int") -> bool:
        return sign(self - other) > 0

    def __le__(self, other: "Number | int") -> bool:
        return sign(self - other) <= 0

    def __ge__(self, other: "Number | int") -> bool:
        return sign(self - other) >= 0

    def __abs__(self) -> "AlgebraicNumber":
        return -self if sign(self) < 0 else self


Number = Fraction | AlgebraicNumber


def sign(value: Number | int) -> int:
    """-1, 0 or 1, decided by integer arithmetic with ever more bits of theta."""
    if not isinstance(value, AlgebraicNumber):
        return (value > 0) - (value < 0)
    bits = 64
    while True:
        low, high = _enclosure(value, bits)
        if low > 0 or high < 0:
            return 1 if low > 0 else -1
        bits *= 2


def enclosure(value: Number | int, *, bits: int) -> tuple[Fraction, Fraction]:
    """An interval that holds the value, shrinking like 2^-bits."""
    if not isinstance(value, AlgebraicNumber):
        return Fraction(value), Fraction(value)
    low, high = _enclosure(value, bits)
    scale = value.denominator << (bits * (value.field.degree - 1))
    return Fraction(low, scale), Fraction(high, scale)


def _enclosure(value: AlgebraicNumber, bits: int) -> tuple[int, int]:
    """Integer bounds of sum_i n_i theta^i, times 2^(bits (n - 1))."""
    theta = value.field.theta_floor(bits)
    bound = abs(theta) + 1
    total = error = 0
    for i, x in enumerate(value.numerators):
        scale = bits * (value.field.degree - 1 - i)
        total += (x * theta**i) << scale
        if i:
            error += (abs(x) * i * bound ** (i - 1)) << scale
    return total - error, total + error


def _inverse(value: AlgebraicNumber) -> Number:
    """Solve value * x = 1 for the coordinates of x, by elimination over the rationals."""
    n = value.field.degree
    columns = []
    power = list(value.numerators)
    for _ in range(n):
        columns.append(power)
        power = value.field.multiply(power, [0, 1, *[0] * (n - 2)])
    rows = [[Fraction(columns[j][i]) for j in range(n)] for i in range(n)]
    solution = solve_rational(rows, [Fraction(value.denominator), *[Fraction(0)] * (n - 1)])
    return value.field.element(solution)


def integral(value: Any) -> Any:
    """A rational integer as `int`, whose arithmetic is quicker; other values as they are."""
    return value.numerator if isinstance(value, Fraction) and value.denominator == 1 else value


def solve_rational(rows: list[list[Fraction]], right: Sequence[Fraction]) -> list[Fraction]:
    """Solve a regular rational linear system by Gauss-Jordan elimination."""
    system = [[*row, value] for row, value in zip(rows, right, strict=True)]
    n = len(system)
    for k in range(n):
        pivot = next(i for i in range(k, n) if system[i][k])
        system[k], system[pivot] = system[pivot], system[k]
        system[k] = [x / system[k][k] for x in system[k]]
        for i in range(n):
            if i != k and (factor := system[i][k]):
                system[i] = [x - factor * y for x, y in zip(system[i], system[k], strict=True)]
    return [row[n] for row in system]


def to_fraction(value: Any) -> Fraction:
    """A sympy `Rational` as a `Fraction`."""
    return Fraction(int(value.p), int(value.q))


def to_sympy(value: Number | int) -> sympy.Expr:
    """The number as a sympy `Rational` or a rational combination of the surds it was given in."""
    if isinstance(value, AlgebraicNumber):
        return value.field.to_sympy(value.coordinates)
    return sympy.Integer(value.numerator) / value.denominator
