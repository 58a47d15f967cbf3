"""Translation validation: read the tableau and the stability function back from an fx graph.

The graph that will run is interpreted with the unit replaced: over linear forms, where each call
of the unit is a new unknown k_i, which yields A, b and the depth of every stage; and over power
series in z with R(x) = lambda x, which yields the stability function where no stage is implicit.
Nothing of the step graph is looked at, and all weights are exact, checked to be what the floats in
the graph were rounded from; so what is read back must equal what was declared, to the last digit.
"""

import math
import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import torch
from torch import fx

from odegraph._errors import EmitError
from odegraph._exact import Exact, to_exact, to_float
from odegraph.emit.lowering.batch import BATCH_DIM
from odegraph.emit.lowering.fx_values import EXACT_WEIGHT, factor_of
from odegraph.emit.operations.linear_forms import (
    ONE,
    ZERO,
    Batch,
    Called,
    Form,
    Ignored,
    Matrix,
    Slot,
    Slots,
    floating,
    form_of,
    item,
    scaled,
    sum_of,
)
from odegraph.emit.operations.linear_stages import linear_stages
from odegraph.emit.operations.solver_call import (
    LinearStageMatrix,
    StagesOfUnit,
    called_stages,
    has_halves,
    plain,
)
from odegraph.emit.rounding import Precision, are_roundings
from odegraph.emit.slots import slot_of
from odegraph.emit.unit_call import AGAIN, UNITS

Unit = Callable[[str, Form, Slots], Form]
WeightOf = Callable[[fx.Node], Exact]
STATE = "x"


@dataclass(frozen=True)
class ReadBack:
    """A block as one step: k_i = R(x + sum_j A_ij k_j, theta_i) and x_1 = x + sum_i b_i k_i.

    Step lengths and the span are part of the weights: for one step over span 1, A and b are those
    of the scheme.

    Attributes:
        stages: the name of each call of the unit in the graph, in order.
        A: the weights of the rates in the state of each stage.
        b: the weights of the rates in the result.
        theta: for each stage the weights of the parameters' coefficients; empty without parameters.
        statistics: the same for the buffers of floats.
    """

    stages: tuple[str, ...]
    A: tuple[tuple[Exact, ...], ...]
    b: tuple[Exact, ...]
    theta: tuple[Form, ...]
    statistics: tuple[Form, ...]

    def c(self, coefficients: Sequence[Fraction]) -> tuple[Exact, ...]:
        """The depth that each stage reads, given the coefficients of theta(t) = t in the basis."""
        return tuple(
            sum((to_exact(coefficients[b]) * weight for b, weight in row.items()), start=ZERO)
            for row in self.theta
        )


def read_back(module: fx.GraphModule, *, precision: Precision) -> ReadBack:
    """The tableau of a lowered graph; `precision` is the one its weights were rounded for.

    Raises:
        EmitError: the graph lost its exact weights, or is not the graph of a Runge-Kutta method.
    """
    exact = _read(module, _exact_weight)
    _refuse_other_floats(exact, _read(module, _float_weight), precision)
    return exact


def _read(module: fx.GraphModule, weight_of: WeightOf) -> ReadBack:
    rates = _LinearForms()
    result = _Interpreter(module, weight_of, rates).run({STATE: ONE})
    names = list(rates.states)
    return ReadBack(
        stages=tuple(names),
        A=tuple(_weights(name, state, names) for name, state in rates.states.items()),
        b=_weights("output", result, names),
        theta=tuple(_common_row(name, rates.slots[name], "theta.") for name in names),
        statistics=tuple(_common_row(name, rates.slots[name], "state.") for name in names),
    )


def read_stability_function(module: fx.GraphModule) -> tuple[Exact, ...]:
    """Coefficients r_0, r_1, ... of the growth sum_n r_n z^n of x' = lambda x, z = lambda.

    For one step over span 1 this is the stability function of the scheme.

    Raises:
        EmitError: see `read_back`; or stages are implicit, so that the growth is no polynomial.
    """
    result = _Interpreter(module, _exact_weight, _times_z).run({0: ONE})
    return tuple(result.get(power, ZERO) for power in range(max(result) + 1))


