"""Compiled units of linear layers and activations work on columns, and give the same numbers."""

import pytest
import torch
from example_units import Normed, Tanh, randomized
from torch import Tensor, nn
from torch.nn import functional as F
from torch.testing import assert_close

import odegraph as og
from odegraph.emit.execution.batch_last import batch_last, linear_of_columns

pytestmark = pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor")


class Scaled(nn.Module):
    """A skew product without bias, a vector that scales, a number, and the state itself."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(3, 3))
        self.scale = nn.Parameter(torch.empty(3))
        self.gain = nn.Parameter(torch.empty(()))

    def forward(self, x: Tensor) -> Tensor:
        turned = F.linear(x, self.weight - self.weight.t())
        return self.scale * turned.sin() + self.gain * x / 2 - 0.1 * x**3


class Activations(nn.Module):
    """One layer after the other, each with another activation."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList(nn.Linear(3, 3, bias=i % 2 == 0) for i in range(4))

    def forward(self, x: Tensor) -> Tensor:
        a, b, c, d = self.layers
        y = torch.relu(b(F.silu(a(x))))
        return F.elu(d(F.softplus(c(y + x), beta=2.0)), alpha=0.5)


class Gated(nn.Module):
    """A product of two functions of the state."""

    def __init__(self) -> None:
        super().__init__()
        self.gate, self.value = nn.Linear(3, 3), nn.Linear(3, 3)

    def forward(self, x: Tensor) -> Tensor:
        return torch.sigmoid(self.gate(x)) * self.value(x)


class Softmax(nn.Module):
    """Mixes the features of a sample by something else than a linear layer."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.softmax(x, -1)


class AddsTable(nn.Module):
    """A parameter with a batch axis of its own: it would have to be turned, too."""

    def __init__(self) -> None:
        super().__init__()
        self.table = nn.Parameter(torch.zeros(1, 3))

    def forward(self, x: Tensor) -> Tensor:
        return x + self.table


def block_of(unit: nn.Module, **options: object) -> og.OdeBlock:
    chosen = {"scheme": "rk4-classic", "basis": og.PiecewiseLinear(2), "steps": 4} | options
    return randomized(og.OdeBlock(unit, **chosen)).double()  # pyright: ignore[reportArgumentType]


def numbers(block: og.OdeBlock, start: Tensor) -> list[Tensor]:
    """The end and all gradients."""
    x = start.clone().requires_grad_()
    end = block(x)
    loss = (end * torch.arange(1.0, end.numel() + 1).reshape(end.shape)).sum()
    return [end, *torch.autograd.grad(loss, [x, *block.parameters()])]


@pytest.mark.parametrize("compilation", [og.CompiledSteps, og.CompiledWhole])
@pytest.mark.parametrize("small_layer", [512, 1])
@pytest.mark.parametrize("unit", [lambda: Tanh(3), Scaled, Activations, Gated])
def test_columns_give_the_numbers_of_the_graph(unit, small_layer, compilation):
    torch.compiler.reset()
    block = block_of(unit())
    assert batch_last(block.graph_module, small=small_layer) is not None
    turned = og.with_execution(block, compilation=compilation("eager", (og.Columns(small_layer),)))
    start = torch.randn(5, 3, dtype=torch.float64)
    for found, expected in zip(numbers(turned, start), numbers(block, start), strict=True):
        assert found.is_contiguous()
        assert_close(found, expected, rtol=1e-12, atol=1e-12)


def test_the_graph_itself_works_on_columns():
    block = block_of(Tanh(3))
    x = torch.randn(5, 3, dtype=torch.float64)
    turned = batch_last(block.graph_module, small=512)
    assert turned is not None
    assert_close(turned(x.t()).t(), block(x), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("unit", [Normed, Softmax, AddsTable, lambda: nn.Dropout(0.5)])
def test_what_is_not_known_element_by_element_stays_as_it_is(unit):
    assert batch_last(block_of(unit(), scheme="euler").train().graph_module, small=512) is None


def test_halves_of_a_state_stay_as_they_are():
    block = block_of(Tanh(4), scheme="stormer-verlet", basis=og.PiecewiseConstant(1))
    assert batch_last(block.graph_module, small=512) is None


@pytest.mark.parametrize("shape", [(3,), (2, 5, 3)])
def test_other_states_than_matrices_stay_as_they_are(shape):
    torch.compiler.reset()
    block = block_of(Tanh(3))
    compiled = og.with_execution(block, compilation=og.CompiledSteps("eager"))
    x = torch.randn(shape, dtype=torch.float64)
    assert_close(compiled(x), block(x), rtol=1e-12, atol=1e-12)


def test_autocast_rounds_linear_layers_as_ever():
    torch.compiler.reset()
    block = block_of(Tanh(3)).float()
    compiled = og.with_execution(block, compilation=og.CompiledSteps("eager"))
    x = torch.randn(5, 3, dtype=torch.float32)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert torch.equal(compiled(x), block(x))


@pytest.mark.parametrize(("small", "products"), [(60, 0), (59, 1)])
def test_layers_up_to_the_limit_are_sums(small, products):
    with torch.profiler.profile() as profile:
        linear_of_columns(torch.randn(5, 4), torch.randn(3, 5), None, small=small)
    assert sum(one.key == "aten::mm" for one in profile.key_averages()) == products


def test_without_layouts_the_state_stays_as_it_is():
    torch.compiler.reset()
    shapes = []

    def watching(graph, inputs):
        shapes.extend(tuple(one.shape) for one in inputs)
        return graph

    torch._dynamo.register_backend(watching, name="watching_shapes")
    for layouts, expected in (((), (5, 3)), ((og.Columns(),), (3, 5))):
        shapes.clear()
        block = block_of(Tanh(3))
        block.compile(og.CompiledSteps("watching_shapes", layouts))
        with torch.no_grad():
            block(torch.randn(5, 3, dtype=torch.float64))
        assert expected in shapes


@pytest.mark.parametrize("compilation", [og.Eager, og.CompiledSteps, og.CompiledWhole])
@pytest.mark.parametrize("wrong", [512, "columns", [og.Columns()], (512,)], ids=str)
def test_layouts_are_a_tuple_of_layouts(compilation, wrong):
    with pytest.raises(og.GraphError, match=r"`layouts` is .*give a tuple of layouts.*`\(\)`"):
        compilation(layouts=wrong)


@pytest.mark.parametrize("wrong", [-1, 0.5, True, "512"])
def test_a_small_layer_is_a_number_of_products(wrong):
    with pytest.raises(og.GraphError, match=r"`small_layer` is .*whole number.*0 keeps all layers"):
        og.Columns(wrong)


def test_a_limit_of_zero_keeps_products():
    block = block_of(Tanh(3))
    turned = batch_last(block.graph_module, small=0)
    assert turned is not None
    x = torch.randn(5, 3, dtype=torch.float64)
    assert_close(turned(x.t()).t(), block(x), rtol=1e-12, atol=1e-12)
