"""One step on the harmonic oscillator q' = w p, p' = -w q, exactly.

The step is a 2 x 2 matrix of rational functions of z = -(h w)^2. It is stable where its eigenvalues
lie in the unit disc, |det| <= 1 and |trace| <= 1 + det (Jury); of symplectic methods, whose
determinant is 1, |trace| <= 2 is left (Hairer, Lubich and Wanner, VI.8 and I.5).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import final

import sympy

from odegraph.scheme.analysis.stability_intervals import exact_end, first_sign_change
from odegraph.scheme.number_field import Number
from odegraph.scheme.nystrom_conditions import NystromTableau
from odegraph.scheme.order_conditions import dot
from odegraph.scheme.partitioned import PartitionedTableau
from odegraph.scheme.polynomials import Polynomial, add, flip, multiply, scale, trim
from odegraph.scheme.stability_function import resolvent
from odegraph.scheme.tableau import Matrix, Vector

Z = (Fraction(0), Fraction(1))


@final
@dataclass(frozen=True)
class OscillatorStep:
    """trace / denominator and determinant / denominator^2, polynomials in z = -(h w)^2."""

    trace: Polynomial
    determinant: Polynomial
    denominator: Polynomial
    tolerance: Fraction = Fraction(0)

    @property
    def interval(self) -> sympy.Expr:
        """The largest y such that every step with 0 <= h w <= y is stable; oo if there is none."""
        whole = multiply(self.denominator, self.denominator)
        trace = multiply(self.trace, self.denominator)
        both = add(whole, self.determinant)
        margins = (
            add(whole, scale(self.determinant, -1)),
            add(both, scale(trace, -1)),
            add(both, trace),
        )
        ends = (first_sign_change(flip(self._without_rounding(margin))) for margin in margins)
        return sympy.sqrt(sympy.Min(*map(exact_end, ends)))

    def _without_rounding(self, p: Polynomial) -> Polynomial:
        return trim(x if abs(x) > self.tolerance else Fraction(0) for x in p)


def partitioned_step(tableau: PartitionedTableau) -> OscillatorStep:
    """The step of a partitioned method: with A = A_q A_p the stages solve (I - zA) Q = q 1 + y p c.

    Then q_1 = q + y p + z b_q A_p Q and p_1 = p - y b_p Q, y = h w.
    """
    q, p = tableau.parts
    stages = _Stages(_product(q.A, p.A))
    ones = (Fraction(1),) * tableau.stages
    through_p = tuple(dot(q.b, column) for column in zip(*p.A, strict=True))
    return _step(
        stages,
        a=(through_p, ones),
        b=(through_p, q.row_sums),
        c=(p.b, ones),
        d=(p.b, q.row_sums),
        tolerance=q.tolerance,
    )


def nystrom_step(tableau: NystromTableau) -> OscillatorStep:
    """The step of a Nystrom method: (I - z A_bar) Q = q 1 + h v c, with h^2 k = z Q."""
    ones = (Fraction(1),) * tableau.stages
    return _step(
        _Stages(tableau.A_bar),
        a=(tableau.b_bar, ones),
        b=(tableau.b_bar, tableau.c),
        c=(tableau.b, ones),
        d=(tableau.b, tableau.c),
        tolerance=tableau.tolerance,
    )


Pair = tuple[Sequence[Number], Vector]


def _step(
    stages: "_Stages", *, a: Pair, b: Pair, c: Pair, d: Pair, tolerance: Fraction
) -> OscillatorStep:
    """[[1 + z a, 1 + z b], [z c, 1 + z d]], with the weights and starts of its four entries."""
    D = stages.determinant
    a_, b_, c_, d_ = (multiply(Z, stages.weighted(*pair)) for pair in (a, b, c, d))
    upper, lower, right = add(D, a_), add(D, d_), add(D, b_)
    determinant = add(multiply(upper, lower), scale(multiply(right, c_), -1))
    return OscillatorStep(add(upper, lower), determinant, D, tolerance)


class _Stages:
    """(I - zA)^-1 as the quotient of its adjugate and its determinant."""

    def __init__(self, A: Matrix) -> None:
        self.determinant, self._adjugate = resolvent(A)

    def weighted(self, weights: Sequence[Number], start: Vector) -> Polynomial:
        """The determinant times weights^T (I - zA)^-1 start."""
        return trim(dot(weights, [dot(row, start) for row in M]) for M in self._adjugate)


def _product(A: Matrix, B: Matrix) -> Matrix:
    columns = list(zip(*B, strict=True))
    return tuple(tuple(dot(row, column) for column in columns) for row in A)
