"""Train a ContinuousNet on images with Lightning: digits by default, CIFAR-10, or any folder.

    python examples/train_images.py                                  # digits, no download
    python examples/train_images.py --data cifar10 --epochs 100      # through torchvision
    python examples/train_images.py --data path/to/folder --refine 20 40

Run again with `--resume` to go on where a run was stopped. The checkpoint is chosen on validation
images; the test images give one number at the end.
"""

import argparse
import csv
import functools
import json
import logging
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, IterableDataset

import odegraph as og
from odegraph.cli.errors import errors_as_messages
from odegraph.data.any_torchvision import allow_any_torchvision
from odegraph.data.images import (
    ImageData,
    LabelledImages,
    batches,
    cifar10,
    digits,
    image_folder,
    random_crops_and_flips,
)
from odegraph.emit.files import make_folder
from odegraph.models import ContinuousNet

allow_any_torchvision()  # before Lightning, which imports torchvision where it is installed

import lightning.pytorch as pl  # noqa: E402
from lightning.pytorch.callbacks import ModelCheckpoint, TQDMProgressBar  # noqa: E402
from lightning.pytorch.loggers import CSVLogger  # noqa: E402

from odegraph.training import RefineOnSchedule  # noqa: E402


class Normalised(nn.Module):
    """Pixels 0 to 255 to zero mean and unit variance, then the network."""

    def __init__(self, net: nn.Module, mean: Tensor, std: Tensor) -> None:
        super().__init__()
        self.register_buffer("mean", mean[:, None, None])
        self.register_buffer("std", std[:, None, None])
        self.net = net

    def forward(self, x: Tensor) -> Tensor:
        """Logits of uint8 pixels [batch, channels, height, width]."""
        return self.net((x.to(self.mean.dtype) / 255 - self.mean) / self.std)


class Classifier(pl.LightningModule):
    """Cross entropy, SGD with momentum and a cosine schedule; weight decay by the mass matrix."""

    def __init__(self, model: nn.Module, options: argparse.Namespace, steps_an_epoch: int) -> None:
        super().__init__()
        self.model = model
        self.options = options
        self.total_steps = max(1, steps_an_epoch * options.epochs)

    def forward(self, x: Tensor) -> Tensor:
        """Logits of pixels."""
        return self.model(x)

    def training_step(self, batch: Sequence[Tensor], _: int) -> Tensor:
        """The loss that is minimised."""
        pixels, labels = batch
        logits = self(pixels)
        loss = F.cross_entropy(logits, labels)
        self.log_dict({"loss": loss, "accuracy": accuracy(logits, labels)}, prog_bar=True)
        return loss + self.options.weight_decay * og.weight_penalty(self.model)

    def validation_step(self, batch: Sequence[Tensor], _: int) -> None:
        """Loss and accuracy on validation images, by which the checkpoint is chosen."""
        self._evaluate("validation", batch)

    def test_step(self, batch: Sequence[Tensor], _: int) -> None:
        """Loss and accuracy on test images, once, at the end."""
        self._evaluate("test", batch)

    def _evaluate(self, part: str, batch: Sequence[Tensor]) -> None:
        pixels, labels = batch
        logits = self(pixels)
        measured = {
            f"{part}_loss": F.cross_entropy(logits, labels),
            f"{part}_accuracy": accuracy(logits, labels),
        }
        if part == "validation":
            # A coarse network is not the result, even where it is ahead of the refined one.
            is_final = self.current_epoch >= max(self.options.refine, default=0)
            measured["choice"] = measured["validation_accuracy"] * is_final
        self.log_dict(measured, prog_bar=True, batch_size=len(labels))

    def configure_optimizers(self) -> Any:
        """SGD, and one rise and fall of the learning rate over the whole training."""
        optimizer = torch.optim.SGD(self.parameters(), lr=self.options.lr, momentum=0.9)
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimizer, self.options.lr, total_steps=self.total_steps, pct_start=0.2
        )
        return [optimizer], [{"scheduler": schedule, "interval": "step"}]


def accuracy(logits: Tensor, labels: Tensor) -> Tensor:
    return (logits.argmax(dim=1) == labels).float().mean()


