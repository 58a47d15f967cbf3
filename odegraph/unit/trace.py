"""From an `nn.Module` to a `Unit`: traced once in evaluation mode and once in training mode."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, fx, nn

from odegraph._errors import UnitError
from odegraph.unit.admission import admit, copy_structure
from odegraph.unit.draws import hold_draws
from odegraph.unit.export import trace_by_export
from odegraph.unit.faults import explain
from odegraph.unit.functional import Trace, functional_graph
from odegraph.unit.linearity import is_linear
from odegraph.unit.shape import guess_state, refuse_shape_change
from odegraph.unit.split import PartOfUnit, SplitUnit
from odegraph.unit.symbolic import trace_symbolically
from odegraph.unit.unit import Unit


class _Rate(nn.Module):
    """Calls the unit with the state alone, so that hooks and optional arguments do as they do."""

    def __init__(self, unit: nn.Module) -> None:
        super().__init__()
        self.unit = unit

    def forward(self, x: Tensor) -> Tensor:
        return self.unit(x)


def trace_unit(module: nn.Module, *, example: Tensor | None = None) -> Unit:
    """Trace a residual module R(x) into functional graphs R(x, *parameters, *buffers).

    The module is left as it is. `example` is a state; only units that torch.fx cannot trace, and
    whose layers do not tell the shape of a state, need one. The parts of a `SplitUnit` are traced,
    too.
    """
    copy = admit(module)
    try:
        whole = _trace_unit(module, _Rate(copy), example=example)
        if not isinstance(module, SplitUnit):
            return whole
        named = (PartOfUnit(module, name) for name in ("explicit", "implicit"))
        parts = [_trace_unit(one, _Rate(admit(one)), example=example) for one in named]
        return dataclasses.replace(whole, parts=(parts[0], parts[1]))
    except UnitError as error:
        raise UnitError(f"The unit `{type(module).__name__}` {error}") from error


def _trace_unit(module: nn.Module, work: _Rate, *, example: Tensor | None) -> Unit:
    inputs = _Inputs.of(module)
    traced, traced_for = _trace(work.eval(), inputs, example=example)
    evaluation = _functional(traced, inputs, returned=(), name=type(module).__name__)
    _check_shape(module, evaluation, inputs, example=example)
    traced, _ = _trace(work.train(), inputs, example=example)
    training = _functional(traced, inputs, returned=inputs.buffers, name=type(module).__name__)
    hold_draws(training.module)  # refuses what the stages of a step could not share
    one_graph = training.module.code == evaluation.module.code
    return Unit(
        name=type(module).__name__,
        reference=f"{type(module).__module__}:{type(module).__qualname__}",
        parameters=inputs.parameters,
        buffers=inputs.buffers,
        updated_buffers=training.updated_buffers,
        positive_slots=_positive_slots(module, inputs.buffers),
        is_linear=one_graph and is_linear(evaluation.module.graph),
        evaluation=evaluation.module,
        training=evaluation.module if one_graph else training.module,
        value_shapes=inputs.shapes,
        traced_for=traced_for,
    )


@dataclass(frozen=True)
class _Inputs:
    """What a unit reads beside its state: names, and shapes and dtypes as meta tensors."""

    parameters: tuple[str, ...]
    buffers: tuple[str, ...]
    shapes: tuple[Tensor, ...]

    @classmethod
    def of(cls, module: nn.Module) -> _Inputs:
        parameters, buffers = dict(module.named_parameters()), dict(module.named_buffers())
        shapes = [v.detach().to("meta") for v in (parameters | buffers).values()]
        return cls(tuple(parameters), tuple(buffers), tuple(shapes))


@dataclass(frozen=True)
class _Functional:
    module: fx.GraphModule
    updated_buffers: tuple[str, ...]


def _trace(
    work: _Rate, inputs: _Inputs, *, example: Tensor | None
) -> tuple[Trace, tuple[int, ...] | None]:
    """The trace, and the shape of the state it was made with where that matters."""
    try:
        trace = trace_symbolically(work)
        _functional(trace, inputs, returned=inputs.buffers, name="")
        return trace, None
    except UnitError:
        raise
    except Exception as by_fx:
        state = example if example is not None else _guess_for_export(work, inputs, by_fx)
        try:
            return trace_by_export(work, state), tuple(state.shape)
        except UnitError:
            raise
        except Exception as by_export:
            raise UnitError(explain(by_fx, by_export)) from by_export


def _functional(
    trace: Trace, inputs: _Inputs, *, returned: tuple[str, ...], name: str
) -> _Functional:
    lifted = functional_graph(
        trace, parameters=inputs.parameters, buffers=inputs.buffers, returned=returned
    )
    module = fx.GraphModule(nn.Module(), lifted.graph, class_name=name or "Unit")
    return _Functional(module, lifted.updated_buffers)


def _check_shape(
    module: nn.Module, evaluation: _Functional, inputs: _Inputs, *, example: Tensor | None
) -> None:
    rate = evaluation.module.forward
    if example is None:
        guess_state(module, rate, inputs.shapes)
    else:
        refuse_shape_change(rate, example, inputs.shapes)


def _guess_for_export(work: _Rate, inputs: _Inputs, by_fx: Exception) -> Tensor:
    spare = copy_structure(work.unit)

    def rate(x: Tensor, *values: Tensor) -> Any:
        named = dict(zip((*inputs.parameters, *inputs.buffers), values, strict=True))
        return torch.func.functional_call(spare, named, (x,))

    guess = guess_state(work.unit, rate, inputs.shapes)
    if guess is None:
        raise UnitError(explain(by_fx, None)) from by_fx
    device = next(work.parameters(), torch.empty(())).device
    return torch.zeros(guess.shape, dtype=guess.dtype, device=device)


def _positive_slots(module: nn.Module, buffers: tuple[str, ...]) -> tuple[str, ...]:
    """Running variances: whatever moves them through depth must keep them positive."""
    found = {
        f"{path}.running_var".lstrip(".")
        for path, layer in module.named_modules()
        if isinstance(layer, nn.modules.batchnorm._NormBase)
    }
    return tuple(buffer for buffer in buffers if buffer in found)
