"""Evaluates the text of a scheme file: named numbers, parameters, arrays, in one field."""

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any

import sympy

from odegraph._errors import OdegraphError
from odegraph._exact import exact_text, parse_exact, shorten
from odegraph._toml import nearest
from odegraph.scheme.adjoin import MAX_DEGREE, adjoin, evaluate
from odegraph.scheme.faults import Faults
from odegraph.scheme.number_field import Number, to_sympy
from odegraph.scheme.spec import SchemeSpec

ZERO = sympy.Integer(0)
Values = dict[sympy.Expr, Any]
Constant = tuple[sympy.Expr, sympy.Expr]


def read_arrays(spec: SchemeSpec, faults: Faults) -> dict[str, Any]:
    """The coefficient arrays of the spec as nested tuples of exact numbers."""
    symbols: dict[str, sympy.Expr] = {}
    constants = [*_parameters(spec, symbols, faults), *_numbers(spec, symbols, faults)]
    arrays = _parse_arrays(spec, symbols, faults)
    if faults.found:
        return {}
    constants = _without_names_below_roots(constants, dict(constants))
    if constants:
        definitions = dict(constants)
        arrays = {k: _without_names_below_roots(x, definitions) for k, x in arrays.items()}
    values = _adjoin([*(x for _, x in constants), *_flatten(arrays.values())], faults)
    for symbol, expression in constants:
        values[symbol] = _evaluate(expression, values, f"the number `{symbol}`", faults)
    return {key: _evaluate_array(array, key, values, faults) for key, array in arrays.items()}


def symbolic_arrays(spec: SchemeSpec, faults: Faults) -> tuple[dict[str, Any], list[Constant]]:
    """The arrays as expressions in the parameters, which stay free, and the named numbers."""
    symbols: dict[str, sympy.Expr] = {x: sympy.Symbol(x, real=True) for x in spec.parameters}
    constants = list(_numbers(spec, symbols, faults))
    return _parse_arrays(spec, symbols, faults), constants


def _parse_arrays(
    spec: SchemeSpec, symbols: dict[str, sympy.Expr], faults: Faults
) -> dict[str, Any]:
    return {
        key: _parse_array(value, key, symbols, spec, faults)
        for key, value in spec.coefficients.items()
    }


def _parameters(
    spec: SchemeSpec, symbols: dict[str, sympy.Expr], faults: Faults
) -> Iterator[Constant]:
    """Every parameter as (symbol, value)."""
    for name in spec.values:
        if name not in spec.parameters:
            way_out = nearest(name, spec.parameters) if spec.parameters else "It has none."
            faults.add(f"there is no parameter `{shorten(name)}`. {way_out}")
    for name, parameter in spec.parameters.items():
        text = spec.values.get(name, parameter.get("default"))
        if text is None:
            faults.add(f'the parameter `{name}` needs a value, as in `{name}="1/2"`.')
        else:
            yield _declare(name, _parse(text, f"`{name}`", {}, spec, faults), symbols, faults)


def _numbers(
    spec: SchemeSpec, symbols: dict[str, sympy.Expr], faults: Faults
) -> Iterator[Constant]:
    """Every named number as (symbol, expression), in the order of the file."""
    for name, number in spec.numbers.items():
        if isinstance(number, Mapping):
            expression = _root(name, number, spec, faults)
        else:
            expression = _parse(number, f"`numbers.{name}`", symbols, spec, faults)
        yield _declare(name, expression, symbols, faults)


def _without_names_below_roots(item: Any, definitions: Values) -> Any:
    """sqrt(gamma) with the definition of gamma in place of its name: it may need another field."""
    if isinstance(item, tuple | list):
        return type(item)(_without_names_below_roots(x, definitions) for x in item)
    while any(p.free_symbols and p.exp.q > 1 for p in item.atoms(sympy.Pow)):
        item = item.xreplace(definitions)
    return item


def _declare(
    name: str, expression: sympy.Expr, symbols: dict[str, sympy.Expr], faults: Faults
) -> tuple[sympy.Expr, sympy.Expr]:
    if name == "sqrt" or name in symbols or not (name.isascii() and name.isidentifier()):
        faults.add(f"`{shorten(name)}` cannot name a number; use a new word of letters and digits.")
    symbols[name] = sympy.Symbol(name, real=True)
    return symbols[name], expression


def _root(name: str, number: Mapping[str, Any], spec: SchemeSpec, faults: Faults) -> sympy.Expr:
    """The real root with the given number, counted from 0 in ascending order."""
    where = f"`numbers.{name}`"
    coefficients = [_parse(x, where, {}, spec, faults) for x in number["polynomial"]]
    if not all(isinstance(x, sympy.Rational) for x in coefficients):
        faults.add(f"{where}: the coefficients of a polynomial must be rational.")
        return ZERO
    if not 2 <= len(coefficients) <= MAX_DEGREE + 1 or not coefficients[0]:
        faults.add(
            f"{where}: a polynomial is given from its leading coefficient, which is not 0, down "
            f"to the constant; its degree is 1 to {MAX_DEGREE}."
        )
        return ZERO
    polynomial = sympy.Poly(coefficients, sympy.Symbol("x"))
    count = polynomial.sqf_part().count_roots()
    if not 0 <= number["root"] < count:
        faults.add(
            f"{where}: root = {number['root']} does not exist; the polynomial has {count} real "
            "roots, counted from 0 in ascending order."
        )
        return ZERO
    return sympy.rootof(polynomial.sqf_part(), number["root"], radicals=True)


def _parse(
    text: str, where: str, symbols: Mapping[str, sympy.Expr], spec: SchemeSpec, faults: Faults
) -> sympy.Expr:
    if text == "0":
        return ZERO
    try:
        return parse_exact(text, symbols=symbols, decimal=not spec.is_exact)
    except OdegraphError as error:
        faults.add(f"{where}: {error}")
        return ZERO


def _parse_array(
    value: Any, where: str, symbols: Mapping[str, sympy.Expr], spec: SchemeSpec, faults: Faults
) -> Any:
    if isinstance(value, str):
        return _parse(value, f"`{where}`", symbols, spec, faults)
    return tuple(
        _parse_array(item, f"{where}[{i}]", symbols, spec, faults)
        for i, item in enumerate(value, start=1)
    )


def _adjoin(expressions: list[sympy.Expr], faults: Faults) -> Values:
    try:
        return dict(adjoin(expressions))
    except OdegraphError as error:
        faults.add(str(error))
        return {}


def _evaluate(expression: sympy.Expr, values: Values, where: str, faults: Faults) -> Number:
    if faults.found:
        return Fraction(0)
    try:
        return evaluate(expression, values)
    except OdegraphError as error:
        faults.add(f"{where}{_at(expression, values)}: {error}")
        return Fraction(0)


def _at(expression: sympy.Expr, values: Values) -> str:
    """The values of the names in an expression."""
    known = {str(s): x for s, x in values.items() if s in expression.free_symbols}
    shown = [f"{name} = {shorten(exact_text(to_sympy(known[name])))}" for name in sorted(known)]
    return f" at {', '.join(shown)}" if shown else ""


def _evaluate_array(array: Any, where: str, values: Values, faults: Faults) -> Any:
    if not isinstance(array, tuple):
        return _evaluate(array, values, f"`{where}`", faults)
    return tuple(
        _evaluate_array(item, f"{where}[{i}]", values, faults)
        for i, item in enumerate(array, start=1)
    )


def _flatten(arrays: Any) -> Iterator[sympy.Expr]:
    for item in arrays:
        if isinstance(item, tuple):
            yield from _flatten(item)
        else:
            yield item
