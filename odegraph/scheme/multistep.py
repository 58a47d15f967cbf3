"""The coefficients of a linear multistep method, and its order.

sum_j alpha_j x_{n+j} = h sum_j beta_j R_{n+j}, j = 0 .. k, from the oldest state to the newest.
Hairer, Norsett and Wanner, III.2.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import final

from odegraph.scheme.number_field import Number, to_sympy
from odegraph.scheme.order_proof import OrderProof
from odegraph.scheme.polynomials import Polynomial, trim
from odegraph.scheme.tableau import vanishes


@final
@dataclass(frozen=True)
class Multistep:
    """The generating polynomials rho(z) = sum alpha_j z^j and sigma(z) = sum beta_j z^j."""

    alpha: tuple[Number, ...]
    beta: tuple[Number, ...]
    tolerance: Fraction = Fraction(0)

    @property
    def history(self) -> int:
        """The number k of earlier states in the formula."""
        return len(self.alpha) - 1

    @property
    def rho(self) -> Polynomial:
        """The polynomial of the states."""
        return trim(self.alpha)

    @property
    def sigma(self) -> Polynomial:
        """The polynomial of the rates."""
        return trim(self.beta)

    @property
    def is_explicit(self) -> bool:
        """Whether the newest rate is not needed."""
        return not self.beta[-1]

    def vanishes(self, value: Number) -> bool:
        """Whether a defect is zero, up to the declared tolerance of decimal coefficients."""
        return vanishes(value, self.tolerance)

    def defect(self, q: int) -> Number:
        """C_q = sum_j (alpha_j j^q - q beta_j j^(q-1)) / q!, zero for q = 0 .. order."""
        states = sum((a * j**q for j, a in enumerate(self.alpha)), Fraction(0))
        rates = sum((b * j ** (q - 1) for j, b in enumerate(self.beta)), Fraction(0)) if q else 0
        return (states - q * rates) * Fraction(1, math.factorial(q))


@final
@dataclass(frozen=True)
class MultistepCondition:
    """The first order condition that fails."""

    q: int
    found: Number

    def __str__(self) -> str:
        return (
            f"q = {self.q}: sum_j (alpha_j j^{self.q} - {self.q} beta_j j^{self.q - 1}) / "
            f"{self.q}! = 0, but it is {to_sympy(self.found)}"
        )


def prove_multistep_order(method: Multistep) -> OrderProof[MultistepCondition]:
    """The largest p with C_0 = ... = C_p = 0, and the condition of order p + 1.

    2k + 1 conditions determine the 2k + 1 free coefficients, so p <= 2k.
    """
    orders = range(2 * method.history + 1)
    q = next((q for q in orders if not method.vanishes(method.defect(q))), len(orders))
    return OrderProof(q - 1, MultistepCondition(q, method.defect(q)))


def error_constant(method: Multistep, order: int) -> Number:
    """C_(p+1) / sigma(1): the global error is this times h^p x^(p+1), to leading order."""
    return method.defect(order + 1) * (1 / sum(method.beta, Fraction(0)))


def formula(alpha: Sequence[str], beta: Sequence[str]) -> str:
    """The method as one line, `1 x[n+1] - 1 x[n] = h (1 R[n])`."""
    states = _terms(alpha, "x")
    rates = _terms(beta, "R")
    return f"{states} = h ({rates})"


def _terms(values: Sequence[str], letter: str) -> str:
    shown = ""
    for j, value in reversed(list(enumerate(values))):
        if value == "0":
            continue
        index = f"{letter}[n+{j}]" if j else f"{letter}[n]"
        negative = value.startswith("-") and not any(c in value[1:] for c in "+-")
        size = value[1:] if negative else f"({value})" if any(c in value for c in "+-") else value
        term = index if size == "1" else f"{size} {index}"
        if shown:
            shown += f" - {term}" if negative else f" + {term}"
        else:
            shown = f"-{term}" if negative else term
    return shown
