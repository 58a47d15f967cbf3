"""Nodes of linearised steps: the Jacobian of the unit, functions of it, and their products.

A sample's state is a vector of all its numbers, so that J and every function of it is a matrix.
"""

from dataclasses import dataclass

from odegraph._exact import Exact


@dataclass(frozen=True, slots=True)
class PhiFunctions:
    """phi_0(Z), ..., phi_highest(Z) with Z = scale J, phi_0 = exp."""

    scale: Exact
    highest: int


@dataclass(frozen=True, slots=True)
class Resolvent:
    """(I - scale J)^-1, as a factorised matrix."""

    scale: Exact


MatrixFunction = PhiFunctions | Resolvent


@dataclass(frozen=True, slots=True)
class Jacobian:
    """J = dR/dx at a state, sample by sample. Edges: `state`, `theta`."""

    step: int


@dataclass(frozen=True, slots=True)
class FunctionOfJacobian:
    """A function of J, computed once and applied often. Edge: `jacobian`."""

    step: int
    function: MatrixFunction


@dataclass(frozen=True, slots=True)
class Apply:
    """A matrix times a weighted sum. Edges: `matrix`, and `term`s with their exact weights.

    Attributes:
        step: the step it belongs to.
        order: which phi function of a `FunctionOfJacobian`; 0 for its resolvent, or for J itself.
    """

    step: int
    order: int


@dataclass(frozen=True, slots=True)
class Propagator:
    """Many equal steps of a linear unit R(x) = M x as one matrix: (Q(M)^-1 P(M))^repeats.

    Edges: `theta`, and `like`, a state of the shape that M acts on.

    Attributes:
        step: the first of the steps.
        numerator: the coefficients of P, with the length of the step.
        denominator: those of Q.
        repeats: how many steps.
    """

    step: int
    numerator: tuple[Exact, ...]
    denominator: tuple[Exact, ...]
    repeats: int
