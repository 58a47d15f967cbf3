"""Nodes of adjoint graphs: derivatives of rates, transposed, and the gradients of coefficients."""

from dataclasses import dataclass

from odegraph.ir.part import Part


@dataclass(frozen=True, slots=True)
class Pullback:
    """l = (dR/dx)^T v and g = (dR/dtheta)^T v at (x, theta): one call of a vector-Jacobian product.

    A `Combine` that reads it reads l, a `SlotGradient` reads g. Edges: `state`, `theta`, and
    `cotangent`, which is v.

    Attributes:
        step: the step of the evaluation that it is the transposed derivative of.
        stage: the number of that evaluation in the scheme, from 1.
        part: the part of the unit that was called.
        draws: the random numbers of that evaluation: those of the `GivenDraws` with the same.
    """

    step: int
    stage: int
    part: Part = Part.WHOLE
    draws: int | None = None


@dataclass(frozen=True, slots=True)
class KeptDraws:
    """Hand out the random numbers that an evaluation computed with. Edge: `evaluation`."""

    step: None
    part: Part
    draws: int


@dataclass(frozen=True, slots=True)
class GivenDraws:
    """The random numbers that a `KeptDraws` handed out: an input like the states that were kept."""

    step: None
    part: Part
    draws: int


@dataclass(frozen=True, slots=True)
class SlotGradient:
    """The gradient of the coefficient theta^b: sum_i phi_b(t_i) g_i over pullbacks.

    Edges: `gradient`, each with its exact weight phi_b(t_i) from a `Pullback`, or with weight one
    from the `SlotGradient` of the steps that were done before.

    Attributes:
        step: the step that adds to it.
        index: b.
    """

    step: int
    index: int
