"""The text itself: what a person would have written, and the same bytes every time."""

import operator
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, fx, nn
from torch.fx.proxy import GraphAppendingTracer
from torch.nn import functional as F

from odegraph._errors import EmitError
from odegraph.emit.source.function import argument_names, function_source, write_function
from odegraph.unit import trace_unit

HEADER = {"torch": torch, "Tensor": Tensor, "F": F}


def source_of(module: nn.Module, *, training: bool = False) -> str:
    unit = trace_unit(module)
    return function_source(unit.training if training else unit.evaluation)


def graph_of(build: Callable[..., Any], *inputs: str) -> fx.GraphModule:
    """The graph of build(nodes of the inputs); `build` calls functions on proxies."""
    graph = fx.Graph()
    tracer = GraphAppendingTracer(graph)
    result = build(*[fx.Proxy(graph.placeholder(name), tracer) for name in inputs])
    graph.output(tuple(v.node for v in result) if isinstance(result, tuple) else result.node)
    return fx.GraphModule(nn.Module(), graph)


def body_of(build: Callable[..., Any], *inputs: str) -> str:
    """The statements of the function for build(*inputs)."""
    text = function_source(graph_of(build, *inputs))
    return textwrap.dedent(text.partition(":\n")[2]).strip()


class Mlp(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(2, 2)

    def forward(self, x: Tensor) -> Tensor:
        return torch.tanh(self.layer(x))


def test_a_layer_reads_as_in_the_design():
    assert source_of(Mlp()) == (
        "def unit(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:\n"
        "    return torch.tanh(F.linear(x, weight, bias))\n"
    )


def test_a_network_takes_one_line_a_layer():
    text = source_of(nn.Sequential(nn.Linear(2, 50), nn.Tanh(), nn.Linear(50, 2)))
    assert text == textwrap.dedent(
        """\
        def unit(
            x: Tensor,
            layer_0_weight: Tensor,
            layer_0_bias: Tensor,
            layer_2_weight: Tensor,
            layer_2_bias: Tensor,
        ) -> Tensor:
            tanh = torch.tanh(F.linear(x, layer_0_weight, layer_0_bias))
            return F.linear(tanh, layer_2_weight, layer_2_bias)
        """
    )


def test_training_returns_the_new_statistics_beside_the_rate():
    text = source_of(nn.Sequential(nn.BatchNorm1d(3), nn.ReLU(inplace=True)), training=True)
    assert text.splitlines()[7:] == [
        ") -> tuple[Tensor, Tensor, Tensor, Tensor]:",
        "    new_running_mean = running_mean.clone()",
        "    new_running_var = running_var.clone()",
        "    batch_norm = F.batch_norm(",
        *("        x,", "        new_running_mean,", "        new_running_var,"),
        *("        weight,", "        bias,", "        training=True,", "    )"),
        "    relu = F.relu(batch_norm)",
        "    return relu, new_running_mean, new_running_var, num_batches_tracked + 1",
    ]


def test_arguments_at_their_default_are_left_out():
    conv = nn.Conv2d(4, 4, 3, padding=1, stride=1, bias=False)
    assert "return F.conv2d(x, weight, padding=1)\n" in source_of(conv)
    conv = nn.Conv2d(4, 4, (3, 1), padding=(1, 0), groups=2)
    assert "return F.conv2d(x, weight, bias, padding=(1, 0), groups=2)\n" in source_of(conv)
    assert "return F.gelu(x)\n" in source_of(nn.GELU())
    assert 'return F.gelu(x, approximate="tanh")\n' in source_of(nn.GELU(approximate="tanh"))
    assert "return F.softmax(x, dim=-1)\n" in source_of(nn.Softmax(dim=-1))
    assert "return F.dropout(x, p=0.5, training=True)\n" in source_of(nn.Dropout(), training=True)
    assert "return x\n" in source_of(nn.Dropout())


EXPRESSIONS: list[tuple[Callable[..., Any], str]] = [
    (lambda a, b: a + b * a, "return a + b * a"),
    (lambda a, b: (a + b) * a, "return (a + b) * a"),
    (lambda a, b: a - (b - a), "return a - (b - a)"),
    (lambda a, b: (a - b) - a, "return a - b - a"),
    (lambda a, b: a / (b / a), "return a / (b / a)"),
    (lambda a, b: a * (b * a), "return a * (b * a)"),
    (lambda a, b: -(a + b), "return -(a + b)"),
    (lambda a, b: -a * b, "return -a * b"),
    (lambda a, b: operator.neg(-a) - -b, "return -(-a) - -b"),
    (lambda a, _b: torch.neg(a) * -1.5 - -2, "return torch.neg(a) * -1.5 - -2"),
    (lambda a, b: a ** (b + 1), "return a ** (b + 1)"),
    (lambda a, b: a.shape[0] ** -b, "return a.shape[0] ** (-b)"),
    (lambda a, _b: a.mT**2, "return a.mT**2"),
    (lambda a, _b: -(a**2), "return -(a**2)"),
    (lambda a, _b: (-a) ** 2, "return (-a) ** 2"),
    (lambda a, b: a ** (b**2), "return a ** (b**2)"),
    (lambda a, b: (a**b) ** 2, "return (a**b) ** 2"),
    (lambda a, _b: torch.sin(a) ** 2, "return torch.sin(a) ** 2"),
    (lambda a, _b: a**-0.5, "return a**-0.5"),
    (lambda a, _b: 2**a, "return 2**a"),
    (lambda a, _b: (-2) ** a, "return (-2) ** a"),
    (lambda a, b: a @ b // 3 % 2, "return a @ b // 3 % 2"),
    (lambda a, b: (a > b) & (a < 1), "return (a > b) & (a < 1)"),
    (lambda a, b: (a == b) != (b >= a), "return (a == b) != (b >= a)"),
    (lambda a, b: ~(a <= b) | (a > 0), "return ~(a <= b) | (a > 0)"),
    (lambda a, b: (a + b).abs().sum(dim=(0, 1)), "return (a + b).abs().sum(dim=(0, 1))"),
    (lambda a, _b: (-a).exp(), "return (-a).exp()"),
    (lambda a, _b: a[0], "return a[0]"),
    (lambda a, _b: a[:, None, ..., -1], "return a[:, None, ..., -1]"),
    (lambda a, _b: a[1:], "return a[1:]"),
    (lambda a, _b: a[:-1, ::2], "return a[:-1, ::2]"),
    (lambda a, _b: a[(0,)], "return a[(0,)]"),
    (lambda a, _b: a[()], "return a[()]"),
    (lambda a, _b: a[[0, 2]], "return a[[0, 2]]"),
    (lambda a, b: a[b], "return a[b]"),
    (lambda a, b: a[b : b + 1], "return a[b : b + 1]"),
    (lambda a, b: a.shape[0] * b, "return a.shape[0] * b"),
    (lambda a, _b: a.view(a.shape[0], -1), "return a.view(a.shape[0], -1)"),
    (lambda a, b: torch.cat([a, b], dim=-1), "return torch.cat([a, b], dim=-1)"),
    (lambda a, _b: a.to(torch.float32), "return a.to(torch.float32)"),
    (lambda a, b: a.to(b.device, b.dtype), "return a.to(b.device, b.dtype)"),
    (lambda a, _b: a.to(torch.device("cpu")), 'return a.to(torch.device("cpu"))'),
    (
        lambda a, _b: a.clone(memory_format=torch.channels_last),
        "return a.clone(memory_format=torch.channels_last)",
    ),
    (lambda a, _b: a.clamp(max=float("inf")), 'return a.clamp(max=float("inf"))'),
    (lambda a, _b: a.clamp(-1e-30, 1e30), "return a.clamp(-1e-30, 1e30)"),
    (lambda a, _b: a.mul(1 + 2j), "return a.mul(complex(1.0, 2.0))"),
    (lambda a, _b: torch.special.expit(a), "return torch.special.expit(a)"),
    (lambda a, _b: torch.fft.rfft(a), "return torch.fft.rfft(a)"),
    (lambda a, _b: F.pad(a, (1, 1), mode="circular"), 'return F.pad(a, (1, 1), mode="circular")'),
    (lambda a, b: (a, b + 1), "return a, b + 1"),
    (lambda a, _b: a, "return a"),
]


@pytest.mark.parametrize(("build", "text"), EXPRESSIONS)
def test_expressions_are_written_with_the_brackets_they_need(
    build: Callable[..., Any], text: str, tmp_path: Path
):
    assert body_of(build, "a", "b") == text
    assert_stable(function_source(graph_of(build, "a", "b")), tmp_path)


def assert_stable(text: str, folder: Path) -> None:
    file = folder / "unit.py"
    file.write_text(text, encoding="utf-8")
    for width in ("88", "100"):
        command = [sys.executable, "-m", "ruff", "format", "--isolated", "--line-length", width]
        run = subprocess.run(
            [*command, "--diff", str(file)], capture_output=True, text=True, check=False
        )
        assert run.returncode == 0, run.stdout


def test_public_names_are_found_for_what_torch_names_twice():
    assert body_of(torch.linalg.vector_norm, "a") == "return torch.linalg.vector_norm(a)"
    assert body_of(lambda a: torch.ops.aten.sinc.default(a), "a") == (
        "return torch.ops.aten.sinc.default(a)"
    )
    assert body_of(lambda a: torch.conv1d(a, a), "a") == "return F.conv1d(a, a)"


def test_a_value_read_twice_gets_a_name_and_is_computed_once():
    def build(a: Any) -> Any:
        square = torch.sin(a)
        return square * square + square

    assert body_of(build, "a") == "sin = torch.sin(a)\nreturn sin * sin + sin"


def test_random_numbers_are_drawn_in_the_order_of_the_graph():
    def build(a: Any) -> Any:
        first = F.dropout(a, 0.5)
        second = F.dropout(a, 0.25)
        return torch.relu(second) - first

    assert body_of(build, "a").splitlines() == [
        "dropout = F.dropout(a, p=0.5, training=True)",
        "dropout_1 = F.dropout(a, p=0.25, training=True)",
        "return torch.relu(dropout_1) - dropout",
    ]


def test_long_calls_take_one_line_an_argument(tmp_path: Path):
    names = [f"a_rather_long_name_{i}" for i in range(5)]
    text = function_source(graph_of(lambda *a: torch.cat([*a], dim=1), *names))
    assert "    return torch.cat(\n        [\n            a_rather" in text
    assert "        ],\n        dim=1,\n    )\n" in text
    assert_stable(text, tmp_path)


def test_many_outputs_take_one_line_each(tmp_path: Path):
    names = [f"a_rather_long_name_{i}" for i in range(7)]
    text = function_source(graph_of(lambda *a: tuple(a), *names))
    assert ") -> tuple[Tensor, ...]:\n" in text
    assert "    return (\n        a_rather_long_name_0,\n" in text
    assert_stable(text, tmp_path)


def test_arguments_are_named_by_what_tells_them_apart():
    paths = ["x", "net.weight", "net.bias"]
    assert argument_names(paths) == ["x", "weight", "bias"]
    paths = ["x", "a.weight", "b.weight", "b.bias", "0.scale", "1.scale", "x.F", "q.x", "is.in"]
    assert argument_names(paths) == [
        *("x", "a_weight", "b_weight", "bias", "layer_0_scale", "layer_1_scale", "F_", "q_x"),
        "in_",
    ]


def test_names_never_outgrow_a_line():
    paths = ["x", *[f"{'very.' * 20}long.path.{i}.weight" for i in range(3)]]
    assert argument_names(paths) == ["x", "weight", "weight_1", "weight_2"]


def test_argument_names_come_with_the_text():
    written = write_function(trace_unit(Mlp()).evaluation, name="rate")
    assert written.text.startswith("def rate(x: Tensor, weight: Tensor, bias: Tensor)")
    assert written.arguments == ("x", "weight", "bias")


def test_what_a_stand_alone_module_cannot_import_is_refused():
    def own(a: Any) -> Any:
        return a.tracer.create_proxy("call_function", test_names_never_outgrow_a_line, (a,), {})

    with pytest.raises(EmitError, match="calls `test_names_never_outgrow_a_line`, which a stand-"):
        function_source(graph_of(own, "a"))
    with pytest.raises(EmitError, match=r"constant `range\(0, 3\)`, which cannot be written"):
        function_source(graph_of(lambda a: a.sum(range(3)), "a"))


def test_a_graph_that_owns_tensors_is_refused():
    graph = fx.Graph()
    graph.output(graph.create_node("get_attr", "scale"))
    with pytest.raises(EmitError, match=r"holds `get_attr` of `scale`.*functional graphs only"):
        function_source(fx.GraphModule({"scale": torch.ones(1)}, graph))


LEAVES = st.sampled_from(["a", "b", "2", "-1.5"])
OPERATORS = [operator.add, operator.sub, operator.mul, operator.truediv, operator.neg, torch.sin]
OPERATORS += [operator.getitem]


def trees() -> st.SearchStrategy[Any]:
    binary = st.sampled_from(OPERATORS[:4])
    unary = st.sampled_from([operator.neg, torch.sin])
    return st.recursive(
        LEAVES,
        lambda inner: st.one_of(st.tuples(binary, inner, inner), st.tuples(unary, inner)),
        max_leaves=12,
    )


def built(tree: Any, values: dict[str, Any]) -> Any:
    if isinstance(tree, str):
        return values[tree] if tree in values else values["a"] * float(tree)
    return tree[0](*[built(branch, values) for branch in tree[1:]])


@settings(max_examples=60, deadline=None)
@given(trees())
def test_any_expression_means_what_the_graph_means(tree: Any):
    graph = graph_of(lambda a, b: built(tree, {"a": a, "b": b}) + a, "a", "b")
    text = function_source(graph)
    namespace = dict(HEADER)
    exec(compile(text, "generated", "exec"), namespace)  # our own text, of a closed set of trees
    a, b = torch.tensor(0.7), torch.tensor(-1.3)
    unit: Any = namespace["unit"]
    assert torch.equal(unit(a, b), graph(a, b))
    assert all(len(line) <= 88 for line in text.splitlines())


def test_a_rate_that_is_a_gradient_of_a_hamiltonian_can_be_written():
    text = body_of(lambda a: torch.autograd.grad(a.sum(), a, create_graph=True)[0], "a")
    assert "torch.autograd.grad(" in text and "create_graph=True" in text
