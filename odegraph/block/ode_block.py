"""OdeBlock: slots and the compiled graph that reads them, as one `nn.Module`."""

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import torch
from torch import Tensor, fx, nn

from odegraph.basis import Basis
from odegraph.block.backward import warn_of_diffusion, warn_of_random_unit
from odegraph.block.batches import check_batch
from odegraph.block.execution import COMPILED_STEPS, DEFAULT_EXECUTION, Execution
from odegraph.block.halves import check_halves
from odegraph.block.memory_format import laid_out
from odegraph.block.slots_in_depth import (
    basis_of_statistics,
    constant_slots,
    first_of_slots,
    precision_of,
    refuse_other_bases,
)
from odegraph.compile import CompiledGraphs, compile_manifestation
from odegraph.emit.execution.compilation import Compilation, Lowered, Run
from odegraph.emit.fx_graph import lower_to_fx
from odegraph.emit.operations.residuals import stage_residuals
from odegraph.emit.python_source import BlockParts
from odegraph.emit.rounding import Precision
from odegraph.emit.slots import slots_of
from odegraph.emit.unit_call import evaluation_call, training_call
from odegraph.ir import Manifestation, Solve, Solver, StepGraph, manifestation
from odegraph.passes.invert import invert, only_start
from odegraph.scheme import Scheme
from odegraph.unit import Unit, trace_unit


