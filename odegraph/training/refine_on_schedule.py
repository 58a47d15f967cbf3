"""Refine a model while Lightning trains it."""

from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor, nn

from odegraph._errors import GraphError
from odegraph._exact import shorten
from odegraph.block import OdeBlock, refine
from odegraph.block.optimizer import Move, move_optimizer, moves
from odegraph.data.any_torchvision import allow_any_torchvision

try:
    allow_any_torchvision()  # Lightning imports it where it is installed
    from lightning.pytorch import Callback, LightningModule, Trainer
except ImportError as error:
    raise ImportError(
        "`odegraph.training` needs Lightning; install it with `pip install odegraph[train]`."
    ) from error


class RefineOnSchedule(Callback):
    """Split every basis element and time step at the start of the epochs given.

    Short graphs are cheap to train, and the refined model computes theta(t) as the coarse one did.
    The optimizers keep their momenta (see `odegraph.transfer_optimizer`), and learning-rate
    schedules go on. A checkpoint that was taken after a refinement is resumed with the coarse
    model: it is refined while it loads.

    Args:
        epochs: when to refine, counted from 0, each larger than the one before.
        factor: parts of each element and step.

    Raises:
        GraphError: epochs that do not increase.
    """

    def __init__(self, epochs: Sequence[int], *, factor: int = 2) -> None:
        self.epochs = _checked(epochs)
        self.factor = factor
        self.refinements = 0
        self._hook: Any = None

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Be there when a checkpoint is loaded."""
        del trainer, stage
        if self._hook is None:
            self._hook = pl_module.register_load_state_dict_pre_hook(self._fit_to_checkpoint)

    def teardown(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Leave the module as it was found."""
        del trainer, pl_module, stage
        if self._hook is not None:
            self._hook.remove()
            self._hook = None

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Refine as often as the schedule says by now."""
        due = sum(epoch <= trainer.current_epoch for epoch in self.epochs)
        while self.refinements < due:
            known = self._refine(pl_module)
            for optimizer in trainer.optimizers:
                move_optimizer(_unwrapped(optimizer), known)

    def _refine(self, pl_module: nn.Module) -> dict[Tensor, Move]:
        """Refine every child that contains blocks, in its place."""
        known: dict[Tensor, Move] = {}
        for name, child in list(pl_module.named_children()):
            if any(isinstance(module, OdeBlock) for module in child.modules()):
                finer = refine(child, factor=self.factor)
                known |= moves(child, finer)
                pl_module.add_module(name, finer)
        if not known:
            raise GraphError(
                f"The module `{type(pl_module).__name__}` has no child with an `OdeBlock` to "
                "refine. Keep the model in an attribute of the LightningModule."
            )
        self.refinements += 1
        return known

    def _fit_to_checkpoint(
        self, module: nn.Module, state_dict: Mapping[str, Tensor], prefix: str, *_: object
    ) -> None:
        key = next((key for key in module.state_dict() if ".theta." in f".{key}"), None)
        if key is None or f"{prefix}{key}" not in state_dict:
            return  # torch names what is missing
        wanted = state_dict[f"{prefix}{key}"].shape[0]
        while module.state_dict()[key].shape[0] < wanted and self.refinements < len(self.epochs):
            self._refine(module)


def _checked(epochs: Sequence[int]) -> tuple[int, ...]:
    given = tuple(epochs)
    valid = all(isinstance(epoch, int) and epoch >= 0 for epoch in given)
    if not valid or list(given) != sorted(set(given)):
        raise GraphError(
            f"`epochs` is `{shorten(list(given))}`; give increasing numbers of epochs from 0 on, "
            "such as [20, 40]."
        )
    return given


def _unwrapped(optimizer: Any) -> Any:
    """The torch optimizer inside of Lightning's."""
    return getattr(optimizer, "optimizer", optimizer)
