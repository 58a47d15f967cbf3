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
    """

    step: int
    stage: int
    part: Part = Part.WHOLE


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
