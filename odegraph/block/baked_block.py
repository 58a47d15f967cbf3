"""BakedBlock: an inference block whose theta(t) is folded to constants."""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, final

import torch
from torch import Tensor, fx, nn

from odegraph.basis import ExactMatrix
from odegraph.block.batches import check_batch
from odegraph.block.execution import COMPILED_STEPS, EAGER
from odegraph.block.memory_format import (
    known_format,
    laid_out,
    laid_out_slots,
    named_format,
)
from odegraph.block.ode_block import OdeBlock
from odegraph.block.slot_maps import map_slot
from odegraph.block.whole_matrix import (
    WEIGHT,
    collapsed_size,
    matrix_of,
    product_graph,
    product_unit,
)
from odegraph.emit.execution.compilation import Compilation, Eager, Lowered
from odegraph.emit.execution.direct_convolutions import with_packed_weights
from odegraph.emit.execution.layouts import DirectConvolutions, Run
from odegraph.emit.fx_graph import lower_to_fx
from odegraph.emit.python_source import BlockParts
from odegraph.emit.rounding import Precision
from odegraph.emit.slots import slot_module, slots_of
from odegraph.emit.unit_call import evaluation_call
from odegraph.ir import Manifestation, Row, StepGraph
from odegraph.passes import tabulate_pairs, tabulate_theta
from odegraph.unit import FoldedUnit, Unit, fold_norms

EAGER_INFERENCE = Eager((DirectConvolutions(with_packed_weights),))

Fold = Callable[[Unit, Collection[tuple[int, ...]]], FoldedUnit]


def keep_norms(unit: Unit, seen: Collection[tuple[int, ...]] = ()) -> FoldedUnit:  # noqa: ARG001
    """Fold nothing into the layers of a unit."""
    return FoldedUnit(unit, ())