class _LinearForms:
    """The unit over linear forms: it keeps its arguments and returns a new unknown."""

    def __init__(self) -> None:
        self.states: dict[str, Form] = {}
        self.slots: dict[str, Slots] = {}

    def __call__(self, name: str, state: Form, slots: Slots) -> Form:
        self.states[name], self.slots[name] = state, slots
        return {name: ONE}


def _times_z(_name: str, state: Form, _slots: Slots) -> Form:
    return {power + 1: weight for power, weight in state.items()}


class _Interpreter:
    """Runs the nodes of a graph over forms: mappings of unknowns to exact weights."""

    def __init__(self, module: fx.GraphModule, weight_of: WeightOf, unit: Unit) -> None:
        self.module = module
        self.weight_of = weight_of
        self.unit = unit
        self.values: dict[Any, Any] = {}

    def run(self, x: Form) -> Form:
        *nodes, output = self.module.graph.nodes
        for node in nodes:
            self.values[node] = x if node.op == "placeholder" else self._value(node)
        result = output.args[0]
        return self._form(result[-1] if isinstance(result, tuple) else result)

    def _value(self, node: fx.Node) -> object:
        stages = called_stages(self.module, node)
        if stages is not None:
            groups: Any = node.args[1]
            read = [[self.values[one] for one in slots] for slots in groups]
            if isinstance(stages, LinearStageMatrix):
                return Matrix(stages, read)
            return self._solved(node, stages, node.args[0], read)
        match node.op, node.target:
            case "get_attr", str(path):
                return Slot(path, not slot_of(self.module, path).is_floating_point())
            case "call_method", "unbind":
                return self.values[node.args[0]]
            case "call_method", "copy_":
                return Ignored()
            case "call_module", str(unit) if unit.removesuffix(AGAIN) in UNITS.values():
                state, *slots = (self.values[one] for one in node.args)
                if isinstance(state, Batch):
                    return self._called_on_batch(node, state, floating(slots))
                return Called(self.unit(_rate_name(node), form_of(state), floating(slots)))
            case "call_function", function if function is linear_stages:
                matrix = self.values[node.args[0]]
                return self._solved(node, matrix.stages, node.args[1], matrix.theta)
            case "call_function", function if function is torch.stack:
                return Ignored()
            case "call_function", function if function is operator.getitem:
                return item(self.values[node.args[0]], node.args[1])
        return self._computed(node)

    def _solved(
        self, node: fx.Node, stages: StagesOfUnit, states: Any, theta: Sequence[Sequence[Any]]
    ) -> list[Form]:
        if self.unit is _times_z:
            raise EmitError(
                f"The stages of `{node.name}` are implicit: their stability function is rational. "
                "Read the tableau back with `read_back`; it determines the stability function."
            )
        if has_halves(stages.exact):
            raise _no_step(node)
        names = [_stage_name(node, i) for i in range(len(states))]
        rounded = [[w for w in row if isinstance(w, float)] for row in stages.coefficients]
        floats = [[to_exact(Fraction(weight)) for weight in row] for row in rounded]
        exact = plain(stages.exact)
        for i, row in enumerate(exact if self.weight_of is _exact_weight else floats):
            coupling = dict(zip(names, row, strict=True))
            state = sum_of(self._form(states[i]), coupling)
            self.unit(names[i], state, floating(theta[i]))
        return [{name: ONE} for name in names]

    def _called_on_batch(self, node: fx.Node, batch: Batch, slots: Slots) -> Batch:
        names = (_stage_name(next(iter(node.users)), i) for i in range(len(batch.forms)))
        return Batch(tuple(self.unit(*one, slots) for one in zip(names, batch.forms, strict=True)))

    def _computed(self, node: fx.Node) -> object:
        match node.target:
            case torch.cat if node.args[1:] == (BATCH_DIM,):
                states: Any = node.args[0]
                return Batch(tuple(map(self._form, states)))
            case torch.chunk if isinstance(batch := self.values[node.args[0]], Batch):
                if node.args[1:] == (len(batch.forms), BATCH_DIM):
                    return list(batch.forms)
            case operator.mul:
                return scaled(self._form(node.args[0]), self.weight_of(node))
            case torch.add:
                return self._sum(node, self.weight_of(node))
            case operator.add:
                return self._sum(node, ONE)
            case operator.sub:
                return self._sum(node, -ONE)
        raise _no_step(node)

    def _sum(self, node: fx.Node, weight: Exact) -> Form:
        return sum_of(self._form(node.args[0]), scaled(self._form(node.args[1]), weight))

    def _form(self, node: Any) -> Form:
        return form_of(self.values[node])


