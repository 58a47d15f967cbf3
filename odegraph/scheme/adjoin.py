"""From sympy expressions to exact numbers: find the field that holds them, then evaluate in it.

The surds of all coefficients of a scheme are adjoined to the rationals at once (one primitive
element), so that every later computation is integer arithmetic in one field.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from functools import cache
from itertools import product
from typing import Any

import sympy
import sympy.tensor.tensor  # the first sum of surds imports it: not in the time of load_scheme
from sympy.polys.numberfields.subfield import primitive_element

from odegraph._errors import SchemeError
from odegraph._exact import shorten
from odegraph.scheme.number_field import (
    Number,
    NumberField,
    enclosure,
    solve_rational,
    to_fraction,
    to_sympy,
)

MAX_DEGREE = 16
MAX_POWER = 4096

_X = sympy.Dummy("x")


def adjoin(expressions: Iterable[sympy.Expr]) -> dict[sympy.Expr, Number]:
    """The surds and algebraic numbers in the expressions, as elements of one number field."""
    found: dict[sympy.Expr, None] = {}
    for expression in expressions:
        _collect(expression, found)
    if not found:
        return {}
    return _adjoin(tuple(sorted(found, key=sympy.default_sort_key)))


def in_one_field(rows: Iterable[Sequence[Number]]) -> list[tuple[Number, ...]]:
    """The same rows of numbers with all surds in one number field."""
    expressions = [[to_sympy(x) for x in row] for row in rows]
    values = adjoin(x for row in expressions for x in row)
    return [tuple(evaluate(x, values) for x in row) for row in expressions]


def evaluate(expression: sympy.Expr, values: Mapping[sympy.Expr, Number]) -> Number:
    """The exact number that an expression of rationals and adjoined numbers denotes."""
    if isinstance(expression, sympy.Rational):
        return to_fraction(expression)
    if expression in values:
        return values[expression]
    match expression:
        case sympy.Add():
            return sum((evaluate(term, values) for term in expression.args), Fraction(0))
        case sympy.Mul():
            return math.prod(
                (evaluate(term, values) for term in expression.args), start=Fraction(1)
            )
        case sympy.Pow(args=(base, sympy.Integer() as exponent)):
            return _power(evaluate(base, values), int(exponent))
        case sympy.Pow(args=(base, sympy.Rational() as exponent)):
            if (root := values.get(_root(base, exponent.q))) is not None:
                return _power(root, int(exponent.p))
    raise SchemeError(f"`{shorten(expression)}` is not a real algebraic number.")


def _root(base: sympy.Expr, degree: int) -> sympy.Expr:
    return sympy.Pow(base, sympy.Rational(1, degree)) if degree > 1 else base


def _power(base: Number, exponent: int) -> Number:
    if abs(exponent) > MAX_POWER:
        raise SchemeError(f"A power has the exponent {exponent}; at most {MAX_POWER} is allowed.")
    if exponent < 0 and base == 0:
        raise SchemeError(
            "it divides by zero: the value of a parameter or named number in it is singular. "
            "Choose another."
        )
    return base**exponent


def _collect(expression: sympy.Expr, found: dict[sympy.Expr, None]) -> None:
    match expression:
        case sympy.Rational() | sympy.Symbol():
            return  # symbols are names whose values the caller knows
        case sympy.Add() | sympy.Mul():
            for term in expression.args:
                _collect(term, found)
        case sympy.Pow(args=(base, sympy.Rational() as exponent)):
            _collect(base, found)
            if exponent.q > 1:
                found[_root(base, exponent.q)] = None
        case sympy.CRootOf():
            found[expression] = None
        case _:
            raise SchemeError(f"`{shorten(expression)}` is not a real algebraic number.")


@cache
def _adjoin(generators: tuple[sympy.Expr, ...]) -> dict[sympy.Expr, Number]:
    minimal, images = _primitive(generators)
    number_field = _field(minimal, generators, images)
    return {g: number_field.element(image) for g, image in zip(generators, images, strict=True)}


def _primitive(
    generators: tuple[sympy.Expr, ...],
) -> tuple[list[Fraction], list[list[Fraction]]]:
    """Minimal polynomial of a primitive element (constant first); generators in its powers."""
    if len(generators) == 1:
        minimal = _minimal_polynomial(generators[0])
        images = [[Fraction(0), Fraction(1)]]
    else:
        for count in range(2, len(generators)):
            _check_degree(primitive_element(list(generators[:count]), _X, polys=True)[0].degree())
        element: Any = primitive_element(list(generators), _X, ex=True, polys=True)
        minimal, _, raw = element
        images = [
            [Fraction(int(x.numerator), int(x.denominator)) for x in row[::-1]] for row in raw
        ]
    _check_degree(minimal.degree())
    coefficients = [to_fraction(x) for x in minimal.monic().all_coeffs()[::-1]]
    return coefficients, images


def _minimal_polynomial(generator: sympy.Expr) -> sympy.Poly:
    match generator:
        case sympy.Pow(args=(sympy.Integer() as radicand, sympy.Rational(p=1, q=2))):
            return sympy.Poly([1, 0, -radicand], _X)
        case sympy.CRootOf(poly=polynomial):
            return sympy.Poly(polynomial.all_coeffs(), _X)
    return sympy.minimal_polynomial(generator, _X, polys=True)


def _check_degree(degree: Any) -> None:
    if degree > MAX_DEGREE:
        raise SchemeError(
            f"The coefficients span a number field of degree {degree}; "
            f"at most {MAX_DEGREE} is supported. Use fewer independent roots."
        )


def _field(
    minimal: list[Fraction], generators: tuple[sympy.Expr, ...], images: list[list[Fraction]]
) -> NumberField:
    """The field of theta, the multiple of the primitive element that is an algebraic integer."""
    n = len(minimal) - 1
    scale = math.lcm(*(x.denominator for x in minimal))
    reduction = tuple(int(-x * scale ** (n - i)) for i, x in enumerate(minimal[:-1]))
    for image in images:
        image[:] = [x / scale**i for i, x in enumerate(image)]
        image.extend([Fraction(0)] * (n - len(image)))
    polynomial = sympy.Poly([1, *(-r for r in reduction[::-1])], _X)
    intervals: Any = polynomial.intervals(eps=sympy.Rational(1, 2**20))
    fields = (
        NumberField(reduction, to_fraction(low), to_fraction(high), basis=(), to_basis=())
        for (low, high), _ in intervals
    )
    match generators:
        case (sympy.CRootOf(index=index),):  # roots ascend, and theta is a positive multiple of it
            return _with_basis(list(fields)[index], generators, images)
    for number_field in fields:
        values = [number_field.element(image) for image in images]
        if all(map(_is, generators, values)):
            return _with_basis(number_field, generators, images)
    raise SchemeError(f"`{shorten(generators[-1])}` is not a real number.")


def _is(generator: sympy.Expr, value: Number) -> bool:
    """Whether the value is this conjugate of the generator, judged by 30 digits."""
    low, high = enclosure(value, bits=200)
    digits = generator.evalf(40)
    if not digits.is_real:
        return False
    middle = to_fraction(sympy.Rational(digits))
    margin = (abs(middle) + 1) * Fraction(1, 10**30)
    return low - margin <= middle <= high + margin


def _with_basis(
    number_field: NumberField, generators: tuple[sympy.Expr, ...], images: list[list[Fraction]]
) -> NumberField:
    """Choose monomials in the generators, of low degree, that form a basis over the rationals."""
    n = number_field.degree
    values = [number_field.element(image) for image in images]
    chosen: list[tuple[sympy.Expr, list[Fraction]]] = []
    exponents = sorted(product(range(n), repeat=len(generators)), key=lambda e: (sum(e), e))
    for powers in exponents:
        value = math.prod((v**e for v, e in zip(values, powers, strict=True)), start=Fraction(1))
        row = _coordinates(value, n)
        if _independent([x for _, x in chosen], row):
            monomial = sympy.Mul(*(g**e for g, e in zip(generators, powers, strict=True)))
            chosen.append((monomial, row))
        if len(chosen) == n:
            break
    matrix = [[row[i] for _, row in chosen] for i in range(n)]
    unit = [[Fraction(i == k) for i in range(n)] for k in range(n)]
    columns = [solve_rational(matrix, column) for column in unit]
    return NumberField(
        number_field.reduction,
        number_field.low,
        number_field.high,
        basis=tuple(monomial for monomial, _ in chosen),
        to_basis=tuple(tuple(column[i] for column in columns) for i in range(n)),
    )


def _coordinates(value: Number, degree: int) -> list[Fraction]:
    if isinstance(value, Fraction):
        return [value, *[Fraction(0)] * (degree - 1)]
    return list(value.coordinates)


def _independent(rows: list[list[Fraction]], row: list[Fraction]) -> bool:
    """Whether `row` is no combination of the independent `rows`, by elimination."""
    echelon: list[tuple[int, list[Fraction]]] = []
    for candidate in [*rows, row]:
        reduced = list(candidate)
        for pivot, other in echelon:
            if factor := reduced[pivot]:
                reduced = [x - factor * y for x, y in zip(reduced, other, strict=True)]
        pivot = next((i for i, x in enumerate(reduced) if x), None)
        if pivot is None:
            return False
        echelon.append((pivot, [x / reduced[pivot] for x in reduced]))
    return True
