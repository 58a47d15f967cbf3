"""Residual networks become continuous models with the same outputs, bit for bit."""

import importlib.util

import pytest
import torch
from torch import Tensor, nn

import odegraph as og
from odegraph.models import ResNet, from_resnet
from odegraph.models.units import TanhUnit


@pytest.fixture(autouse=True)
def float32(float64_by_default):
    torch.manual_seed(0)
    torch.set_default_dtype(torch.float32)


class Added(nn.Module):
    """x + f(x), the sum written in one of several ways."""

    def __init__(self, features: int = 3) -> None:
        super().__init__()
        self.f = TanhUnit(features, 4)

    def forward(self, x: Tensor) -> Tensor:
        return torch.add(self.f(x), x)


class Activated(nn.Module):
    """relu(x + f(x)) with the sum in place, as torchvision writes it."""

    def __init__(self, channels: int = 2) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, padding=1)
        self.norm = nn.BatchNorm2d(channels)
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        out = self.norm(self.conv(x))
        out += x
        return self.relu(out)


def blocks(model: nn.Module) -> dict[str, og.OdeBlock]:
    return {name: one for name, one in model.named_modules() if isinstance(one, og.OdeBlock)}


def assert_same(plain: nn.Module, continuous: nn.Module, x: Tensor) -> None:
    """Training twice, so that statistics move, then evaluation."""
    with torch.no_grad():
        for mode in (True, True, False):
            assert torch.equal(continuous.train(mode)(x), plain.train(mode)(x))


def test_our_residual_network():
    plain = ResNet(depth=20)
    continuous = from_resnet(plain)
    assert [b.manifestation.steps for b in blocks(continuous).values()] == [3, 2, 2]
    assert sum(p.numel() for p in continuous.parameters()) == 272_474
    assert_same(plain, continuous, torch.randn(2, 3, 16, 16))


def test_layers_with_an_activation_after_the_sum():
    plain = nn.Sequential(nn.Conv2d(3, 2, 1), *[Activated() for _ in range(4)])
    continuous = from_resnet(plain)
    assert list(blocks(continuous)) == ["1"]
    assert_same(plain, continuous, torch.randn(2, 3, 6, 6))


STEPS = {"resnet18": [2, 1, 1, 1], "resnet34": [3, 3, 5, 2], "resnet50": [2, 3, 5, 2]}


@pytest.mark.parametrize("name", STEPS)
def test_networks_of_torchvision(torchvision, name):
    plain = getattr(torchvision.models, name)(num_classes=5)
    continuous = from_resnet(plain)
    assert [block.manifestation.steps for block in blocks(continuous).values()] == STEPS[name]
    assert_same(plain, continuous, torch.randn(2, 3, 32, 32))


@pytest.mark.parametrize("layer", [Added, Activated])
def test_the_continuous_model_can_be_re_manifested_and_projected(layer):
    plain = nn.Sequential(*[layer() for _ in range(4)])
    x = torch.randn(5, 3) if layer is Added else torch.randn(2, 2, 6, 6).relu()
    continuous = from_resnet(plain).eval()
    finer = og.manifest(continuous, steps=64)
    more = og.manifest(continuous, scheme="rk4-classic", steps=16)
    assert (finer(x) - more(x)).norm() < 0.2 * (continuous(x) - more(x)).norm()
    again = og.manifest(more, scheme="euler", steps=4)
    assert torch.equal(again(x), continuous(x))
    assert og.project(continuous, basis=og.PiecewiseConstant(2))(x).shape == x.shape
    torch.testing.assert_close(og.bake(continuous)(x), continuous(x))


@pytest.mark.parametrize("layer", [Added, Activated])
def test_a_generated_module_computes_the_same(layer, tmp_path):
    plain = nn.Sequential(*[layer() for _ in range(3)])
    continuous = from_resnet(plain)
    path = og.emit_python(continuous, tmp_path / "generated.py")
    spec = importlib.util.spec_from_file_location("generated_residual", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    generated = module.Model()
    generated.load_state_dict(continuous.state_dict())
    x = torch.randn(5, 3) if layer is Added else torch.randn(2, 2, 6, 6)
    assert_same(continuous, generated, x)
    if layer is Activated:
        assert "x = unit_activated" in path.read_text(encoding="utf-8")


def test_gradients_are_those_of_the_layers():
    plain = nn.Sequential(*[Activated() for _ in range(3)])
    continuous = from_resnet(plain)
    x = torch.randn(4, 2, 6, 6)
    plain(x).square().sum().backward()
    continuous(x).square().sum().backward()
    slot = continuous.get_parameter("0.theta.conv.weight")
    expected = torch.stack([layer.get_parameter("conv.weight").grad for layer in plain])  # type: ignore[misc]
    assert slot.grad is not None
    torch.testing.assert_close(slot.grad, expected)


def test_a_checkpoint_goes_into_the_model_of_the_same_network(tmp_path):
    plain = nn.Sequential(nn.Linear(3, 3), *[Added() for _ in range(3)])
    continuous = og.manifest(from_resnet(plain), scheme="midpoint", steps=2 * 3)
    path = og.save(continuous, tmp_path / "net.safetensors")
    other = from_resnet(nn.Sequential(nn.Linear(3, 3), *[Added() for _ in range(3)]))
    x = torch.randn(5, 3)
    assert torch.equal(og.load(path, model=other)(x), continuous(x))


def test_the_argument_is_never_changed():
    plain = nn.Sequential(*[Added() for _ in range(3)])
    from_resnet(plain)
    assert [type(layer) for layer in plain] == [Added] * 3


def test_unequal_neighbours_are_refused_by_name():
    plain = nn.Sequential(nn.Sequential(Added(), Added()), nn.Linear(3, 3))
    plain[0][1].f.inner = nn.Linear(3, 7)
    plain[0][1].f.outer = nn.Linear(7, 3)
    with pytest.raises(og.UnitError, match=r"`0.0` and `0.1` .*layer `f.inner`.*=4.*=7"):
        from_resnet(plain)


def test_networks_without_residual_layers_are_refused():
    with pytest.raises(og.UnitError, match=r"`Sequential` has no residual layers x \+ f\(x\)"):
        from_resnet(nn.Sequential(nn.Linear(3, 3), nn.Tanh()))
