"""The one order of arithmetic in which every target adds up weighted terms.

`x + (w1 k1 + w2 k2 - w3 k3)`: what has weight one and comes first is the base, the rest is added
up from left to right before it meets the base. In a fused sum a product and the addition that it is
for are one kernel: n terms take n + 1 kernels with a base, and one term a single one. All executors
share this, so they agree to the last bit.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from odegraph._exact import Exact
from odegraph.emit.rounding import Precision, round_weights

Value = TypeVar("Value")


class Arithmetic(Protocol[Value]):
    """What a target must offer: products with a constant, sums and differences."""

    def scale(self, term: "Term[Value]") -> Value:
        """weight * value; the weight may be negative."""
        ...

    def add(self, left: Value, right: Value) -> Value:
        """left + right."""
        ...

    def subtract(self, left: Value, right: Value) -> Value:
        """left - right."""
        ...

    def add_scaled(self, left: Value, term: "Term[Value]") -> Value:
        """left + weight * value, by one kernel."""
        ...


@dataclass(frozen=True)
class Term(Generic[Value]):
    """A value with its weight, rounded and exact."""

    value: Value
    weight: float
    exact: Exact

    def negated(self) -> "Term[Value]":
        """The same value with the opposite weight."""
        return Term(self.value, -self.weight, -self.exact)


@dataclass(frozen=True)
class WeightedSum(Generic[Value]):
    """base + (terms[0] + terms[1] + ...); without a base, the terms alone.

    `fused` says whether a product and the sum that it joins are one kernel.
    """

    base: Value | None
    terms: tuple[Term[Value], ...]
    fused: bool = False

    @property
    def is_one_kernel(self) -> bool:
        """Whether the base and a lone term meet in one kernel."""
        return self.fused and self.base is not None and len(self.terms) == 1


def rounded_terms(
    values: Sequence[Value], weights: Sequence[Exact], precision: Precision
) -> tuple[Term[Value], ...]:
    """The terms of a plain sum, their weights rounded together."""
    rounded = round_weights(weights, precision)
    return tuple(Term(*term) for term in zip(values, rounded, weights, strict=True))


def weighted_sum(
    values: Sequence[Value],
    weights: Sequence[Exact],
    precision: Precision,
    *,
    fused: bool = False,
) -> WeightedSum[Value]:
    """A sum whose first value, if it has weight one, is the base that the others change."""
    start = 1 if len(values) > 1 and weights[0] == 1 else 0
    terms = rounded_terms(values[start:], weights[start:], precision)
    return WeightedSum(values[0] if start else None, terms, fused)


def half_sum(
    values: Sequence[Value],
    weights: Sequence[Exact],
    precision: Precision,
    *,
    states: int,
    fused: bool,
) -> WeightedSum[Value]:
    """One half of a state: the weights of its rates are rounded together, those of states alone.

    The first `states` values are halves of states, whose weights need not be lengths of time.
    """
    alone = [
        term
        for value, weight in zip(values[:states], weights[:states], strict=True)
        for term in rounded_terms([value], [weight], precision)
    ]
    terms = (*alone, *rounded_terms(values[states:], weights[states:], precision))
    has_base = terms[0].weight == 1
    rest = terms[1:] if has_base else terms
    return WeightedSum(terms[0].value if has_base else None, rest, fused)


def add_up(total: WeightedSum[Value], arithmetic: Arithmetic[Value]) -> Value:
    """The value of the sum."""
    if total.base is not None and total.is_one_kernel:
        return _joined(total.base, total.terms[0], arithmetic)
    increment = _fused if total.fused else add_terms
    value = increment(total.terms, arithmetic)
    return value if total.base is None else arithmetic.add(total.base, value)


def _fused(terms: Sequence[Term[Value]], arithmetic: Arithmetic[Value]) -> Value:
    first, *rest = terms
    value = scaled(first, arithmetic)
    for term in rest:
        value = _joined(value, term, arithmetic)
    return value


def _joined(value: Value, term: Term[Value], arithmetic: Arithmetic[Value]) -> Value:
    match term.weight:
        case 1:
            return arithmetic.add(value, term.value)
        case -1:
            return arithmetic.subtract(value, term.value)
    return arithmetic.add_scaled(value, term)


def add_terms(terms: Sequence[Term[Value]], arithmetic: Arithmetic[Value]) -> Value:
    """terms[0] + terms[1] + ..., from left to right; negative terms are subtracted."""
    first, *rest = terms
    value = scaled(first, arithmetic)
    for term in rest:
        if term.weight < 0:
            value = arithmetic.subtract(value, scaled(term.negated(), arithmetic))
        else:
            value = arithmetic.add(value, scaled(term, arithmetic))
    return value


def scaled(term: Term[Value], arithmetic: Arithmetic[Value]) -> Value:
    """weight * value, or the value itself where the weight is one."""
    return term.value if term.weight == 1 else arithmetic.scale(term)
