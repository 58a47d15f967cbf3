"""Exact proofs of order for general linear methods whose external values all approximate x.

With the values y = (x(t), ..., x(t)) the stages of a step are those of a Runge-Kutta method with
matrix A, and external value k is advanced with row k of B for weights. So its local error is that
of these weights: rooted trees decide it. A method with bounded powers of V, started with y = x_0 1,
converges with order p on equal steps if

- every row of B has order p - 1: local errors are O(h^p);
- w B has order p for every w with w V = w, w 1 = 1: what a step carries on as it is, has a local
  error of O(h^(p+1)). Errors along the other eigenvectors do not add up, as they decay or turn.

This is quasi-consistency of order p (Skeel 1976; Hairer, Norsett and Wanner, III.8; in Butcher's
terms, Acta Numerica 2006, order p relative to a starting method that is trivial below order p).
Where steps differ in length, errors that turn (other eigenvalues of V on the unit circle) may add
up to O(h^q), q the least order of a row of B. Order p holds on every grid if there are no such
eigenvalues; or if q >= 1 and w B U V = w B U: then w B U annihilates all other eigenvectors, so
that what turns moves w y by O(h^(q+2)) a step, and p <= q + 1. In all other cases order q holds.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import final

from odegraph._exact import exact_text
from odegraph.scheme.general_linear_tableau import GeneralLinearTableau
from odegraph.scheme.number_field import to_sympy
from odegraph.scheme.order_conditions import Condition, StageVectors, prove_order
from odegraph.scheme.order_proof import OrderProof
from odegraph.scheme.tableau import Vector


@final
@dataclass(frozen=True)
class Weights:
    """A row of weights that order p asks something of: order p - `less`.

    `row` is its number in B, counted from 1; None for w B.
    """

    values: Vector
    less: int
    row: int | None
    words: str


@final
@dataclass(frozen=True)
class GeneralLinearCondition:
    """The order condition of one row of weights; `words` say which."""

    condition: Condition
    words: str

    def __str__(self) -> str:
        return f"{self.condition}; b is {self.words}"


@final
@dataclass(frozen=True)
class GeneralLinearOrder:
    """The order on equal steps, and the one on every grid."""

    equal: OrderProof[GeneralLinearCondition]
    uneven: int


def prove_general_linear_order(tableau: GeneralLinearTableau) -> GeneralLinearOrder:
    """Both orders, and the first condition that fails; the powers of V must be bounded."""
    vectors = StageVectors(tableau.A, tableau.c)
    proofs = [(prove_order(vectors, one.values), one) for one in rows_of_weights(tableau)]
    proof, least = min(proofs, key=lambda pair: pair[0].order + pair[1].less)
    failed = None if proof.failed is None else GeneralLinearCondition(proof.failed, least.words)
    order = proof.order + least.less
    of_rows = min(proof.order for proof, one in proofs if one.row is not None)
    on_every_grid = tableau.unit_disc.strongly or (of_rows >= 1 and tableau.is_decoupled)
    return GeneralLinearOrder(
        OrderProof(order, failed), order if on_every_grid else min(order, of_rows)
    )


def rows_of_weights(tableau: GeneralLinearTableau) -> Iterator[Weights]:
    """Every w B, then every row of B."""
    for w in tableau.invariants:
        shown = ", ".join(exact_text(to_sympy(x)) for x in w)
        yield Weights(tableau.weights(w), 0, None, f"w B, w = ({shown})")
    for k, row in enumerate(tableau.B, start=1):
        yield Weights(row, 1, k, f"row {k} of B")
