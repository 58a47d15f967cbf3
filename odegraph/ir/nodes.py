"""The vocabulary of step graphs: frozen nodes and the edges between them.

A node says what is computed, its incoming edges say from what. Every node but `Input` belongs to
one step of the time grid, which makes a step a region of the graph.
"""

from dataclasses import dataclass
from fractions import Fraction

from odegraph._exact import Exact
from odegraph.ir.adjoint_nodes import GivenDraws, KeptDraws, Pullback, SlotGradient
from odegraph.ir.halves import Weight, add_weights
from odegraph.ir.matrix_nodes import Apply, FunctionOfJacobian, Jacobian, Propagator
from odegraph.ir.part import Part
from odegraph.ir.solver import Solver

Row = tuple[tuple[int, Exact | Fraction], ...]


@dataclass(frozen=True, slots=True)
class Input:
    """The state x at depth 0."""

    step: None = None


@dataclass(frozen=True, slots=True)
class Theta:
    """The unit's parameters at one depth: theta(t) = sum_b phi_b(t) theta^b.

    Attributes:
        step: the step that asked for it first.
        depth: t, exact.
        row: the nonzero phi_b(t) of the parameters as (b, value).
        state_row: the same for the buffers, in their own basis.
    """

    step: int
    depth: Exact | Fraction
    row: Row
    state_row: Row


@dataclass(frozen=True, slots=True)
class Evaluate:
    """A rate k = R(x, theta): one call of the unit, or of a part. Edges: `state`, `theta`.

    Attributes:
        step: the step that asked for it first.
        stage: its number in the scheme, from 1.
        part: the part of the unit that is called.
        reads: the half of the state that what is used of the rate depends on: f of q' = f(p) reads
            p alone. None where it depends on the whole state.
        draws: which random numbers a random unit computes with: evaluations that have the same
            share their numbers, and the first of them draws; None where each draws its own.
    """

    step: int
    stage: int
    part: Part = Part.WHOLE
    reads: int | None = None
    draws: int | None = None


@dataclass(frozen=True, slots=True)
class EvaluateBatch:
    """Rates R(x_1, theta), ..., R(x_m, theta) by one call, on the states as one batch.

    Edges: `state`, each with the places in the batch that it has, counted from 0, and `theta`. Its
    rates are `BatchedRate` nodes.

    Attributes:
        step: the step that asks for it.
        size: how many states.
        part: the part of the unit that is called.
    """

    step: int
    size: int
    part: Part = Part.WHOLE


@dataclass(frozen=True, slots=True)
class BatchedRate:
    """A rate of an `EvaluateBatch`. Edge: `batch`.

    Attributes:
        step: the step of its `EvaluateBatch`.
        stage: its number in the scheme, from 1.
        position: its place in the batch, from 0.
        reads: see `Evaluate`.
    """

    step: int
    stage: int
    position: int
    reads: int | None = None


Matrix = tuple[tuple[Weight, ...], ...]


@dataclass(frozen=True, slots=True)
class StageMatrix:
    """For a linear unit R(x) = M x: P with k = P y, where k solves the stages of a `Solve`.

    P = (I - a (x) M)^-1 diag(M_1, ..., M_s) does not depend on the state. Edges: `theta`, one for
    each stage, and `like`, a state of the shape that M acts on.
    """

    step: int
    coefficients: Matrix
    part: Part = Part.WHOLE


@dataclass(frozen=True, slots=True)
class Solve:
    """Stages that need one another: k_i = R(y_i + sum_j a_ij k_j, theta_i), solved together.

    Edges: `state` (the y_i) and `theta`, each with the stages that use it, counted from 0 within
    this node, and `matrix` where a `StageMatrix` solves it. Its rates are `SolvedRate` nodes.

    Attributes:
        step: the step that asked for it first.
        coefficients: the matrix a, exact, with the length of the step; its entries may differ
            between the halves of the state: then they are `Halves`.
        solver: the method with its number of iterations.
        part: the part of the unit that is solved for.
    """

    step: int
    coefficients: Matrix
    solver: Solver
    part: Part = Part.WHOLE


@dataclass(frozen=True, slots=True)
class SolvedRate:
    """A rate k_i that a `Solve` found. Edge: `solve`.

    Attributes:
        step: the step of its `Solve`.
        stage: its number in the scheme, from 1.
        position: its number in the `Solve`, from 0.
    """

    step: int
    stage: int
    position: int


@dataclass(frozen=True, slots=True)
class Combine:
    """A weighted sum of states and rates. Edges: `term`, each with its exact weight.

    Attributes:
        step: the step it belongs to.
        fused: whether a product and the sum that it joins are one kernel, or two.
    """

    step: int
    fused: bool = True


@dataclass(frozen=True, slots=True)
class Update:
    """A new coefficient of the unit's running statistics, from all evaluations of one pass.

    The value is sum_b retained_b S^b + sum_i weight_i s_i over the `statistics` edges, where s_i
    is what evaluation i made of the statistics S(t_i): the minimum-norm least-squares update,
    free of order.
    """

    step: None
    index: int
    retained: Row


@dataclass(frozen=True, slots=True)
class Output:
    """The state after `tap` steps, handed out. Edge: `state`."""

    step: None
    tap: int


Evaluated = Evaluate | EvaluateBatch | BatchedRate
Rate = Evaluate | BatchedRate | SolvedRate
Solved = StageMatrix | Solve | SolvedRate
Linearised = Jacobian | FunctionOfJacobian | Apply | Propagator
Transposed = Pullback | SlotGradient | KeptDraws | GivenDraws
Node = Input | Theta | Evaluated | Solved | Linearised | Transposed | Combine | Update | Output


@dataclass(frozen=True, slots=True)
class Edge:
    """How a node uses a value.

    Attributes:
        role: what the value is to the node.
        weight: the exact weight of a `term`, `gradient` or `statistics`; that of a term may differ
            between the halves of the state: then it is a `Halves`.
        stages: which stages of a `Solve` or `StageMatrix`, or places in an `EvaluateBatch`, use it,
            counted from 0.
    """

    role: str
    weight: Weight | None = None
    stages: tuple[int, ...] = ()

    @property
    def exact(self) -> Exact:
        """The weight of an edge that has a plain one."""
        assert isinstance(self.weight, Exact), f"an edge of role {self.role} has no plain weight"
        return self.weight

    @property
    def any_weight(self) -> Weight:
        """The weight of an edge that has one, plain or not."""
        assert self.weight is not None, f"an edge of role {self.role} has no weight"
        return self.weight

    def merged(self, other: "Edge") -> "Edge":
        """One edge for two of the same role from the same value."""
        if self.weight is None:
            return Edge(self.role, None, tuple(sorted({*self.stages, *other.stages})))
        return Edge(self.role, add_weights(self.weight, other.any_weight))
