"""Labelled images in three parts: for training, for choosing, and for the one final number."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from odegraph._errors import DataError
from odegraph._exact import shorten
from odegraph.data.any_torchvision import allow_any_torchvision

SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".ppm")
VALIDATION = Fraction(1, 10)
TEST = Fraction(1, 5)
CROP_MARGIN = 4  # pixels, for images of 32 x 32


@dataclass(frozen=True)
class LabelledImages:
    """Images and their classes.

    Attributes:
        pixels: 0 to 255, [images, channels, height, width] uint8.
        labels: indices of the classes, [images] int64.
    """

    pixels: Tensor
    labels: Tensor

    def __len__(self) -> int:
        return self.labels.shape[0]

    def __getitem__(self, index: int | slice | Tensor) -> tuple[Tensor, Tensor]:
        return self.pixels[index], self.labels[index]

    def take(self, chosen: Tensor) -> "LabelledImages":
        """The images with these indices."""
        return LabelledImages(self.pixels[chosen], self.labels[chosen])


@dataclass(frozen=True)
class ImageData:
    """Three disjoint parts of a data set.

    Attributes:
        name: of the data set.
        classes: their names, in the order of the labels.
        train: to fit parameters.
        validation: to choose between models; never used to fit.
        test: for the final number; never used to choose.
    """

    name: str
    classes: tuple[str, ...]
    train: LabelledImages
    validation: LabelledImages
    test: LabelledImages

    @property
    def shape(self) -> tuple[int, int, int]:
        """Channels, height and width of one image."""
        channels, height, width = self.train.pixels.shape[1:]
        return channels, height, width

    def statistics(self) -> tuple[Tensor, Tensor]:
        """Mean and standard deviation of each channel of the training images, with 255 as one."""
        pixels = self.train.pixels.transpose(0, 1).flatten(1).double() / 255
        return pixels.mean(dim=1).float(), pixels.std(dim=1).clamp(min=1e-6).float()


def digits(*, seed: int = 0) -> ImageData:
    """The 1797 handwritten digits of 8 x 8 pixels that scikit-learn carries; no download.

    A tenth is for validation and a fifth for the test, drawn by `seed`.

    Raises:
        DataError: scikit-learn is not installed.
    """
    try:
        from sklearn.datasets import load_digits
    except ImportError as error:
        raise DataError(
            "The digits come with scikit-learn; install it with `pip install scikit-learn`."
        ) from error
    values, targets = load_digits(return_X_y=True)
    pixels = torch.as_tensor(np.asarray(values)).mul(255 / 16).round().to(torch.uint8)
    labels = torch.as_tensor(np.asarray(targets)).long()
    images = LabelledImages(pixels.reshape(-1, 1, 8, 8), labels)
    rest, test = _split(images, TEST, seed=seed)
    return _with_validation("digits", [str(n) for n in range(10)], rest, test, seed=seed)


def cifar10(folder: str | Path, *, seed: int = 0) -> ImageData:
    """CIFAR-10 through torchvision, downloaded into `folder` where it is not there yet.

    A tenth of the training images is for validation; the test images are the official ones.

    Raises:
        DataError: torchvision is not installed, or the data cannot be loaded.
    """
    allow_any_torchvision()
    try:
        from torchvision.datasets import CIFAR10  # pyright: ignore[reportMissingImports]
    except (ImportError, RuntimeError) as error:
        raise DataError(
            f"CIFAR-10 is downloaded by torchvision, which cannot be imported ({error}); install "
            "it with `pip install odegraph[vision]`, or unpack the images into a folder."
        ) from error
    try:
        parts = [CIFAR10(str(folder), train=train, download=True) for train in (True, False)]
    except (OSError, RuntimeError) as error:
        raise DataError(f"CIFAR-10 cannot be loaded into `{folder}`: {error}") from error
    train, test = (
        LabelledImages(
            torch.as_tensor(part.data).permute(0, 3, 1, 2).contiguous(),
            torch.as_tensor(part.targets),
        )
        for part in parts
    )
    return _with_validation("CIFAR-10", parts[0].classes, train, test, seed=seed)


def image_folder(folder: str | Path, *, size: int = 32, seed: int = 0) -> ImageData:
    """Any images in one folder a class, or below `train` and `test` (or `val`) folders of those.

    Images are read as RGB, resized to `size` x `size`, and held in memory. Without a test folder a
    fifth is drawn for the test; a tenth of the rest is for validation.

    Raises:
        DataError: no images, fewer than two classes, or an image that cannot be read, by name.
    """
    root = Path(folder)
    if not root.is_dir():
        raise DataError(f"There is no image folder `{root}`.")
    train_root = root / "train" if (root / "train").is_dir() else root
    classes = _classes(train_root)
    images = _read_classes(train_root, classes, size)
    held_out = next((root / n for n in ("test", "val") if (root / n).is_dir()), None)
    if train_root is root or held_out is None:
        images, test = _split(images, TEST, seed=seed)
    else:
        test = _read_classes(held_out, classes, size)
    return _with_validation(root.name, classes, images, test, seed=seed)


def batches(
    images: LabelledImages, *, size: int, generator: torch.Generator | None = None
) -> Iterator[tuple[Tensor, Tensor]]:
    """Batches of pixels and labels; shuffled where a generator is given."""
    count = len(images)
    order = torch.arange(count) if generator is None else torch.randperm(count, generator=generator)
    for start in range(0, count, size):
        yield images[order[start : start + size]]


def random_crops_and_flips(pixels: Tensor, *, generator: torch.Generator | None = None) -> Tensor:
    """Each image moved by up to an eighth of its size, and mirrored in half of all cases."""
    margin = max(1, pixels.shape[-1] * CROP_MARGIN // 32)
    count, _, height, width = pixels.shape
    padded = torch.nn.functional.pad(pixels, [margin] * 4)
    down, right = torch.randint(0, 2 * margin + 1, (2, count), generator=generator)
    flipped = torch.rand(count, generator=generator) < 0.5
    rows = down[:, None] + torch.arange(height)
    columns = right[:, None] + torch.arange(width)
    columns = torch.where(flipped[:, None], columns.flip(1), columns)
    index = torch.arange(count)[:, None, None]
    return padded.movedim(1, -1)[index, rows[:, :, None], columns[:, None, :]].movedim(-1, 1)


def _classes(root: Path) -> list[str]:
    names = sorted(path.name for path in root.iterdir() if path.is_dir())
    if not names:
        raise DataError(
            f"The image folder `{root}` is empty: it needs one folder for each class, with the "
            "images of that class in it."
        )
    if len(names) == 1:
        raise DataError(
            f"The image folder `{root}` has one class, `{names[0]}`; there is nothing to tell "
            "apart. Put the images of each class into a folder of its own."
        )
    return names


def _read_classes(root: Path, classes: Sequence[str], size: int) -> LabelledImages:
    paths = [
        (path, label)
        for label, name in enumerate(classes)
        for path in sorted((root / name).glob("**/*"))
        if path.suffix.lower() in SUFFIXES
    ]
    missing = sorted(set(range(len(classes))) - {label for _, label in paths})
    if missing:
        raise DataError(
            f"The class `{classes[missing[0]]}` in `{root}` has no images; images end in "
            f"{', '.join(SUFFIXES)}."
        )
    pixels = torch.stack([_read_image(path, size) for path, _ in paths])
    return LabelledImages(pixels, torch.tensor([label for _, label in paths]))


def _read_image(path: Path, size: int) -> Tensor:
    try:
        from PIL import Image
    except ImportError as error:
        raise DataError(
            "Images are read by Pillow; install it with `pip install pillow`."
        ) from error
    try:
        with Image.open(path) as image:
            small = image.convert("RGB")
            if small.size != (size, size):
                small = small.resize((size, size), Image.Resampling.BILINEAR)
            return torch.from_numpy(np.array(small)).permute(2, 0, 1).contiguous()
    except (OSError, SyntaxError, ValueError) as error:
        raise DataError(
            f"The image `{path}` cannot be read ({shorten(error, 100)}). Delete it or copy it "
            "again."
        ) from error


def _split(
    images: LabelledImages, part: Fraction, *, seed: int
) -> tuple[LabelledImages, LabelledImages]:
    """The rest, and the part that is held out, drawn at random."""
    order = torch.randperm(len(images), generator=torch.Generator().manual_seed(seed))
    count = max(1, int(part * len(images)))
    if count == len(images):
        raise DataError(
            f"There are {len(images)} images, too few to hold some out. Give more images."
        )
    return images.take(order[count:]), images.take(order[:count])


def _with_validation(
    name: str, classes: Sequence[str], rest: LabelledImages, test: LabelledImages, *, seed: int
) -> ImageData:
    train, validation = _split(rest, VALIDATION, seed=seed)
    return ImageData(name, tuple(classes), train, validation, test)