@final
class BakedBlock(nn.Module):
    """The evaluation graph of a block with one constant for each depth where it reads theta.

    Slots have shape [distinct depths, *shape] and are buffers: there is nothing left to train, and
    nothing that another manifestation could be made from. With a memory format the weights of
    convolutions lie in it, too, so that no call has to convert them.
    """

    def __init__(
        self,
        unit: Unit,
        graph: StepGraph,
        *,
        theta: nn.Module,
        state: nn.Module,
        precision: Precision,
        compilation: Compilation = EAGER,
        memory_format: torch.memory_format = torch.preserve_format,
    ) -> None:
        super().__init__()
        self.unit = unit
        self.step_graph = graph
        self.precision = precision
        self.theta = theta
        self.state = state
        self.compilation = compilation
        self.memory_format = memory_format
        self._lowered = [self._lower(graph)]
        self._runs: list[Run] = []
        self._slots_then: list[tuple[Tensor, int | None]] = []

    @classmethod
    @torch.inference_mode(mode=False)  # tensors of inference mode do not tell what was written
    @torch.no_grad()
    def of_block(cls, block: OdeBlock, *, fold: Fold = fold_norms) -> "BakedBlock":
        """Fold theta(t) and the running statistics of `block`, and each entry by `fold`."""
        folded = fold(block.called_unit, block.seen_shapes)
        graph, table = (tabulate_pairs if folded.norms else tabulate_theta)(block.step_graph)
        theta = _tabulated(slots_of(block.theta), table.rows)
        state = _tabulated(slots_of(block.state), table.state_rows)
        if folded.norms:
            values = folded.folded({**theta, **state})
            theta = {path: values[path] for path in folded.unit.parameters}
            state = {path: values[path] for path in folded.unit.buffers}
        baked = cls(
            folded.unit,
            graph,
            theta=slot_module(laid_out_slots(theta, block.execution.memory_format)),
            state=slot_module(state),
            precision=block.precision,
            compilation=_without_gradients(block.execution.compilation),
            memory_format=block.execution.memory_format,
        )
        size = collapsed_size(block)
        return baked if size is None else baked._as_matrix(size)

    @property
    def graph_module(self) -> fx.GraphModule:
        """The static torch.fx graph."""
        return self._lowered[0]

    @property
    def manifestation(self) -> Manifestation:
        """What the graph discretises."""
        return self.step_graph.manifestation

    @property
    def parts(self) -> BlockParts:
        """What emitters need to know; the unit is in evaluation mode for good."""
        return BlockParts(
            unit=self.unit.frozen(),
            evaluation=self.step_graph,
            training=self.step_graph,
            theta=slots_of(self.theta),
            state=slots_of(self.state),
            precision=self.precision,
        )

    def forward(self, x: Tensor) -> Tensor:
        """The state at depth 1 from the state `x` at depth 0, of the same shape."""
        x = laid_out(x, self.memory_format)
        if torch.compiler.is_compiling():
            return self._lowered[0](x)
        if not self._runs or not self._has_the_slots_of(self._slots_then):
            check_batch(self.step_graph, self.unit, x)
            # Weights may have been packed: new values must not meet what was made of old ones.
            self._runs = [self.compilation.whole(self._lowered_graph)]
            self._slots_then = [(slot, _version(slot)) for slot in self._slots]
        return self._runs[0](x)

    def compile(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, compilation: Compilation = COMPILED_STEPS
    ) -> None:
        """Compile the block in place, when it is next called; see `OdeBlock.compile`."""
        self.compilation = compilation
        self._runs = []

    def extra_repr(self) -> str:
        """One line: unit, scheme, and steps."""
        form = self.manifestation
        return f"{self.unit.name}, scheme={form.scheme.name}, steps={form.steps}, span={form.span}"

    def _as_matrix(self, size: int) -> "BakedBlock":
        return BakedBlock(
            product_unit(size),
            product_graph(self.manifestation),
            theta=slot_module({WEIGHT: matrix_of(self, size)}),
            state=nn.Module(),
            precision=self.precision,
            compilation=self.compilation,
            memory_format=self.memory_format,
        )

    @property
    def _slots(self) -> tuple[Tensor, ...]:
        return (*self.theta.buffers(), *self.state.buffers())

    def _has_the_slots_of(self, then: Sequence[tuple[Tensor, int | None]]) -> bool:
        """Whether no slot was exchanged or written to, as far as tensors tell."""
        return all(
            slot is before and _version(slot) == version
            for slot, (before, version) in zip(self._slots, then, strict=True)
        )

    @property
    def _lowered_graph(self) -> Lowered:
        return Lowered(
            graph=self.step_graph,
            module=self._lowered[0],
            lower=self._lower,
            precision=self.precision,
            compilation=self.compilation,
            draws=False,
            unit=self.unit.name,
        )

    def _lower(self, graph: StepGraph) -> fx.GraphModule:
        return lower_to_fx(
            graph,
            evaluation_call(self.unit),
            theta=self.theta,
            state=self.state,
            precision=self.precision,
        )

    def _apply(self, fn: Any, recurse: bool = True) -> "BakedBlock":  # noqa: FBT001, FBT002
        super()._apply(fn, recurse)
        self._runs = []
        return self

    def __getstate__(self) -> dict[str, Any]:
        return {**named_format(self.__dict__), "_lowered": [], "_runs": [], "_slots_then": []}

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(known_format(state))
        self._lowered = [self._lower(self.step_graph)]


def _version(slot: Tensor) -> int | None:
    """Counts what was written to the tensor; those of inference mode do not count."""
    return None if slot.is_inference() else slot._version


def _without_gradients(compilation: Compilation) -> Compilation:
    """Baked blocks need not be made of operations that have gradients."""
    return EAGER_INFERENCE if compilation == EAGER else compilation


def _tabulated(slots: Mapping[str, Tensor], rows: tuple[Row, ...]) -> dict[str, Tensor]:
    if not slots:
        return {}
    size = next(iter(slots.values())).shape[0]
    matrix = ExactMatrix(tuple(dict(row) for row in rows), size)
    first = [row[0][0] for row in rows]
    return {
        path: map_slot(slot, matrix) if slot.is_floating_point() else slot[first].clone()
        for path, slot in slots.items()
    }
