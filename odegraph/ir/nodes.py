"""The vocabulary of step graphs: frozen nodes and the edges between them.

A node says what is computed, its incoming edges say from what. Every node but `Input` belongs to
one step of the time grid, which makes a step a region of the graph.
"""

from dataclasses import dataclass
from fractions import Fraction

from odegraph._exact import Exact
from odegraph.ir.halves import Weight
from odegraph.ir.matrix_nodes import Apply, FunctionOfJacobian, Jacobian

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
    """A rate k = R(x, theta): one call of the unit. Edges: `state`, `theta`."""

    step: int
    stage: int


@dataclass(frozen=True, slots=True)
class Combine:
    """A weighted sum of states and rates. Edges: `term`, each with its exact weight."""

    step: int


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


Linearised = Jacobian | FunctionOfJacobian | Apply
Node = Input | Theta | Evaluate | Combine | Update | Output | Linearised


@dataclass(frozen=True, slots=True)
class Edge:
    """How a node uses a value: its role and, for `term` and `statistics`, its exact weight.

    The weight of a term may differ between the halves of the state: then it is a `Halves`.
    """

    role: str
    weight: Weight | None = None

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
