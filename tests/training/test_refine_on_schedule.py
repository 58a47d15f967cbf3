"""Refinement while Lightning trains, and resuming after it."""

import importlib.util
import logging
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

import odegraph as og
from odegraph.models.units import TanhUnit

# Lightning warns of missing workers, and imports what is deprecated in Python.
pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture
def lightning() -> Any:
    if importlib.util.find_spec("lightning") is None:
        pytest.skip("lightning is not installed (pip install odegraph[train])")
    import lightning.pytorch

    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    return lightning.pytorch


def fresh_module(lightning: Any) -> Any:
    class Module(lightning.LightningModule):
        def __init__(self) -> None:
            super().__init__()
            basis = og.PiecewiseConstant(1)
            block = og.OdeBlock(TanhUnit(3, 4), scheme="rk4-classic", basis=basis, steps=1)
            self.model = nn.Sequential(block, nn.Linear(3, 1))

        def training_step(self, batch: list[Tensor], _: int) -> Tensor:
            x, y = batch
            return (self.model(x) - y).square().mean()

        def configure_optimizers(self):
            optimizer = torch.optim.Adam(self.parameters(), lr=0.01)
            return [optimizer], [torch.optim.lr_scheduler.StepLR(optimizer, 1, gamma=0.5)]

    return Module()


def data() -> DataLoader:
    torch.manual_seed(1)
    return DataLoader(TensorDataset(torch.randn(8, 3), torch.randn(8, 1)), batch_size=4)


def fit(lightning: Any, module: Any, folder: Path, *, resume: Path | None = None) -> Any:
    from odegraph.training import RefineOnSchedule

    keep = lightning.callbacks.ModelCheckpoint(folder, filename="{epoch}", save_top_k=-1)
    trainer = lightning.Trainer(
        max_epochs=4,
        accelerator="cpu",
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        callbacks=[RefineOnSchedule([1, 3]), keep],
    )
    trainer.fit(module, data(), ckpt_path=resume)
    return trainer


def sizes(module: Any) -> tuple[int, int]:
    form = module.model[0].manifestation
    return form.basis.size, form.steps


def test_the_model_is_refined_and_resumes_as_if_never_stopped(tmp_path, lightning):
    torch.manual_seed(0)
    whole = fresh_module(lightning)
    trainer = fit(lightning, whole, tmp_path)
    assert sizes(whole) == (4, 4)
    (optimizer,) = trainer.optimizers
    assert {p for g in optimizer.param_groups for p in g["params"]} == set(whole.parameters())
    assert optimizer.param_groups[0]["lr"] == pytest.approx(0.01 * 0.5**4)
    for stop in (0, 1, 2):  # before, just after and long after the first refinement
        torch.manual_seed(7)
        resumed = fresh_module(lightning)
        folder = tmp_path / f"from-{stop}"
        fit(lightning, resumed, folder, resume=tmp_path / f"epoch={stop}.ckpt")
        assert sizes(resumed) == (4, 4)
        for key, value in resumed.state_dict().items():
            assert torch.equal(value, whole.state_dict()[key]), key


def test_epochs_that_do_not_increase_are_refused(lightning):
    from odegraph.training import RefineOnSchedule

    with pytest.raises(og.GraphError, match=r"`epochs` is `\[3, 1\]`; give increasing"):
        RefineOnSchedule([3, 1])
