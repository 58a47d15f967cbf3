"""How the graph of a block is turned into machine code: not at all, step by step, or whole."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol, final

import torch
from torch import Tensor, fx, nn

from odegraph.emit.execution.layouts import (
    LAYOUTS,
    Layout,
    Run,
    check_layouts,
    run_by_layout,
)
from odegraph.emit.execution.step_segments import StepSegments, cut_into_steps
from odegraph.emit.execution.theta_tables import is_selection, lift_weights, multiply_slots
from odegraph.emit.rounding import Precision
from odegraph.ir import StepGraph
from odegraph.passes import tabulate_parameters

STEPS_PER_SEGMENT = (4, 2)
"""Lengths that are tried, the longest first: long segments cost compile time, short ones calls."""

MOST_COMPILED = 12
"""Steps in all segments of different form: a start, what is repeated, and an end."""

# Inputs are checked by the guards of each segment; checking every buffer inside again took about
# 15 % of the forward pass of a small unit. Calls from C++ instead of Python took off another 20 %.
OF_SEGMENTS: Mapping[str, Any] = {"size_asserts": False, "cpp_wrapper": True}
OF_WHOLE: Mapping[str, Any] = {"size_asserts": False}  # C++ of a long graph compiles for minutes


@dataclass(frozen=True)
class Lowered:
    """A lowered step graph.

    Attributes:
        graph: what was lowered.
        module: the result.
        lower: makes such a module; another one at each call.
        precision: what weights are rounded for.
        compilation: how to execute it.
        draws: whether a call draws random numbers.
        unit: what the unit is called.
    """

    graph: StepGraph
    module: fx.GraphModule
    lower: Callable[[StepGraph], fx.GraphModule]
    precision: Precision
    compilation: "Compilation"
    draws: bool
    unit: str


class Compilation(Protocol):
    """A way to execute a lowered graph; results agree to rounding in all."""

    def whole(self, lowered: Lowered) -> Run:
        """A function that computes what the lowered module does."""
        ...

    def steps(self, module: fx.GraphModule) -> StepSegments:
        """The steps of `module`, one by one."""
        ...


@final
@dataclass(frozen=True)
class Eager:
    """Call torch operation by operation: nothing to wait for.

    Args:
        layouts: rewrite the graph for the states that they suit, such as
            `(DirectConvolutions(),)`, which is what baked blocks start with.
    """

    layouts: tuple[Layout, ...] = ()

    def __post_init__(self) -> None:
        check_layouts(self.layouts)

    def whole(self, lowered: Lowered) -> Run:
        """The module itself."""
        return run_by_layout(lowered.module, self.layouts, lambda module: module)

    def steps(self, module: fx.GraphModule) -> StepSegments:
        """The steps as graphs."""
        return cut_into_steps(module)


@final
@dataclass(frozen=True)
class CompiledSteps:
    """Compile a few steps once by `torch.compile`, and call them one after the other.

    Steps of one form share their machine code, so compile time does not grow with depth. It is
    compiled at the first call, and again for another dtype, for gradients beside none, and once
    more, then for all sizes, when the size of the batch changes.

    `torch.compiler.nested_compile_region` means the same, but under inductor of torch 2.13 (CPU) it
    gave wrong gradients, without an error, for a tanh unit whose products were written as
    broadcast sums. The same loop compiled whole gave the right ones.

    Args:
        backend: of `torch.compile`. On CUDA devices `inductor` is asked for CUDA graphs; not yet
            run on one.
        layouts: rewrite the graph for the states that they suit; `()` leaves it as it is.
    """

    backend: str = "inductor"
    layouts: tuple[Layout, ...] = LAYOUTS

    def __post_init__(self) -> None:
        check_layouts(self.layouts)

    def whole(self, lowered: Lowered) -> Run:
        """A loop over compiled segments."""
        module = _with_theta_tables(lowered)
        form = lowered.graph.manifestation
        if not form.is_uniform:
            lift_weights(module)
        return run_by_layout(
            module,
            self.layouts,
            lambda one: _Chain(self._compiled(_longest_segments(one, form.steps))),
        )

    def steps(self, module: fx.GraphModule) -> StepSegments:
        """Each step compiled by itself."""
        return self._compiled(cut_into_steps(module))

    def _compiled(self, steps: StepSegments) -> StepSegments:
        functions = {id(one.function): one.function for one in steps.steps}
        compiled = {key: _compile(one, self.backend, OF_SEGMENTS) for key, one in functions.items()}
        segments = (replace(one, function=compiled[id(one.function)]) for one in steps.steps)
        return replace(steps, steps=tuple(segments))


@final
@dataclass(frozen=True)
class CompiledWhole:
    """Compile the whole graph by `torch.compile`; compile time grows with depth.

    Args:
        backend: of `torch.compile`. On CUDA devices `inductor` is asked for CUDA graphs; not yet
            run on one.
        layouts: as in `CompiledSteps`.
    """

    backend: str = "inductor"
    layouts: tuple[Layout, ...] = LAYOUTS

    def __post_init__(self) -> None:
        check_layouts(self.layouts)

    def whole(self, lowered: Lowered) -> Run:
        """The compiled module."""
        module = _with_theta_tables(lowered)
        return run_by_layout(
            module, self.layouts, lambda one: _compile(one, self.backend, OF_WHOLE)
        )

    def steps(self, module: fx.GraphModule) -> StepSegments:
        """Each step compiled by itself: gradients that need steps apart get no more."""
        return CompiledSteps(self.backend).steps(module)


def _with_theta_tables(lowered: Lowered) -> fx.GraphModule:
    """A new module that computes theta(t) at all depths at once."""
    graph, rows = tabulate_parameters(lowered.graph)
    if is_selection(rows):
        return lowered.lower(lowered.graph)
    module = lowered.lower(graph)
    multiply_slots(module, rows, precision=lowered.precision)
    return module


def _compile(
    function: Callable[..., Any], backend: str, options: Mapping[str, Any]
) -> Callable[..., Any]:
    """A function that is compiled when it is first called, when the device is known."""
    compiled: dict[str, Callable[..., Any]] = {}

    def call(*values: Tensor) -> Any:
        device = values[0].device.type
        if device not in compiled:
            settings = _settings(backend, device, options)
            # The method, not the module: calling a module checks for hooks that ours never have.
            forward = function.forward if isinstance(function, nn.Module) else function
            compiled[device] = torch.compile(forward, fullgraph=True, **settings)
        return compiled[device](*values)

    return call


def _settings(backend: str, device: str, options: Mapping[str, Any]) -> dict[str, Any]:
    if backend != "inductor":
        return {"backend": backend}
    return {"mode": "reduce-overhead"} if device == "cuda" else {"options": dict(options)}


def _longest_segments(module: fx.GraphModule, count: int) -> StepSegments:
    """The longest segments of which few steps must be compiled; else single steps."""
    for length in STEPS_PER_SEGMENT:
        steps = cut_into_steps(module, length=length)
        forms = len({id(one.function) for one in steps.steps})
        if length <= count and forms * length <= MOST_COMPILED:
            return steps
    return cut_into_steps(module)


class _Chain:
    """Calls the segments one after the other, and lets go of what no later one reads."""

    def __init__(self, steps: StepSegments) -> None:
        self.steps = steps
        before, after = steps.crossing[:-1], steps.crossing[1:]
        kept = {*steps.results}
        self.read_last = [
            tuple(name for name in now if name not in {*later, *kept})
            for now, later in zip(before, after, strict=True)
        ]

    def __call__(self, x: Tensor) -> Any:
        steps = self.steps
        constants = steps.prologue()
        if torch.is_grad_enabled() and any(value.requires_grad for value in constants):
            # All segments then have a state with a gradient: one variant to compile, not two.
            x = x if x.requires_grad else x.detach().requires_grad_()
        (state,) = steps.inputs
        values = {state: x, **dict(zip(steps.constants, constants, strict=True))}
        for segment, read_last in zip(steps.steps, self.read_last, strict=True):
            values.update(segment.run(values))
            for name in read_last:
                del values[name]
        return steps.epilogue(*(values[name] for name in steps.results))
