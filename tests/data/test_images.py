"""Image data: disjoint parts, folders of images, and what is wrong with some of them."""

import pickle
from pathlib import Path

import numpy as np
import pytest
import torch

import odegraph as og
from odegraph.data.images import (
    LabelledImages,
    batches,
    cifar10,
    digits,
    image_folder,
    random_crops_and_flips,
)

Image = pytest.importorskip("PIL.Image")


def write_images(folder: Path, classes: dict[str, int], *, size: int = 8) -> None:
    for name, value in classes.items():
        (folder / name).mkdir(parents=True)
        for number in range(10):
            array = np.full((size, size, 3), value, dtype=np.uint8)
            array[0, 0] = number
            Image.fromarray(array).save(folder / name / f"{number}.png")


def keys(images: LabelledImages) -> set[bytes]:
    return {pixels.numpy().tobytes() for pixels in images.pixels}


def test_the_parts_of_the_digits_are_disjoint():
    pytest.importorskip("sklearn")
    data = digits(seed=3)
    parts = [data.train, data.validation, data.test]
    assert sum(len(part) for part in parts) == 1797
    assert data.shape == (1, 8, 8)
    assert not keys(data.train) & keys(data.test)
    assert not keys(data.train) & keys(data.validation)
    again, other = digits(seed=3), digits(seed=4)
    assert torch.equal(again.test.pixels, data.test.pixels)
    assert not torch.equal(other.test.pixels, data.test.pixels)


def test_a_folder_of_classes_is_split(tmp_path):
    write_images(tmp_path, {"black": 10, "white": 250})
    data = image_folder(tmp_path, size=8)
    assert data.classes == ("black", "white")
    assert (len(data.train), len(data.validation), len(data.test)) == (15, 1, 4)
    for part in (data.train, data.test):
        assert torch.equal(part.pixels[:, 0, 4, 4] > 128, part.labels.bool())


def test_a_test_folder_is_the_test(tmp_path):
    write_images(tmp_path / "train", {"a": 0, "b": 255}, size=16)
    write_images(tmp_path / "test", {"a": 0, "b": 255}, size=16)
    data = image_folder(tmp_path, size=4)
    assert (len(data.train), len(data.validation), len(data.test)) == (18, 2, 20)
    assert data.shape == (3, 4, 4)


def test_folders_that_are_no_data_are_refused(tmp_path):
    with pytest.raises(og.DataError, match=r"no image folder `.*nowhere`"):
        image_folder(tmp_path / "nowhere")
    with pytest.raises(og.DataError, match=r"is empty: it needs one folder for each class"):
        image_folder(tmp_path)
    write_images(tmp_path, {"only": 0})
    with pytest.raises(og.DataError, match=r"has one class, `only`"):
        image_folder(tmp_path)
    (tmp_path / "void").mkdir()
    with pytest.raises(og.DataError, match=r"class `void` .* has no images"):
        image_folder(tmp_path)


def test_a_broken_image_is_named(tmp_path):
    write_images(tmp_path, {"a": 0, "b": 255})
    broken = tmp_path / "b" / "3.png"
    broken.write_bytes(broken.read_bytes()[:40])
    with pytest.raises(og.DataError, match=r"image `.*b/3\.png` cannot be read"):
        image_folder(tmp_path, size=8)


def test_too_few_images_are_refused(tmp_path):
    for name in ("a", "b"):
        write_images(tmp_path / "train", {name: 0})
        for path in list((tmp_path / "train" / name).iterdir())[1:]:
            path.unlink()
    write_images(tmp_path / "test", {"a": 0, "b": 255})
    assert len(image_folder(tmp_path, size=8).train) == 1


def test_batches_hold_every_image_once():
    pixels = torch.arange(10, dtype=torch.uint8)[:, None, None, None]
    images = LabelledImages(pixels, torch.arange(10))
    shuffled = list(batches(images, size=4, generator=torch.Generator().manual_seed(0)))
    labels = torch.cat([label for _, label in shuffled])
    assert [len(label) for _, label in shuffled] == [4, 4, 2]
    assert sorted(labels.tolist()) == list(range(10))
    assert labels.tolist() != list(range(10))
    assert torch.equal(torch.cat([p for p, _ in batches(images, size=3)]), pixels)


def test_crops_move_and_mirror_but_make_no_new_pixels():
    pixels = torch.arange(2 * 64, dtype=torch.uint8).reshape(2, 1, 8, 8) + 1
    moved = random_crops_and_flips(pixels, generator=torch.Generator().manual_seed(0))
    assert moved.shape == pixels.shape
    for before, after in zip(pixels, moved, strict=True):
        assert set(after.unique().tolist()) <= {0, *before.unique().tolist()}
    middle = moved[0, 0, 3:5, 3:5]
    assert (middle > 0).all()


def test_statistics_are_those_of_the_training_images(tmp_path):
    write_images(tmp_path, {"a": 0, "b": 255})
    data = image_folder(tmp_path, size=8)
    mean, std = data.statistics()
    pixels = data.train.pixels.double() / 255
    torch.testing.assert_close(mean.double(), pixels.mean(dim=(0, 2, 3)), atol=1e-6, rtol=0)
    assert std.shape == (3,)


def test_cifar10_is_what_torchvision_reads(torchvision, tmp_path, monkeypatch):
    folder = tmp_path / "cifar-10-batches-py"
    folder.mkdir()
    names = [*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"]
    written = {name: torch.randint(0, 256, (20, 3, 32, 32), dtype=torch.uint8) for name in names}
    for name, pixels in written.items():
        batch = {"data": pixels.reshape(20, -1).numpy(), "labels": [i % 10 for i in range(20)]}
        (folder / name).write_bytes(pickle.dumps(batch))
    classes = [f"class{i}" for i in range(10)]
    (folder / "batches.meta").write_bytes(pickle.dumps({"label_names": classes}))
    dataset = torchvision.datasets.CIFAR10
    monkeypatch.setattr(dataset, "train_list", [(name, None) for name in names[:5]])
    monkeypatch.setattr(dataset, "test_list", [("test_batch", None)])
    meta = {"filename": "batches.meta", "key": "label_names", "md5": None}
    monkeypatch.setattr(dataset, "meta", meta)

    data = cifar10(tmp_path)

    assert (len(data.train), len(data.validation), len(data.test)) == (90, 10, 20)
    assert data.classes == tuple(classes)
    assert torch.equal(data.test.pixels, written["test_batch"])
    assert data.test.labels.tolist() == [i % 10 for i in range(20)]
    seen = torch.cat([data.train.pixels, data.validation.pixels])
    expected = torch.cat([written[name] for name in names[:5]])
    assert sorted(seen.sum((1, 2, 3)).tolist()) == sorted(expected.sum((1, 2, 3)).tolist())