def _no_step(node: fx.Node) -> EmitError:
    return EmitError(
        f"The graph holds `{node.format_node()}`, which is no part of a Runge-Kutta step. "
        "Read back graphs as `OdeBlock.graph_module` has them."
    )


def _exact_weight(node: fx.Node) -> Exact:
    if EXACT_WEIGHT not in node.meta:
        raise EmitError(
            f"The node `{node.name}` has lost its exact weight, as graphs do when they are pickled "
            "or transformed. Read back `OdeBlock.graph_module` itself."
        )
    return node.meta[EXACT_WEIGHT]


def _float_weight(node: fx.Node) -> Exact:
    weight = factor_of(node)
    if not isinstance(weight, float) or not math.isfinite(weight):
        raise EmitError(f"The node `{node.name}` multiplies with `{weight}`, which is no weight.")
    return to_exact(Fraction(weight))


def _refuse_other_floats(exact: ReadBack, floats: ReadBack, precision: Precision) -> None:
    declared = [*exact.A, exact.b, *(tuple(row.values()) for row in exact.theta)]
    executed = [*floats.A, floats.b, *(tuple(row.values()) for row in floats.theta)]
    names = [*exact.stages, "output", *exact.stages]
    for name, right, found in zip(names, declared, executed, strict=True):
        values = [to_float(weight) for weight in found]
        if not are_roundings(values, [to_float(weight) for weight in right], precision.value):
            raise EmitError(
                f"`{name}` is computed with the weights {values}, which are not {list(right)} "
                f"rounded to {precision.name.lower()} precision. The graph was changed after it "
                "was lowered."
            )


def _stage_name(node: fx.Node, stage: int) -> str:
    for user in node.users:
        if user.target is operator.getitem and user.args[1] == stage:
            return user.name
    return f"{node.name}[{stage}]"


def _rate_name(node: fx.Node) -> str:
    for user in node.users:
        if user.target is operator.getitem and user.args[1] == 0:
            return user.name
    return node.name


def _weights(name: str, form: Form, rates: Sequence[str]) -> tuple[Exact, ...]:
    """The weights of the rates in x + sum_j w_j k_j."""
    unknown = [str(one) for one in form if one != STATE and one not in rates]
    if unknown or form.get(STATE) != 1:
        raise EmitError(
            f"`{name}` is {dict(form)}; in a Runge-Kutta step every state is x plus a weighted sum "
            "of rates."
        )
    return tuple(form.get(rate, ZERO) for rate in rates)


def _common_row(name: str, slots: Slots, kind: str) -> Form:
    """The weights of the coefficients, which are the same for all slots of one kind."""
    rows = []
    for form in slots:
        if not all(isinstance(unknown, tuple) for unknown in form):
            raise EmitError(f"`{name}` reads {dict(form)} where a coefficient of a slot belongs.")
        if all(path.startswith(kind) for path, _ in form):
            rows.append({index: weight for (_, index), weight in form.items()})
    if any(row != rows[0] for row in rows):
        raise EmitError(f"The slots of `{name}` are read at different depths: {rows}.")
    return rows[0] if rows else {}
