"""Other ways to lay out what a graph computes with, for the states that they suit.

The graph of a block is made of plain torch operations on the state as it comes, which every device,
dtype and gradient takes. A layout rewrites it for some states: the numbers agree to rounding.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol, final

import torch
from torch import Tensor, fx
from torch.utils._pytree import tree_map

from odegraph._errors import GraphError
from odegraph.emit.execution.batch_last import batch_last
from odegraph.emit.execution.direct_convolutions import (
    has_direct_convolutions,
    with_direct_convolutions,
)

Run = Callable[[Tensor], Any]


class Layout(Protocol):
    """Rewrites a graph for the states that it suits."""

    def suits(self, x: Tensor) -> bool:
        """Whether the rewritten graph may be called with such a state now."""
        ...

    def rewritten(self, module: fx.GraphModule) -> fx.GraphModule | None:
        """The graph for such states, with the slots of `module`; None where it gains nothing."""
        ...

    def enter(self, x: Tensor) -> Tensor:
        """The state as the rewritten graph takes it."""
        ...

    def leave(self, state: Tensor) -> Tensor:
        """A state that the rewritten graph returned, with the axes in their own order."""
        ...


@final
@dataclass(frozen=True)
class Columns:
    """States [features, batch] for units of linear layers and activations alone, on a CPU.

    Args:
        small_layer: a layer with at most so many products, its weights times the samples of a
            batch, becomes a sum; others stay products of matrices. Below 2^17 sums were faster
            than calls of BLAS, or as fast; the more so, the fewer inputs or outputs a layer has.
    """

    small_layer: int = 2**17

    def __post_init__(self) -> None:
        given = self.small_layer
        if not isinstance(given, int) or given is True or given < 0:
            raise GraphError(
                f"`small_layer` is `{given}`; it is the number of products up to which a "
                "layer becomes a sum, a whole number, and 0 keeps all layers as they are."
            )

    def suits(self, x: Tensor) -> bool:
        """Matrices on a CPU, outside of autocast, which knows linear layers but no sums."""
        return x.dim() == 2 and x.device.type == "cpu" and not torch.is_autocast_enabled("cpu")

    def rewritten(self, module: fx.GraphModule) -> fx.GraphModule | None:
        """See `batch_last`."""
        return batch_last(module, small=self.small_layer)

    def enter(self, x: Tensor) -> Tensor:
        """The transposed state."""
        return x.t().contiguous()

    def leave(self, state: Tensor) -> Tensor:
        """The state transposed back."""
        return state.t()


@final
@dataclass(frozen=True)
class DirectConvolutions:
    """Images in channels_last and calls of oneDNN itself, in single precision without gradients.

    Args:
        rewrite: `with_direct_convolutions`, or `with_packed_weights` for slots that stay what they
            are, as those of a baked block do.
    """

    rewrite: Callable[[fx.GraphModule], fx.GraphModule | None] = with_direct_convolutions

    def suits(self, x: Tensor) -> bool:
        """Images [batch, channels, height, width] in single precision on a CPU with oneDNN."""
        is_image = x.dim() == 4 and x.dtype == torch.float32 and x.device.type == "cpu"
        plain = not torch.is_grad_enabled() and not torch.is_autocast_enabled("cpu")
        return is_image and plain and has_direct_convolutions()

    def rewritten(self, module: fx.GraphModule) -> fx.GraphModule | None:
        """What `rewrite` makes of it."""
        return self.rewrite(module)

    def enter(self, x: Tensor) -> Tensor:
        """The state in channels_last."""
        return x.contiguous(memory_format=torch.channels_last)

    def leave(self, state: Tensor) -> Tensor:
        """The state as it is."""
        return state


LAYOUTS: tuple[Layout, ...] = (Columns(), DirectConvolutions())


def check_layouts(layouts: Sequence[Layout]) -> None:
    """Refuse what is no tuple of layouts."""
    if not isinstance(layouts, tuple) or not all(hasattr(one, "rewritten") for one in layouts):
        raise GraphError(
            f"`layouts` is `{layouts}`; give a tuple of layouts, such as "
            "`(odegraph.Columns(), odegraph.DirectConvolutions())`, or `()` for none."
        )


def run_by_layout(
    module: fx.GraphModule, layouts: Sequence[Layout], make: Callable[[fx.GraphModule], Run]
) -> Run:
    """Runs the graph in the first of `layouts` that suits the state, else as it is."""
    return _ByLayout(module, layouts, make) if layouts else make(module)


class _ByLayout:
    """What the graph of each layout is made into, when it is first needed."""

    def __init__(
        self,
        module: fx.GraphModule,
        layouts: Sequence[Layout],
        make: Callable[[fx.GraphModule], Run],
    ) -> None:
        self.module = module
        self.layouts = layouts
        self.make = make
        self.runs: dict[Layout | None, Run | None] = {}

    def __call__(self, x: Tensor) -> Any:
        for layout in self.layouts:
            run = self._run(layout) if layout.suits(x) else None
            if run is not None:
                states = tree_map(layout.leave, run(layout.enter(x)))
                return tree_map(partial(_contiguous_as, x), states)
        run = self._run(None)
        assert run is not None
        return run(x)

    def _run(self, layout: Layout | None) -> Run | None:
        if layout not in self.runs:
            module = self.module if layout is None else layout.rewritten(self.module)
            self.runs[layout] = None if module is None else self.make(module)
        return self.runs[layout]


def _contiguous_as(x: Tensor, state: Tensor) -> Tensor:
    by_channel = x.dim() == 4 and x.is_contiguous(memory_format=torch.channels_last)
    wanted = torch.channels_last if by_channel and not x.is_contiguous() else None
    return state.contiguous(memory_format=wanted or torch.contiguous_format)
