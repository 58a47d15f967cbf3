"""One law for all units: graphs, and their source, do what the module does, to the last bit."""

import copy
import importlib.util
import math
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils import parametrizations, parametrize

from odegraph.emit.source.function import function_source, write_function
from odegraph.unit import Unit, trace_unit


def mlp() -> nn.Module:
    return nn.Sequential(nn.Linear(2, 50), nn.Tanh(), nn.Linear(50, 2))


def conv_norm_relu() -> nn.Module:
    return nn.Sequential(nn.Conv2d(3, 3, 3, padding=1), nn.BatchNorm2d(3), nn.ReLU(inplace=True))


def pre_activation() -> nn.Module:
    return nn.Sequential(
        *(nn.BatchNorm2d(4), nn.ReLU(inplace=True), nn.Conv2d(4, 8, 3, padding="same", bias=False)),
        *(nn.BatchNorm2d(8), nn.ReLU(inplace=True), nn.Conv2d(8, 4, 3, padding="same", bias=False)),
    )


def depthwise() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(4, 4, 5, padding=2, groups=4, padding_mode="circular"),
        nn.GroupNorm(2, 4, eps=1e-3),
        nn.Conv2d(4, 8, 1),
        nn.GELU(approximate="tanh"),
        nn.Dropout2d(0.3),
        nn.Conv2d(8, 4, 1),
    )


class Transformer(nn.Module):
    def __init__(self, *, batch_first: bool = True, dropout: float = 0.1) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(8), nn.LayerNorm(8)
        self.attention = nn.MultiheadAttention(8, 2, dropout=dropout, batch_first=batch_first)
        self.mlp = nn.Sequential(nn.Linear(8, 16), nn.GELU(), nn.Dropout(0.1), nn.Linear(16, 8))

    def forward(self, x: Tensor) -> Tensor:
        h = self.norm1(x)
        attended, _ = self.attention(h, h, h, need_weights=False)
        return attended + self.mlp(self.norm2(x + attended))


class OtherKeys(nn.Module):
    """Keys and values of other widths: three projection matrices, and weights asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(8, 2, kdim=4, vdim=6, bias=False, batch_first=True)

    def forward(self, x: Tensor) -> Tensor:
        rate, weights = self.attention(x, x[..., :4], x[..., 2:])
        return rate * weights.sum()


class HandWrittenAttention(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.query_key_value, self.out = nn.Linear(8, 24), nn.Linear(8, 8)

    def forward(self, x: Tensor) -> Tensor:
        batch, length, width = x.shape
        q, k, v = self.query_key_value(x).chunk(3, dim=-1)
        q, k, v = (part.view(batch, length, 2, width // 2).transpose(1, 2) for part in (q, k, v))
        scores = (q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1])).softmax(dim=-1)
        return self.out((scores @ v).transpose(1, 2).reshape(batch, length, width))


class Gated(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.gate = nn.Parameter(torch.linspace(-1, 1, 5))
        self.inner = nn.Linear(5, 5)
        self.unread = nn.Parameter(torch.ones(3))

    def forward(self, x: Tensor) -> Tensor:
        gate = torch.sigmoid(-self.gate)
        return gate * self.inner(x) - (1 - gate**2) * (x - (x + 1.5) / 2) ** 2 / 3


class WithBuffers(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(4, 4)
        self.register_buffer("frequency", torch.arange(4.0))
        self.register_buffer("calls", torch.zeros((), dtype=torch.int64))
        self.register_buffer("mean", torch.zeros(4), persistent=False)
        self.calls: Tensor
        self.mean: Tensor
        self.frequency: Tensor

    def forward(self, x: Tensor) -> Tensor:
        if self.training:
            self.calls.add_(1)
            self.mean.mul_(0.9).add_(x.detach().mean(0), alpha=0.1)
        return self.linear(torch.sin(self.frequency * x)) - self.mean / self.calls.clamp(min=1)


class SharedTwice(nn.Module):
    """One norm called twice: the second call sees the statistics of the first."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.norm = nn.Conv1d(3, 3, 3, padding=1), nn.BatchNorm1d(3, momentum=0.3)
        self.alias = self.conv

    def forward(self, x: Tensor) -> Tensor:
        return self.norm(self.alias(torch.relu(self.norm(self.conv(x)))))


