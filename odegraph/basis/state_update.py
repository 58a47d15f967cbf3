"""Statistics as functions of depth: how new values at the depths of a step update coefficients."""

from collections.abc import Sequence
from dataclasses import dataclass

from odegraph.basis.basis import Basis, Row
from odegraph.basis.exact_matrix import ExactMatrix, from_rows, identity
from odegraph.basis.pseudo_inverse import pseudo_inverse


@dataclass(frozen=True)
class StateUpdate:
    """The linear update S' = `keep` S + `gain` s of coefficients S by new values s.

    `gain` is Phi^+ [size, evaluations] and `keep` is I - Phi^+ Phi [size, size], where row i of Phi
    holds the basis at evaluation i.
    """

    gain: ExactMatrix
    keep: ExactMatrix


def state_update(basis: Basis, evaluations: Sequence[Row]) -> StateUpdate:
    """The smallest change of the coefficients that fits the new values best: Phi^+ (s - S(t)).

    Least squares, so that the order of the evaluations does not matter and an element visited
    twice takes the mean; minimum norm, so that an element never visited stays as it is.
    (Penrose, Proceedings of the Cambridge Philosophical Society 51 (1955).)
    """
    values = from_rows((dict(row) for row in evaluations), columns=basis.size)
    gain = pseudo_inverse(values)
    return StateUpdate(gain=gain, keep=identity(basis.size) - gain @ values)
