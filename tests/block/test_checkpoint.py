"""Checkpoints: no pickle, exact tableau, whole or refused."""

import json
import struct

import pytest
import safetensors
import safetensors.torch
import torch
from example_units import Growth, Normed, Tanh, randomized
from torch import nn

import odegraph as og
from odegraph.basis import Legendre
from odegraph.scheme import SchemeSpec


class Wrapped(nn.Module):
    """A model with two blocks, plain layers, and a weight that two layers share."""

    def __init__(self, *, steps: int = 2) -> None:
        super().__init__()
        self.encoder = nn.Linear(2, 3)
        self.first = og.OdeBlock(
            Tanh(3), scheme="rk4-classic", basis=og.PiecewiseConstant(steps), steps=steps
        )
        self.inner = nn.ModuleDict(
            {"second": og.OdeBlock(Normed(3), scheme="gill-4", basis=Legendre(1), steps=1)}
        )
        self.decoder = nn.Linear(2, 3)
        self.decoder.weight = self.encoder.weight

    def forward(self, x):
        x = self.inner["second"](self.first(self.encoder(x)))
        return x @ self.decoder.weight


def blocks():
    euler = og.OdeBlock(Tanh(), scheme="euler", basis=og.PiecewiseConstant(3), steps=3, span="7/3")
    uneven = og.OdeBlock(
        Tanh(),
        scheme="gill-4",
        basis=og.PiecewiseLinear(breakpoints=[0, "1/7", 1]),
        grid=[0, "1/7", "2/3", 1],
    )
    return [randomized(euler), randomized(uneven)]


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16])
@pytest.mark.parametrize("which", [0, 1])
def test_round_trip(tmp_path, which, dtype):
    block = blocks()[which].to(dtype)
    path = og.save(block, tmp_path / "new" / "folder" / "block.safetensors")
    loaded = og.load(path, unit=Tanh().to(dtype))
    assert loaded.manifestation == block.manifestation
    assert loaded.precision == block.precision
    x = torch.randn(3, 2, dtype=dtype)
    assert torch.equal(loaded(x), block(x))
    assert [file.name for file in path.parent.iterdir()] == ["block.safetensors"]


@pytest.mark.parametrize("training", [True, False])
def test_statistics_round_trip_in_both_modes(tmp_path, training):
    block = og.OdeBlock(Normed(), scheme="midpoint", basis=og.PiecewiseConstant(2), steps=2)
    for _ in range(3):
        block(torch.randn(5, 3))
    loaded = og.load(og.save(block, tmp_path / "b.safetensors"), unit=Normed())
    x = torch.randn(5, 3)
    assert torch.equal(loaded.train(training)(x), block.train(training)(x))
    for key, value in block.state_dict().items():
        assert torch.equal(loaded.state_dict()[key], value), key


def test_a_model_with_several_blocks_comes_back_in_the_saved_manifestation(tmp_path):
    model = og.manifest(randomized(Wrapped()), scheme="ralston-3", steps=6).eval()
    path = og.save(model, tmp_path / "model.safetensors")
    loaded = og.load(path, model=Wrapped()).eval()
    assert loaded.first.manifestation == model.first.manifestation
    x = torch.randn(4, 2)
    assert torch.equal(loaded(x), model(x))
    assert loaded.decoder.weight is loaded.encoder.weight


def test_loading_changes_neither_the_template_nor_the_unit(tmp_path):
    path = og.save(randomized(Wrapped()), tmp_path / "model.safetensors")
    template = Wrapped(steps=5)
    before = {key: value.clone() for key, value in template.state_dict().items()}
    og.load(path, model=template)
    assert template.first.manifestation.steps == 5
    assert all(torch.equal(value, before[key]) for key, value in template.state_dict().items())


def test_nothing_is_pickled_and_the_tableau_is_exact(tmp_path):
    path = og.save(blocks()[1], tmp_path / "b.safetensors")
    with safetensors.safe_open(path, framework="pt") as file:
        manifest = json.loads(file.metadata()["odegraph"])
    assert set(manifest) == {"format", "odegraph", "torch", "blocks", "model"}
    block = manifest["blocks"][""]
    assert block["unit"].endswith("example_units:Tanh")
    assert block["manifestation"]["grid"] == ["0", "1/7", "2/3", "1"]
    spec = SchemeSpec.from_dict(block["manifestation"]["scheme"])
    assert og.verify(spec).A == og.load_scheme("gill-4").A
    assert "sqrt" in json.dumps(block["manifestation"]["scheme"])