class InPlace(nn.Module):
    """Changes its state and an intermediate value in place, and reads both afterwards."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.act = nn.Conv2d(3, 3, 3, padding=1), nn.LeakyReLU(0.1, inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        h = self.act(x)
        y = self.conv(h)
        y += x
        y = y.mul_(2)
        return torch.cat([y[:, 1:], y[:, :1]], dim=1) * x


class BareNorms(nn.Module):
    """Norms called as functions on the module's own buffers, and a buffer that is assigned to."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(3))
        self.register_buffer("variance", torch.ones(3))
        self.register_buffer("calls", torch.zeros(()))
        self.register_buffer("mean_of_each", torch.zeros(3))
        self.register_buffer("variance_of_each", torch.ones(3))
        self.mean: Tensor
        self.variance: Tensor
        self.mean_of_each: Tensor
        self.variance_of_each: Tensor
        self.calls: Tensor

    def forward(self, x: Tensor) -> Tensor:
        self.calls = self.calls + 1
        y = F.batch_norm(x, self.mean, self.variance, training=self.training)
        y = y * self.mean.clone()[:, None]
        each = (self.mean_of_each, self.variance_of_each)
        y = F.instance_norm(y, *each, use_input_stats=self.training)
        return y * self.variance_of_each[:, None] / self.calls


