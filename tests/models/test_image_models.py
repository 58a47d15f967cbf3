"""Counts of parameters, model files, and what each image network computes."""

import importlib.util
from pathlib import Path

import pytest
import torch
from torch import nn

import odegraph as og
from odegraph.block import block_of_units
from odegraph.models import ContinuousNet, ResNet, WideContinuousNet, read_model
from odegraph.models.resnet import PreActivation, Residual

EXAMPLES = Path(__file__).parents[2] / "examples"
FILES = {
    "continuousnet_cifar10": 78_330 + 97_440 * 8,
    "resnet20_cifar10": 272_474,
    "resnet56_cifar10": 855_770,
    "continuous_net": None,
    "continuousnet_activation_first": None,
    "wide_continuousnet": None,
    "continuous_transformer": None,
}


def parameters(model: nn.Module) -> int:
    return sum(parameter.numel() for parameter in model.parameters())


@pytest.mark.parametrize("elements", [1, 2, 8, 32])
def test_a_conv_first_net_has_the_published_number_of_parameters(elements):
    net = ContinuousNet(scheme="euler", elements=elements, steps=elements)
    assert parameters(net) == 78_330 + 97_440 * elements


@pytest.mark.parametrize(("depth", "count"), [(20, 272_474), (56, 855_770), (200, 3_188_954)])
def test_a_residual_network_has_the_published_number_of_parameters(depth, count):
    assert parameters(ResNet(depth=depth)) == count


@pytest.mark.parametrize("unit", ["conv-first", "activation-first", "skip-init", "tanh"])
def test_every_net_maps_images_to_logits(unit):
    net = ContinuousNet(elements=1, steps=1, classes=5, unit=unit, in_channels=1, channels=(2, 4))
    assert net(torch.randn(2, 1, 8, 8)).shape == (2, 5)


def test_a_wide_net_has_wide_blocks():
    net = WideContinuousNet(width=2, elements=1, steps=1)
    weight = net.get_parameter("block3.theta.conv1.weight")
    assert weight.shape == (1, 128, 128, 3, 3)


def test_nets_of_skip_init_start_as_the_identity_at_any_depth():
    net = ContinuousNet(elements=3, steps=3, unit="skip-init", channels=(2, 4))
    x = torch.randn(2, 2, 8, 8)
    assert torch.equal(net.get_submodule("block1")(x), x)


def test_coefficients_of_a_net_start_independently():
    weight = ContinuousNet(elements=2, steps=2, channels=(2,)).get_parameter(
        "block1.theta.conv1.weight"
    )
    assert not torch.equal(weight[0], weight[1])


def test_an_element_is_one_step_of_a_residual_network():
    net = ContinuousNet(scheme="euler", elements=4, steps=4, channels=(2,))
    block = net.get_submodule("block1")
    assert isinstance(block, og.OdeBlock)
    assert block.manifestation.span == 4


@pytest.mark.parametrize("name", FILES)
def test_model_files_compile(name, tmp_path):
    read = read_model(EXAMPLES / f"{name}.toml")
    path = og.emit_python(read.model, tmp_path / "model.py")
    if FILES[name] is not None:
        assert parameters(read.model) == FILES[name]
    spec = importlib.util.spec_from_file_location("generated_model", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    generated = module.Model()
    generated.load_state_dict(read.model.state_dict())
    x = torch.randn(read.input_shape)
    if name in ("continuous_net", "continuous_transformer"):
        descend(generated, x)
        read.model.load_state_dict(generated.state_dict())
    assert torch.equal(generated.eval()(x), read.model.eval()(x))


def descend(model: nn.Module, x: torch.Tensor) -> None:
    """A generated module trains: a few steps of gradient descent lower the loss."""
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    losses = []
    for _ in range(4):
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(x), torch.tensor([1, 2]))
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0]


def test_the_model_file_of_a_residual_network_computes_what_the_modules_do():
    plain = ResNet(depth=14).eval()
    modules = list(plain.named_children())
    stages = {name: list(stage) for name, stage in modules if name.startswith("stage")}
    x = torch.randn(2, 16, 8, 8)
    units = [one.residual for one in stages["stage1"] if isinstance(one, PreActivation)]
    block = block_of_units(
        units, scheme="euler", basis=og.PiecewiseConstant(2), steps=2, span=2
    ).eval()
    assert torch.equal(block(x), plain.get_submodule("stage1")(x))


def test_a_start_that_is_no_word_is_refused(tmp_path):
    text = (EXAMPLES / "continuous_net.toml").read_text(encoding="utf-8")
    file = tmp_path / "net.toml"
    file.write_text(text.replace("steps = 2", 'steps = 2\nstart = "fresh"'), encoding="utf-8")
    with pytest.raises(og.GraphError, match=r"`start` is `fresh`; write `constant`"):
        read_model(file)


def test_bad_arguments_are_refused():
    with pytest.raises(og.GraphError, match=r"no unit `conv-frist`.*`conv-first`"):
        ContinuousNet(unit="conv-frist")
    with pytest.raises(og.GraphError, match=r"`depth` is `21`; .*6 n \+ 2"):
        ResNet(depth=21)
    with pytest.raises(og.GraphError, match=r"`width` is `0`"):
        WideContinuousNet(width=0)


def test_blocks_of_units_need_one_equal_unit_for_each_coefficient():
    basis = og.PiecewiseConstant(2)
    with pytest.raises(og.UnitError, match=r"1 units for the 2 coefficients"):
        block_of_units([Residual(2, 2)], scheme="euler", basis=basis, steps=2)
    with pytest.raises(og.UnitError, match=r"Unit 1 and unit 2 .*layer `norm1` is .*2.*3"):
        units = [Residual(2, 2), Residual(3, 3)]
        block_of_units(units, scheme="euler", basis=basis, steps=2)


@pytest.mark.parametrize(
    "basis", [og.PiecewiseLinear(2), og.Legendre(2), og.Haar(2), og.BSpline(2, 2)], ids=str
)
def test_theta_has_the_values_of_the_units_at_the_nodes(basis):
    units = [nn.Linear(2, 2) for _ in range(basis.size)]
    block = block_of_units(units, scheme="euler", basis=basis, steps=4)
    for unit, (t, side) in zip(units, basis.nodes, strict=True):
        row = torch.tensor([float(value) for value in basis.evaluate(t, side=side)])
        weight = torch.einsum("b,bij->ij", row, block.get_parameter("theta.weight"))
        torch.testing.assert_close(weight, unit.weight)
