"""Exact weights as numbers of one field, in which sums and quotients are cheap and zero is seen."""

from collections.abc import Iterable
from typing import Any

from sympy.polys.constructor import construct_domain

from odegraph._exact import Exact, to_exact

Number = Any
"""An element of the domain: it adds, multiplies and divides, and is false if it is zero."""


class NumberDomain:
    """The smallest real field that contains some exact weights."""

    def __init__(self, weights: Iterable[Exact]) -> None:
        known = list(dict.fromkeys([to_exact(1), *weights]))
        self._domain, elements = construct_domain(known, field=True, extension=True)
        self._numbers = dict(zip(known, elements, strict=True))
        self.one: Number = self._domain.one

    def number(self, weight: Exact) -> Number:
        """One of the weights that the domain was made of."""
        return self._numbers[weight]

    def exact(self, number: Number) -> Exact:
        """The weight that a number of the domain is."""
        return self._domain.to_sympy(number)
