"""Order of a family with free parameters, proven for all their values at once.

The coefficients are rational functions of the parameters; an order condition that vanishes as a
rational function holds wherever the family is defined. Where it is not, and where the order is
higher, are roots of polynomials, named for families with one parameter.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, final

import sympy

from odegraph._errors import SchemeError
from odegraph._exact import exact_text
from odegraph.scheme.adjoin import evaluate
from odegraph.scheme.exact_reader import symbolic_arrays
from odegraph.scheme.faults import Faults
from odegraph.scheme.order_conditions import StageVectors, prove_order
from odegraph.scheme.rooted_trees import rooted_trees
from odegraph.scheme.spec import SchemeSpec, with_values
from odegraph.scheme.tableau_reader import read_square
from odegraph.scheme.verify import verify


@final
@dataclass(frozen=True)
class FamilyProof:
    """What holds for every value of the parameters, and the values that are exceptions.

    `singular` are the values at which a coefficient has a pole, `higher_order` maps values to the
    order there; for several parameters `singular` holds the polynomials that must not vanish.
    """

    parameters: tuple[str, ...]
    order: int
    singular: tuple[sympy.Expr, ...]
    higher_order: tuple[tuple[sympy.Expr, int], ...]


def prove_family(spec: SchemeSpec) -> FamilyProof:
    """The order of a family of kind `runge-kutta` for symbolic parameters.

    Raises:
        SchemeError: no parameters, or coefficients that are not rational in them.
    """
    names = tuple(spec.parameters)
    if not names:
        raise SchemeError(f"Scheme `{spec.name}` has no parameters; `verify` proves its order.")
    domain = sympy.QQ.frac_field(*(sympy.Symbol(name, real=True) for name in names))
    A, b = _symbolic_tableau(spec, domain)
    vectors = StageVectors(A, [sum(row, Fraction(0)) for row in A])
    order = prove_order(vectors, b).order
    entries = [x for row in (*A, b) for x in row]
    singular = _singular_values(entries, names)
    higher = _candidates(vectors, b, order) if len(names) == 1 else ()
    return FamilyProof(
        names,
        order,
        singular,
        tuple((x, _order_at(spec, names[0], x)) for x in higher if x not in singular),
    )


def _symbolic_tableau(spec: SchemeSpec, domain: Any) -> tuple[Any, Any]:
    faults = Faults(spec.name)
    values = {gen.as_expr(): gen for gen in domain.gens}
    arrays, constants = symbolic_arrays(spec, faults)
    faults.raise_if_any()
    try:
        for symbol, expression in constants:
            values[symbol] = evaluate(expression, values)
        A = read_square([[evaluate(x, values) for x in row] for row in arrays["A"]], faults)
        faults.raise_if_any()
        return A, [evaluate(x, values) for x in arrays["b"]]
    except SchemeError as error:
        raise SchemeError(
            f"Scheme `{spec.name}`: its order is proven symbolically only if the coefficients are "
            f"rational in the parameters: {error}"
        ) from error


def _singular_values(entries: Iterable[Any], names: tuple[str, ...]) -> tuple[sympy.Expr, ...]:
    denominators = [x.denom.as_expr() for x in entries if hasattr(x, "denom")]
    product = sympy.Mul(*denominators)
    if product.is_number:
        return ()
    if len(names) > 1:
        return tuple(factor for factor, _ in sympy.factor_list(product)[1])
    return _real_roots(product)


def _candidates(vectors: StageVectors, b: Any, order: int) -> tuple[sympy.Expr, ...]:
    """The real values at which all conditions of the next order hold too."""
    residuals = [
        vectors.weighted(b, tree) - Fraction(1, tree.density) for tree in rooted_trees(order + 1)
    ]
    if any(isinstance(x, Fraction) and x for x in residuals):
        return ()
    numerators = [x.numer.as_expr() for x in residuals if hasattr(x, "numer")]
    common: Any = sympy.gcd_list(numerators)
    return () if common.is_number else _real_roots(common)


def _real_roots(polynomial: sympy.Expr) -> tuple[sympy.Expr, ...]:
    roots: Any = sympy.real_roots(polynomial, multiple=False)
    return tuple(root for root, _ in roots)


def _order_at(spec: SchemeSpec, name: str, value: sympy.Expr) -> int:
    return verify(with_values(spec, {name: exact_text(value)})).order