class Batches(IterableDataset):
    """Whole batches of images; for training shuffled anew every epoch, and augmented."""

    def __init__(
        self, images: LabelledImages, size: int, *, seed: int | None, augment: Any = None
    ) -> None:
        self.images = images
        self.size = size
        self.seed = seed
        self.augment = augment
        self.epoch = 0

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        if self.seed is None:
            yield from batches(self.images, size=self.size)
            return
        generator = torch.Generator().manual_seed(self.seed * 100_003 + self.epoch)
        for pixels, labels in batches(self.images, size=self.size, generator=generator):
            moved = self.augment(pixels, generator=generator) if self.augment else pixels
            yield moved, labels

    def __len__(self) -> int:
        return -(-len(self.images) // self.size)

    def set_epoch(self, epoch: int) -> None:
        """The number of the epoch, which decides the order."""
        self.epoch = epoch


class SameOrderWhenResumed(pl.Callback):
    """The order of an epoch depends on its number and the seed alone."""

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Tell the data which epoch it is."""
        del pl_module
        loader = trainer.train_dataloader
        if isinstance(loader, DataLoader) and isinstance(loader.dataset, Batches):
            loader.dataset.set_epoch(trainer.current_epoch)


class Stopwatch(pl.Callback):
    """Seconds of training, on the clock and of the processor, through all resumptions.

    Where other work shares the machine, processor seconds can be compared and others cannot.
    """

    def __init__(self) -> None:
        self.before = {"seconds": 0.0, "CPU seconds": 0.0}
        self.since: dict[str, float] | None = None

    def on_fit_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Start."""
        del trainer, pl_module
        self.since = self._now()

    def state_dict(self) -> dict[str, float]:
        """The seconds up to now."""
        since = self.since or self._now()
        return {name: self.before[name] + t - since[name] for name, t in self._now().items()}

    def load_state_dict(self, state_dict: dict[str, float]) -> None:
        """Go on from those of a checkpoint."""
        self.before = state_dict

    def _now(self) -> dict[str, float]:
        return {"seconds": time.perf_counter(), "CPU seconds": time.process_time()}


def parser() -> argparse.ArgumentParser:
    words = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    add = words.add_argument
    add("--data", default="digits", help="digits, cifar10, or a folder of images")
    add("--output", type=Path, default=Path("lightning_logs/images"), help="folder for results")
    add("--scheme", default="rk4-classic", help="of all blocks")
    add("--unit", default="conv-first", help="conv-first, activation-first, skip-init or tanh")
    add("--channels", type=int, nargs="+", help="of each block; digits: 16 32, else 16 32 64")
    add("--elements", type=int, default=4, help="of the basis of each block")
    add("--span", default=None, help="of the depth interval; by default the final elements")
    add("--refine", type=int, nargs="*", default=[], help="epochs at which to refine by two")
    add("--epochs", type=int, default=20)
    add("--batch", type=int, default=64, help="images in a batch")
    add("--lr", type=float, default=0.1, help="the largest learning rate of the schedule")
    add("--weight-decay", type=float, default=5e-4)
    add("--seed", type=int, default=0)
    add("--precision", default="32-true", help="Lightning's: 32-true, bf16-mixed, 16-mixed")
    add(
        "--limit",
        type=int,
        nargs="*",
        default=[],
        metavar="N",
        help="use so many images only: for training, for validation, for the test",
    )
    add("--resume", action="store_true", help="go on from the last checkpoint in the output")
    add("--quiet", action="store_true", help="no progress bar")
    return words


def load_data(options: argparse.Namespace) -> ImageData:
    """The images that the options name, and no more of them than they allow."""
    data = read_data(options.data)
    parts = zip(("train", "validation", "test"), options.limit, strict=False)
    return replace(data, **{name: some(getattr(data, name), count) for name, count in parts})


@functools.cache
def read_data(name: str) -> ImageData:
    match name:
        case "digits":
            return digits(seed=0)
        case "cifar10":
            return cifar10(Path("data"))
        case folder:
            return image_folder(folder)


def some(images: LabelledImages, count: int) -> LabelledImages:
    """At most so many, drawn at random, the same ones each time."""
    order = torch.randperm(len(images), generator=torch.Generator().manual_seed(0))
    return images.take(order[:count]) if count < len(images) else images


def make_model(data: ImageData, options: argparse.Namespace) -> Normalised:
    """The model before any refinement; the span is that of the final number of elements."""
    final = options.elements * 2 ** len(options.refine)
    net = ContinuousNet(
        scheme=options.scheme,
        elements=options.elements,
        steps=options.elements,
        classes=len(data.classes),
        unit=options.unit,
        in_channels=data.shape[0],
        channels=options.channels or ([16, 32] if options.data == "digits" else [16, 32, 64]),
        span=final if options.span is None else options.span,
    )
    return Normalised(net, *data.statistics())


def loaders(data: ImageData, options: argparse.Namespace) -> dict[str, DataLoader]:
    augment = None if options.data == "digits" else random_crops_and_flips
    train = Batches(data.train, options.batch, seed=options.seed, augment=augment)
    held_out = {"validation": data.validation, "test": data.test}
    whole = {name: Batches(part, 500, seed=None) for name, part in held_out.items()}
    return {n: DataLoader(d, batch_size=None) for n, d in {"train": train, **whole}.items()}


def trainer_for(options: argparse.Namespace, callbacks: list[pl.Callback]) -> pl.Trainer:
    bar = [] if options.quiet else [TQDMProgressBar()]
    return pl.Trainer(
        max_epochs=options.epochs,
        precision=options.precision,
        default_root_dir=options.output,
        logger=CSVLogger(options.output, name="", version=""),
        callbacks=[RefineOnSchedule(options.refine), *bar, *callbacks],
        enable_progress_bar=not options.quiet,
        enable_model_summary=False,
        log_every_n_steps=10,
        deterministic=True,
    )


def train(options: argparse.Namespace) -> dict[str, Any]:
    """Train, choose on validation images, test once, write the model and what was run."""
    pl.seed_everything(options.seed, verbose=False)
    data = load_data(options)
    parts = loaders(data, options)
    module = Classifier(make_model(data, options), options, len(parts["train"]))
    keep = ModelCheckpoint(
        options.output, filename="best", monitor="choice", mode="max", save_last=True
    )
    last = options.output / "last.ckpt"
    resume = last if options.resume and last.exists() else None
    watch = Stopwatch()
    fitting = trainer_for(options, [keep, watch, SameOrderWhenResumed()])
    fitting.fit(module, parts["train"], parts["validation"], ckpt_path=resume)
    seconds = watch.state_dict()
    best = Classifier(make_model(data, options), options, len(parts["train"]))
    testing = trainer_for(options, [])
    (tested,) = testing.test(
        best, parts["test"], ckpt_path=keep.best_model_path, verbose=False, weights_only=True
    )
    og.save(best.model, options.output / "model.safetensors")
    return write_result(data, options, tested, seconds, fitting.current_epoch)


def write_result(
    data: ImageData,
    options: argparse.Namespace,
    tested: Any,
    seconds: dict[str, float],
    epochs: int,
) -> dict[str, Any]:
    result = {
        "data": data.name,
        "scheme": options.scheme,
        "unit": options.unit,
        "elements": options.elements,
        "refined at": " ".join(map(str, options.refine)),
        "seed": options.seed,
        "training images": len(data.train),
        "epochs": epochs,
        "batch": options.batch,
        "learning rate": options.lr,
        "test images": len(data.test),
        "test accuracy": round(tested["test_accuracy"], 5),
        **{name: round(value, 1) for name, value in seconds.items()},
    }
    path = options.output / "result.json"
    path.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    return result


def write_table(path: Path, rows: Sequence[dict[str, Any]]) -> None:
    """Rows with the same keys as CSV."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


@errors_as_messages()
def main(argv: Sequence[str] | None = None) -> int:
    options = parser().parse_args(argv)
    if options.quiet:
        logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    make_folder(options.output)
    result = train(options)
    print(json.dumps(result, indent=2))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