def test_a_scheme_of_ones_own_needs_no_file_after_saving(tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text('title = "Mine"\nA = [[], ["2/3"]]\nb = ["1/4", "3/4"]\n')
    block = og.OdeBlock(Tanh(), scheme=str(file), basis=og.PiecewiseConstant(1), steps=2)
    path = og.save(block, tmp_path / "b.safetensors")
    file.unlink()
    loaded = og.load(path, unit=Tanh())
    assert loaded.manifestation.scheme.name == "mine"
    x = torch.ones(1, 2)
    assert torch.equal(loaded(x), block(x))


def test_units_that_need_an_example_can_be_loaded_with_one(tmp_path):
    class Reshaping(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.mix = nn.Parameter(torch.rand(4, 4))

        def forward(self, x):
            return (x.reshape(int(x.shape[0]), 4) @ self.mix).reshape(x.shape)

    x = torch.rand(3, 2, 2)
    block = og.OdeBlock(
        Reshaping(), scheme="euler", basis=og.PiecewiseConstant(1), steps=1, example=x
    )
    path = og.save(block, tmp_path / "b.safetensors")
    assert torch.equal(og.load(path, unit=Reshaping(), example=x)(x), block(x))


def test_a_saved_file_replaces_the_old_one_or_leaves_it(tmp_path, monkeypatch):
    first, second = blocks()
    path = og.save(first, tmp_path / "b.safetensors")
    before = path.read_bytes()

    errors = [safetensors.SafetensorError("No space left"), OSError(28, "No space left")]

    def fails(*arguments):
        arguments[1].write_bytes(b"half")
        raise errors.pop()

    monkeypatch.setattr(safetensors.torch, "save_file", fails)
    while errors:
        with pytest.raises(og.EmitError, match=r"b.safetensors` cannot be written: No space left"):
            og.save(second, path)
    assert path.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["b.safetensors"]


# --- bad input


def prefixes(data: bytes) -> list[int]:
    """Every class of cut: in the length, the header, the tensors, and just before the end."""
    (header,) = struct.unpack("<Q", data[:8])
    inside = [0, 1, 7, 8, 9, 8 + header // 2, 8 + header - 1, 8 + header, 8 + header + 1]
    return [*inside, (8 + header + len(data)) // 2, len(data) - 8, len(data) - 1]


def test_a_checkpoint_cut_off_anywhere_is_refused(tmp_path):
    data = og.save(blocks()[0], tmp_path / "b.safetensors").read_bytes()
    for length in prefixes(data):
        cut = tmp_path / "cut.safetensors"
        cut.write_bytes(data[:length])
        with pytest.raises(og.DataError, match=r"`.*cut.safetensors` is not a whole safetensors"):
            og.load(cut, unit=Tanh())


def test_what_is_not_a_checkpoint_is_refused(tmp_path):
    missing = tmp_path / "missing.safetensors"
    with pytest.raises(og.DataError, match=r"There is no checkpoint `.*missing.safetensors`"):
        og.load(missing, unit=Tanh())
    with pytest.raises(og.DataError, match=r"is not a whole safetensors file"):
        og.load(tmp_path, unit=Tanh())
    garbage = tmp_path / "garbage.safetensors"
    garbage.write_bytes(bytes(range(256)) * 20)
    with pytest.raises(og.DataError, match=r"is not a whole safetensors file"):
        og.load(garbage, unit=Tanh())
    foreign = tmp_path / "foreign.safetensors"
    safetensors.torch.save_file({"w": torch.ones(2)}, foreign)
    with pytest.raises(og.DataError, match=r"foreign.safetensors` holds no manifest of odegraph"):
        og.load(foreign, unit=Tanh())


def with_manifest(tmp_path, change) -> object:
    """A checkpoint whose manifest was changed by hand."""
    path = og.save(blocks()[0], tmp_path / "b.safetensors")
    with safetensors.safe_open(path, framework="pt") as file:
        manifest = json.loads(file.metadata()["odegraph"])
        tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118
    text = change(manifest)
    metadata = {"odegraph": text if isinstance(text, str) else json.dumps(manifest)}
    safetensors.torch.save_file(tensors, path, metadata)
    return path


def steps_to_one(manifest):
    manifest["blocks"][""]["manifestation"]["grid"] = ["0", "2", "1"]


def wrong_tableau(manifest):
    manifest["blocks"][""]["manifestation"]["scheme"]["b"] = ["2"]


BROKEN = [
    (lambda _: "{", r"manifest in `.*` cannot be read"),
    (lambda _: "[]", r"manifest in `.*` cannot be read"),
    (lambda m: m.update(format="99"), r"has the checkpoint format `99`; this version reads 1"),
    (lambda m: m.update(blocks=[]), r"has the checkpoint format `1`"),
    (lambda m: m["blocks"].update({"": 3}), r"manifest of block `` in `.*` is broken"),
    (lambda m: m["blocks"][""].pop("manifestation"), r"is broken: .*manifestation"),
    (lambda m: m["blocks"][""].update(manifestation=[]), r"manifest of block `` in `.*` is broken"),
    (steps_to_one, r"is broken: .*depths must rise"),
    (wrong_tableau, r"(?s)is broken: .*the weights `b` sum to 2"),
]


@pytest.mark.parametrize(("change", "message"), BROKEN)
def test_a_changed_manifest_is_refused(tmp_path, change, message):
    path = with_manifest(tmp_path, change)
    with pytest.raises(og.DataError, match=message):
        og.load(path, unit=Tanh())


def test_tensors_that_do_not_fit_the_manifest_are_refused(tmp_path):
    def fewer(manifest):
        manifest["blocks"][""]["manifestation"]["basis"] = {
            "kind": "piecewise-constant",
            "elements": 2,
        }

    path = with_manifest(tmp_path, fewer)
    with pytest.raises(og.ProjectionError, match=r"`theta.f.weight` has 3 coefficients.*has 2"):
        og.load(path, unit=Tanh())


def test_the_unit_must_be_of_the_saved_class_and_size(tmp_path):
    path = og.save(blocks()[0], tmp_path / "b.safetensors")
    with pytest.raises(og.GraphError, match=r"saved with the unit `.*:Tanh`, but `.*:Growth`"):
        og.load(path, unit=Growth())
    with pytest.raises(og.GraphError, match=r"holds one block; give its unit: .*`.*:Tanh`"):
        og.load(path)
    with pytest.raises(og.GraphError, match=r"holds the blocks ``, but the model has `first`"):
        og.load(path, model=Wrapped())
    with pytest.raises(
        og.GraphError, match=r"(?s)do not fit.*theta.f.weight.*\[3, 5, 2\].*\[3, 9, 2\]"
    ):
        og.load(path, unit=Tanh(2, 9))


def test_a_model_must_have_the_saved_blocks(tmp_path):
    path = og.save(Wrapped(), tmp_path / "model.safetensors")
    with pytest.raises(og.GraphError, match=r"a model with the blocks `first`, `inner.second`"):
        og.load(path, unit=Tanh())
    with pytest.raises(og.GraphError, match=r"`first`, `inner.second`, but the model has ``"):
        og.load(path, model=blocks()[0])
    with pytest.raises(og.GraphError, match=r"`first`, `inner.second`, but the model has none"):
        og.load(path, model=nn.Linear(2, 2))


def test_checkpoints_are_safetensors_and_hold_no_baked_block(tmp_path):
    with pytest.raises(og.EmitError, match=r"m.pt` is not a checkpoint name.*\.safetensors"):
        og.save(blocks()[0], tmp_path / "m.pt")
    with pytest.raises(og.GraphError, match=r"`BakedBlock` is what .*Save the model that was"):
        og.save(og.bake(blocks()[0]), tmp_path / "m.safetensors")


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    blocker = tmp_path / "file"
    blocker.write_text("not a folder")
    with pytest.raises(og.EmitError, match=r"b.safetensors` cannot be written: .*Choose a folder"):
        og.save(blocks()[0], blocker / "b.safetensors")
    with pytest.raises(og.EmitError, match=r"b.py` cannot be written: .*Choose a folder"):
        og.emit_python(blocks()[0], blocker / "b.py")
    assert blocker.read_text() == "not a folder"
    assert list(tmp_path.iterdir()) == [blocker]