class Literals(nn.Module):
    """Numbers written out in forward; assignment to a part of a copy of the state."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(3))

    def forward(self, x: Tensor) -> Tensor:
        y = self.scale * x * torch.tensor([1.0, -2.5, 1e-9])
        y[:, 0] = 0
        return y


class NoGradient(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(3, 3)

    def forward(self, x: Tensor) -> Tensor:
        with torch.no_grad():
            width = x.shape[-1]
            scale = self.linear(x).norm() / width
        return self.linear(x) / (scale + width)


class ModeOnly(nn.Module):
    """Options that are constants of the module: one path each."""

    def __init__(self) -> None:
        super().__init__()
        self.linear, self.depth, self.act = nn.Linear(3, 3), 3, F.silu

    def forward(self, x: Tensor, mask: Tensor | None = None, *, scale: float = 2.0) -> Tensor:
        for i in range(self.depth):
            x = self.act(self.linear(x)) + i
        return x if mask is None else x * mask * scale


class Skew(nn.Module):
    def forward(self, weight: Tensor) -> Tensor:
        return weight.triu(1) - weight.triu(1).transpose(-1, -2)


def parametrized() -> nn.Module:
    linear = nn.Linear(3, 3)
    parametrize.register_parametrization(linear, "weight", Skew())
    return nn.Sequential(linear, nn.Tanh(), parametrizations.weight_norm(nn.Linear(3, 3)))


def norms() -> nn.Module:
    return nn.Sequential(
        nn.InstanceNorm2d(3, affine=True, track_running_stats=True),
        nn.BatchNorm2d(3, affine=False, track_running_stats=False),
        nn.InstanceNorm2d(3),
        nn.Softmax2d(),
    )


def activations() -> nn.Module:
    return nn.Sequential(
        *(nn.PReLU(6), nn.ELU(0.7), nn.SELU(), nn.CELU(), nn.Softplus(2.0), nn.Mish(), nn.SiLU()),
        *(nn.Hardtanh(-2, 2), nn.Hardswish(), nn.LogSigmoid(), nn.Tanhshrink(), nn.Softsign()),
        *(nn.Threshold(-0.5, 0.1), nn.Softmax(dim=-1), nn.Identity(), nn.ReLU6(), nn.RMSNorm(6)),
        *(nn.Hardshrink(), nn.Softshrink(0.1), nn.AlphaDropout(0.2), nn.Softmin(dim=1)),
    )


def shapes() -> nn.Module:
    return nn.Sequential(
        *(nn.ConvTranspose2d(3, 6, 4, stride=2, padding=1), nn.AvgPool2d(2), nn.PReLU()),
        *(nn.MaxPool2d(3, stride=1, padding=1), nn.Flatten(2), nn.Unflatten(2, (8, 8))),
        *(nn.ReflectionPad2d(1), nn.Conv2d(6, 3, 3), nn.LocalResponseNorm(2), nn.Upsample(size=8)),
    )


class BilinearForm(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.form = nn.Bilinear(3, 3, 3)

    def forward(self, x: Tensor) -> Tensor:
        return self.form(x, -x)


class ShapeBranch(nn.Module):
    """Control flow on the shape, and a tensor made in forward: torch.export traces it."""

    def __init__(self) -> None:
        super().__init__()
        self.linear, self.norm, self.drop = nn.Linear(4, 4), nn.BatchNorm1d(4), nn.Dropout(0.2)

    def forward(self, x: Tensor) -> Tensor:
        if x.dim() != 2:
            raise ValueError("two axes, please")
        ramp = torch.arange(4, device=x.device)
        return self.drop(self.norm(self.linear(x))) * ramp + torch.where(x > 0, x, -x)


@dataclass(frozen=True)
class Case:
    make: Callable[[], nn.Module]
    state: tuple[int, ...]


ZOO = {
    "mlp": Case(mlp, (7, 2)),
    "conv-norm-relu": Case(conv_norm_relu, (2, 3, 6, 5)),
    "pre-activation": Case(pre_activation, (2, 4, 6, 5)),
    "depthwise": Case(depthwise, (2, 4, 6, 5)),
    "transformer": Case(Transformer, (2, 5, 8)),
    "transformer, length first": Case(lambda: Transformer(batch_first=False, dropout=0), (5, 2, 8)),
    "other keys": Case(OtherKeys, (2, 5, 8)),
    "hand-written attention": Case(HandWrittenAttention, (2, 5, 8)),
    "gated": Case(Gated, (3, 5)),
    "buffers": Case(WithBuffers, (3, 4)),
    "shared twice": Case(SharedTwice, (2, 3, 9)),
    "in place": Case(InPlace, (2, 3, 4, 4)),
    "bare norms": Case(BareNorms, (2, 3, 4)),
    "literals": Case(Literals, (2, 3)),
    "no gradient": Case(NoGradient, (2, 3)),
    "options": Case(ModeOnly, (2, 3)),
    "parametrized": Case(parametrized, (2, 3)),
    "norms": Case(norms, (2, 3, 4, 4)),
    "activations": Case(activations, (2, 6)),
    "shapes": Case(shapes, (2, 3, 8, 8)),
    "bilinear": Case(BilinearForm, (2, 3)),
    "shape branch": Case(ShapeBranch, (3, 4)),
    "batch norm alone": Case(lambda: nn.BatchNorm1d(3), (4, 3)),
    "identity": Case(nn.Identity, (4, 3)),
}


def lively(module: nn.Module) -> nn.Module:
    """The module with statistics and weights that are not all zero or one."""
    torch.manual_seed(1)
    with torch.no_grad():
        for value in [*module.parameters(), *module.buffers()]:
            if value.is_floating_point():
                value.copy_(value + 0.3 * torch.rand_like(value))
    return module


def imported(text: str, path: Path) -> Callable[..., object]:
    header = "import torch\nfrom torch import Tensor\nfrom torch.nn import functional as F\n\n\n"
    path.write_text(header + text, encoding="utf-8")
    spec = importlib.util.spec_from_file_location("generated_unit", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.unit


def outcome(run: Callable[..., object], x: Tensor, values: list[Tensor]) -> dict[str, Tensor]:
    """Everything that a call yields: rate, new buffers, and the gradients of a fixed functional."""
    torch.manual_seed(0)
    result = run(x, *values)
    rate, *buffers = result if isinstance(result, tuple) else (result,)
    assert isinstance(rate, Tensor)
    wanted = [v for v in (x, *values) if v.requires_grad]
    weights = torch.linspace(-1, 2, rate.numel()).reshape(rate.shape)
    gradients = torch.autograd.grad((rate * weights).sum(), wanted, allow_unused=True)
    zeros = [torch.zeros(()) if g is None else g for g in gradients]
    named = {"rate": rate.detach()}
    named |= {f"buffer {i}": b for i, b in enumerate(buffers)}
    return named | {f"gradient {i}": g for i, g in enumerate(zeros)}


def outcome_of_module(module: nn.Module, unit: Unit, x: Tensor) -> dict[str, Tensor]:
    module = copy.deepcopy(module)

    def run(x: Tensor, *_: Tensor) -> object:
        rate = module(x.clone())  # the clone, as some modules change their state in place
        updated = unit.updated_buffers if module.training else ()
        return (rate, *(module.get_buffer(path) for path in updated))

    return outcome(run, x, list(module.parameters()))


@pytest.fixture(params=ZOO, scope="module")
def case(request: pytest.FixtureRequest) -> Case:
    return ZOO[request.param]


@pytest.mark.parametrize("mode", ["evaluation", "training"])
@pytest.mark.parametrize("executor", ["graph", "source"])
def test_unit_does_what_the_module_does(case: Case, mode: str, executor: str, tmp_path: Path):
    module = lively(case.make()).train(mode == "training")
    unit = trace_unit(module)
    graph = unit.training if module.training else unit.evaluation
    run = graph if executor == "graph" else imported(function_source(graph), tmp_path / "unit.py")
    x = torch.randn(case.state, generator=torch.Generator().manual_seed(2)).requires_grad_()
    values = [p.detach().clone().requires_grad_() for p in module.parameters()]
    values += [b.clone() for b in module.buffers()]
    before = [v.detach().clone() for v in values]

    got, expected = outcome(run, x, values), outcome_of_module(module, unit, x)

    assert got.keys() == expected.keys()
    for key in expected:
        assert torch.equal(got[key], expected[key]), key
    assert all(torch.equal(a, b.detach()) for a, b in zip(before, values, strict=True))


def test_tracing_leaves_the_module_as_it_was(case: Case):
    module = lively(case.make())
    next(iter(module.children()), module).eval()
    modes = [m.training for m in module.modules()]
    state = copy.deepcopy(module.state_dict())
    attributes = [set(vars(m)) for m in module.modules()]
    trace_unit(module)
    assert modes == [m.training for m in module.modules()]
    assert attributes == [set(vars(m)) for m in module.modules()]
    assert all(p.grad is None for p in module.parameters())
    assert all(torch.equal(state[key], value) for key, value in module.state_dict().items())


def test_graphs_own_nothing_and_take_values_in_the_unit_s_order(case: Case):
    unit = trace_unit(case.make())
    for graph in (unit.evaluation, unit.training):
        inputs = [n for n in graph.graph.nodes if n.op == "placeholder"]
        assert inputs[0].target == "x"
        assert [n.meta["path"] for n in inputs] == ["x", *unit.parameters, *unit.buffers]
        assert len({n.target for n in inputs}) == len(inputs)
        assert not list(graph.parameters()) and not list(graph.buffers())
        assert {n.op for n in graph.graph.nodes} <= {
            *("placeholder", "call_function", "call_method", "output")
        }


def test_source_is_stable_under_the_formatter_and_when_written_twice(case: Case, tmp_path: Path):
    first, second = trace_unit(case.make()), trace_unit(case.make())
    file = tmp_path / "unit.py"
    sources = [function_source(g) for g in (first.evaluation, first.training)]
    assert sources == [function_source(g) for g in (second.evaluation, second.training)]
    file.write_text("\n\n".join(sources), encoding="utf-8")
    for width in ("88", "100"):
        command = [sys.executable, "-m", "ruff", "format", "--isolated", "--line-length", width]
        check = subprocess.run(
            [*command, "--diff", str(file)], capture_output=True, text=True, check=False
        )
        assert check.returncode == 0, check.stdout


def test_arguments_of_both_modes_are_the_same(case: Case):
    unit = trace_unit(case.make())
    names = write_function(unit.evaluation).arguments
    assert names == write_function(unit.training).arguments
    assert len(names) == len(set(names)) == 1 + len(unit.parameters) + len(unit.buffers)
    assert all(name.isidentifier() for name in names)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # torch 2.13 warns about its own internals
@pytest.mark.parametrize("name", ["mlp", "transformer", "shared twice", "buffers", "shape branch"])
def test_training_graphs_export_and_compile_without_a_break(name: str):
    case = ZOO[name]
    module = lively(case.make())
    unit = trace_unit(module)
    values = [p.detach() for p in module.parameters()] + list(module.buffers())
    x = torch.randn(case.state)
    for graph in (unit.evaluation, unit.training):
        torch.manual_seed(0)
        expected = graph(x, *values)
        program = torch.export.export(graph, (x, *values)).module()
        compiled = torch.compile(graph, fullgraph=True, backend="aot_eager")
        for run in (program, compiled):
            torch.manual_seed(0)
            torch.testing.assert_close(run(x, *values), expected)
