"""What happens along depth: norms of theta(t), and how much each step changes the state."""

import itertools
import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import torch
from torch import Tensor, fx, nn

from odegraph._errors import GraphError
from odegraph._exact import shorten, to_float
from odegraph.basis import ExactMatrix
from odegraph.block import OdeBlock
from odegraph.block.slot_maps import map_slot
from odegraph.block.transform import named_blocks
from odegraph.diagnostics.drift import relative_change
from odegraph.emit.fx_graph import lower_to_fx
from odegraph.emit.slots import slots_of
from odegraph.emit.unit_call import evaluation_call
from odegraph.ir import OrderLossWarning, build_step_graph


@dataclass(frozen=True)
class DepthProfile:
    """Values along depth.

    Attributes:
        name: of what they belong to.
        depths: t in [0, 1].
        values: one for each depth.
    """

    name: str
    depths: tuple[float, ...]
    values: tuple[float, ...]


def theta_norms(block: OdeBlock, *, samples: int = 100) -> tuple[DepthProfile, ...]:
    """|| theta(t) || (Frobenius) of each parameter, in the middles of `samples` parts of depth.

    Raises:
        GraphError: `samples` is not a positive integer, or a model in place of a block.
    """
    _require_block(block)
    if isinstance(samples, bool) or not isinstance(samples, int) or samples < 1:
        raise GraphError(f"`samples` is `{shorten(samples)}`; it must be an integer of at least 1.")
    depths = [Fraction(2 * i + 1, 2 * samples) for i in range(samples)]
    basis = block.manifestation.basis
    matrix = ExactMatrix(tuple(dict(basis.row(t, side="right")) for t in depths), basis.size)
    places = tuple(map(float, depths))
    return tuple(
        DepthProfile(path, places, tuple(_norms(map_slot(slot, matrix))))
        for path, slot in slots_of(block.theta).items()
    )


def state_changes(block: OdeBlock, x: Tensor) -> DepthProfile:
    """|| x_{n+1} - x_n || / || x_n || of each step n, in evaluation mode, at its middle.

    A continuous model changes its state evenly; a residual network need not.

    Raises:
        GraphError: a model in place of a block, or a scheme without states between its steps.
    """
    _require_block(block)
    training = block.training
    block.eval()
    try:
        with torch.no_grad():
            states = _states(block, x)
    finally:
        block.train(training)
    intervals = block.manifestation.intervals
    return DepthProfile(
        "change of the state in one step",
        tuple(to_float((start + end) / 2) for start, end in intervals),
        tuple(relative_change(a, b) for a, b in itertools.pairwise(states)),
    )


def _require_block(block: object) -> None:
    if isinstance(block, OdeBlock):
        return
    known = list(named_blocks(block)) if isinstance(block, nn.Module) else []
    names = f": {', '.join(f'`{name}`' for name in known)}" if known else ""
    raise GraphError(
        f"A profile along depth is that of one `OdeBlock`, and this is a `{type(block).__name__}`. "
        f"Give one of its blocks{names}."
    )


def _norms(values: Tensor) -> list[float]:
    return [math.sqrt(one.double().square().sum().item()) for one in values]


def _states(block: OdeBlock, x: Tensor) -> Sequence[Tensor]:
    """x_0, x_1, ..., x_K, from the graph before any pass, in which every state has its name."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", OrderLossWarning)  # said when the block was made
        graph = build_step_graph(block.manifestation)
    names = [f"x{step + 1}" for step in range(block.manifestation.steps)]
    if not all(name in graph.graph for name in names):
        raise GraphError(
            f"The states between the steps of `{block.manifestation.scheme.name}` have no names in "
            "its graph, so their changes cannot be told. Re-manifest with a Runge-Kutta scheme."
        )
    lowered = lower_to_fx(
        graph,
        evaluation_call(block.unit),
        theta=block.theta,
        state=block.state,
        precision=block.precision,
    )
    recorder = _Recorder(lowered, set(names))
    recorder.run(x)
    return [x, *(recorder.values[name] for name in names)]


class _Recorder(fx.Interpreter):
    """Runs a graph and keeps the values of some nodes."""

    def __init__(self, module: fx.GraphModule, kept: set[str]) -> None:
        super().__init__(module)
        self.kept = kept
        self.values: dict[str, Tensor] = {}

    def run_node(self, n: fx.Node) -> object:
        value = super().run_node(n)
        if n.name in self.kept:
            assert isinstance(value, Tensor)
            self.values[n.name] = value
        return value
