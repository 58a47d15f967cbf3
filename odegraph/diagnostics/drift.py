"""How far a re-manifested or projected model is from the one it was made of."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from odegraph._errors import GraphError
from odegraph.block import BakedBlock, OdeBlock

BLOCKS = (OdeBlock, BakedBlock)
OUTPUT = "output"


@dataclass(frozen=True)
class Drift:
    """The change of one value: || new - old || / || old || over the batch.

    Attributes:
        name: the path of a block, or `output` for the whole model.
        own: what the block alone does: both blocks are fed what the old one was fed.
        accumulated: with everything before it changed too.
    """

    name: str
    own: float
    accumulated: float


@dataclass(frozen=True)
class DriftReport:
    """One row for each block, and the last for the output of the model."""

    rows: tuple[Drift, ...]

    @property
    def output(self) -> float:
        """The relative change of the model's output."""
        return self.rows[-1].accumulated

    def __str__(self) -> str:
        width = max(len(row.name) for row in self.rows)
        lines = [
            f"{row.name:<{width}}  {row.own:9.3e}  {row.accumulated:9.3e}" for row in self.rows
        ]
        return "\n".join([f"{'':<{width}}  {'own':>9}  {'in place':>9}", *lines])


def drift_report(old: nn.Module, new: nn.Module, inputs: Tensor) -> DriftReport:
    """Compare two models with the same layers on a batch, block by block, in evaluation mode.

    Args:
        old: a block or a model that contains blocks.
        new: what `manifest`, `project`, `refine` or `bake` made of it.
        inputs: a batch, [batch, ...].

    Raises:
        GraphError: the two models do not have the same blocks.
    """
    before, after = _blocks(old), _blocks(new)
    if list(before) != list(after) or not before:
        raise GraphError(
            f"The drift between two models needs the same blocks in both; here are "
            f"{_names(before)} and {_names(after)}. Compare a model with what `odegraph.manifest` "
            "or `odegraph.project` made of it."
        )
    with torch.no_grad(), evaluating(old), evaluating(new):
        seen, result = record(old, before, inputs)
        moved, new_result = record(new, after, inputs)
        rows = [
            Drift(
                name=name or "block",
                own=relative_change(seen[name][1], after[name](seen[name][0])),
                accumulated=relative_change(seen[name][1], moved[name][1]),
            )
            for name in before
        ]
    whole = relative_change(result, new_result)
    return DriftReport((*rows, Drift(OUTPUT, whole, whole)))


def relative_change(old: Tensor, new: Tensor) -> float:
    """|| new - old || / || old ||."""
    size = torch.linalg.vector_norm(old.double())
    change = torch.linalg.vector_norm(new.double() - old.double())
    return (change / size).item() if size > 0 else float(change)


def record(
    model: nn.Module, modules: Mapping[str, nn.Module], inputs: Tensor
) -> tuple[dict[str, tuple[Tensor, Tensor]], Tensor]:
    """What each of `modules` was fed and gave in one forward pass, and the model's output."""
    seen: dict[str, tuple[Tensor, Tensor]] = {}
    handles = [
        module.register_forward_hook(
            lambda _, given, out, n=name: seen.update({n: (given[0], out)})
        )
        for name, module in modules.items()
    ]
    try:
        output = model(inputs)
    finally:
        for handle in handles:
            handle.remove()
    return seen, output


def _blocks(model: nn.Module) -> dict[str, nn.Module]:
    return {name: one for name, one in model.named_modules() if isinstance(one, BLOCKS)}


def _names(blocks: Mapping[str, nn.Module]) -> str:
    return ", ".join(f"`{name}`" for name in blocks) or "none"


@contextmanager
def evaluating(model: nn.Module) -> Iterator[None]:
    """Evaluation mode for a while."""
    training = model.training
    model.eval()
    try:
        yield
    finally:
        model.train(training)