class OdeBlock(nn.Module):
    """dx/dt = span * R(x, theta(t)) over depth t in [0, 1], compiled into a static graph.

    The state dict holds one slot for each parameter and buffer of the unit, stacked over the basis
    in depth: ``theta.<parameter path>`` of shape [basis.size, *shape] and ``state.<buffer path>``.
    A new block starts with theta(t) equal to the unit's own parameters at every depth.

    Args:
        unit: the residual unit R(x), a module that maps a state to a rate of the same shape. It is
            traced, not kept.
        scheme: a catalogue name, a path that ends in .toml, or a `Scheme`.
        basis: the basis in depth of theta(t).
        steps: number of equal time steps; or `grid`: depths from 0 to 1, exact.
        span: length of the depth interval in the unit's own time.
        solver: solves the stages of implicit schemes, such as `NewtonKrylov(iterations=4,
            krylov=6)`; by default exactly where the unit is proven linear, else `NewtonKrylov()`.
        state_basis: the basis in depth of the unit's buffers; by default piecewise constant on the
            elements of `basis`, which keeps running variances positive.
        example: a state, needed only for units that torch.fx cannot trace.
        execution: how the graph is computed, such as `Execution(gradients=Checkpoints())`.

    Raises:
        UnitError: the unit is not a module, changes the shape, or cannot be traced.
        SchemeError, GraphError: see `load_scheme` and `manifestation`.
    """

    def __init__(
        self,
        unit: nn.Module,
        *,
        scheme: Scheme | str,
        basis: Basis,
        steps: int | None = None,
        grid: Sequence[Fraction | int | str] | None = None,
        span: Fraction | int | float | str = 1,
        solver: Solver | None = None,
        state_basis: Basis | None = None,
        example: Tensor | None = None,
        execution: Execution = DEFAULT_EXECUTION,
    ) -> None:
        super().__init__()
        traced = trace_unit(unit, example=example)
        form = manifestation(
            scheme,
            basis=basis,
            steps=steps,
            grid=grid,
            span=span,
            solver=solver,
            state_basis=basis_of_statistics(traced, basis, state_basis),
        )
        theta, state = constant_slots(unit, form)
        self._set_up(traced, form, theta, state, execution)

    @classmethod
    def of_slots(
        cls,
        unit: Unit,
        form: Manifestation,
        *,
        theta: nn.Module,
        state: nn.Module,
        execution: Execution = DEFAULT_EXECUTION,
    ) -> "OdeBlock":
        """A block of a traced unit with slots that already belong to the bases of `form`."""
        block = cls.__new__(cls)
        nn.Module.__init__(block)
        block._set_up(unit, form, theta, state, execution)
        return block

    def _set_up(
        self,
        unit: Unit,
        form: Manifestation,
        theta: nn.Module,
        state: nn.Module,
        execution: Execution,
    ) -> None:
        self.unit = unit
        self.manifestation = form
        self.execution = execution
        self.theta = theta
        self.state = state
        warn_of_random_unit(form, unit)
        self._compiled = compile_manifestation(form, unit=unit, passes=execution.passes)
        self._lowered: dict[bool, fx.GraphModule] = {}
        self._runs: dict[tuple[bool, bool], Run] = {}
        self._inverses: dict[bool, fx.GraphModule] = {}
        self.seen_shapes: set[tuple[int, ...]] = set()  # of one sample
        self.register_load_state_dict_pre_hook(refuse_other_bases)
        self.graph_module  # lower now: nothing is left to do inside torch.compile  # noqa: B018

    @property
    def step_graph(self) -> StepGraph:
        """The intermediate representation in evaluation mode."""
        return self._compiled.evaluation

    @property
    def graphs(self) -> CompiledGraphs:
        """The step graphs of both modes."""
        return self._compiled

    @property
    def called_unit(self) -> Unit:
        """What the graphs call: the unit, or the layer that it was made from (see `Unit.layer`)."""
        return self._compiled.called

    @property
    def graph_module(self) -> fx.GraphModule:
        """The static torch.fx graph of the current mode; it shares the slots of the block."""
        changes = self._mode_changes
        if changes not in self._lowered:
            graph = self._compiled.training if changes else self._compiled.evaluation
            self._lowered[changes] = self._lowered_graph(graph, training=changes)
        return self._lowered[changes]

    @property
    def evaluations(self) -> int:
        """Unit evaluations in one forward pass: what the block costs."""
        return self.step_graph.evaluations

    @property
    def precision(self) -> Precision:
        """The float precision that the weights of the graph are rounded for."""
        return precision_of(slots_of(self.theta))

    @property
    def parts(self) -> BlockParts:
        """What emitters need to know."""
        return BlockParts(
            unit=self.called_unit,
            evaluation=self._compiled.evaluation,
            training=self._compiled.training,
            theta=slots_of(self.theta),
            state=slots_of(self.state),
            precision=self.precision,
        )

    def forward(self, x: Tensor) -> Tensor:
        """The state at depth 1 from the state `x` at depth 0, of the same shape."""
        x = laid_out(x, self.execution.memory_format)
        if not torch.compiler.is_compiling() and x.shape[1:] not in self.seen_shapes:
            self._check_shape(x)
        if torch.compiler.is_compiling():
            return self.graph_module(x)
        return self._run(gradients=torch.is_grad_enabled())(x)

    def compile(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, compilation: Compilation = COMPILED_STEPS
    ) -> None:
        """Compile the block in place, when it is next called; see `CompiledSteps`.

        `Eager()` takes it back. A model that is compiled as a whole by `torch.compile` compiles its
        blocks whole, too: compile the blocks instead.
        """
        self.execution = self.execution.changed(compilation=compilation)
        self._runs.clear()

    def inverse(self, x: Tensor) -> Tensor:
        """The state at depth 0 from the state `x` at depth 1, by taking every step back.

        Exact but for rounding, for schemes whose steps have an algebraic inverse, on units that the
        scheme is for: symplectic pairs and compositions on separable systems [q, p].

        Raises:
            GraphError: the scheme has no algebraic inverse, or needs more than one state for it.
        """
        if self.training not in self._inverses:
            inverse = invert(self._compiled.evaluation)
            self._inverses[self.training] = self._lowered_graph(only_start(inverse))
        return self._inverses[self.training](laid_out(x, self.execution.memory_format))

    @torch.no_grad()
    def residuals(self, x: Tensor) -> dict[str, Tensor]:
        """What the solves of implicit stages left over: for each the greatest |k - R(y + a k)|.

        One number a sample, under the name of the `Solve` node; empty for an explicit scheme.
        """
        solves = self.step_graph.of_type(Solve)
        found = stage_residuals(self.graph_module, x)
        return dict(zip(solves, found, strict=True))

    def train(self, mode: bool = True) -> "OdeBlock":  # noqa: FBT001, FBT002
        """Switch between training and evaluation mode, and lower the graph of that mode."""
        super().train(mode)
        self.graph_module  # noqa: B018
        return self

    def extra_repr(self) -> str:
        """One line: unit, scheme, basis, steps and span."""
        form = self.manifestation
        return (
            f"{self.unit.name}, scheme={form.scheme.name}, basis={form.basis!r}, "
            f"steps={form.steps}, span={form.span}"
        )

    def _run(self, *, gradients: bool) -> Run:
        """The graph of the current mode as `execution` says."""
        key = self._mode_changes, gradients
        if key not in self._runs:
            execution, lowered = self.execution, self._lowered_now
            run = execution.gradients.runner if gradients else execution.compilation.whole
            self._runs[key] = run(lowered)
        return self._runs[key]

    @property
    def _mode_changes(self) -> bool:
        """Whether the block is in training mode and its unit then does something else."""
        unit = self.called_unit
        return self.training and unit.training is not unit.evaluation

    @property
    def _lowered_now(self) -> Lowered:
        changes = self._mode_changes
        return Lowered(
            graph=self._compiled.training if changes else self._compiled.evaluation,
            module=self.graph_module,
            lower=lambda graph: self._lowered_graph(graph, training=changes),
            precision=self.precision,
            compilation=self.execution.compilation,
            draws=self.unit.is_random if self.training else self.unit.is_random_in_evaluation,
            unit=self.unit.name,
        )

    def _lowered_graph(self, graph: StepGraph, *, training: bool | None = None) -> fx.GraphModule:
        unit = self.called_unit
        mode = self._mode_changes if training is None else training
        return lower_to_fx(
            graph,
            training_call(unit) if mode else evaluation_call(unit),
            theta=self.theta,
            state=self.state,
            precision=self.precision,
        )

    def _check_shape(self, x: Tensor) -> None:
        self.unit.check_rate_shape(x)
        check_batch(self.step_graph, self.unit, x)
        slots = first_of_slots(self.unit, self.theta, self.state)
        check_halves(self.step_graph, self.unit, x, slots)
        warn_of_diffusion(self.manifestation, self.unit, x, slots)
        self.seen_shapes.add(x.shape[1:])

    def _apply(self, fn: Any, recurse: bool = True) -> "OdeBlock":  # noqa: FBT001, FBT002
        # Weights are rounded for the precision of the slots, which `fn` may change.
        before = self.precision
        super()._apply(fn, recurse)
        if self.precision != before:
            self._lowered.clear()
            self._runs.clear()
            self._inverses.clear()
            self.graph_module  # noqa: B018
        return self

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        self.graph_module  # noqa: B018

    def __getstate__(self) -> dict[str, Any]:
        # The graphs follow from the rest; a copy lowers its own, with its own slots.
        return {**self.__dict__, "_lowered": {}, "_runs": {}, "_inverses": {}}
