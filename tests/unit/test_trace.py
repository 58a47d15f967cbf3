import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn import functional as F

from odegraph.unit import trace_unit


def graph_of(forward, **modules: nn.Module):
    body = {"forward": lambda self, x: forward(self, x)}
    unit = type("Unit", (nn.Module,), body)()
    for name, module in modules.items():
        setattr(unit, name, module)
    return trace_unit(unit)


def test_a_unit_knows_its_names():
    unit = trace_unit(nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2)))
    assert unit.name == "Sequential"
    assert unit.reference == "torch.nn.modules.container:Sequential"
    assert unit.parameters == ("0.weight", "0.bias", "1.weight", "1.bias")
    assert unit.buffers == ("1.running_mean", "1.running_var", "1.num_batches_tracked")
    assert unit.updated_buffers == unit.buffers
    assert unit.positive_slots == ("1.running_var",)
    assert [tuple(v.shape) for v in unit.value_shapes] == [(2, 2), (2,), (2,), (2,), (2,), (2,), ()]


def test_a_lone_norm_has_paths_without_a_prefix():
    unit = trace_unit(nn.BatchNorm2d(3))
    assert unit.positive_slots == ("running_var",)


def test_shared_parameters_are_one_input():
    first, second = nn.Linear(3, 3), nn.Linear(3, 3)
    second.weight = first.weight
    assert trace_unit(nn.Sequential(first, second)).parameters == ("0.weight", "0.bias", "1.bias")


def test_both_modes_are_one_graph_where_the_mode_makes_no_difference():
    same = [nn.Linear(2, 2), nn.Dropout(0.0), nn.LayerNorm(3), nn.InstanceNorm2d(3), nn.ReLU()]
    other = [nn.Dropout(0.1), nn.BatchNorm1d(3), nn.Sequential(nn.Linear(2, 2), nn.RReLU())]
    assert all(unit.training is unit.evaluation for unit in map(trace_unit, same))
    assert all(unit.training is not unit.evaluation for unit in map(trace_unit, other))


def test_the_cumulative_mean_of_statistics_is_the_module_s():
    torch.manual_seed(0)
    module = nn.Sequential(nn.BatchNorm1d(3, momentum=None))
    unit = trace_unit(module)
    values = [p.detach() for p in module.parameters()]
    buffers = [b.clone() for b in module.buffers()]
    for _ in range(5):
        x = torch.randn(4, 3)
        rate, *buffers = unit.training(x, *values, *buffers)
        torch.testing.assert_close(rate, module(x), rtol=0, atol=0)
        torch.testing.assert_close(buffers, list(module.buffers()), rtol=1e-14, atol=1e-15)
    assert buffers[2].item() == 5 and buffers[2].dtype == torch.int64


def test_names_that_are_no_names_in_python_are_mended():
    unit = graph_of(lambda self, x: self.b(self.a(x)), a=nn.PReLU(), b=nn.PReLU())
    unit = trace_unit(nn.Sequential(nn.Sequential(nn.Linear(2, 2)), nn.PReLU()))
    names = [n.target for n in unit.evaluation.graph.nodes if n.op == "placeholder"]
    assert names == ["x", "layer_0_0_weight", "layer_0_0_bias", "layer_1_weight"]


class Clashing(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.x, self.a_b = nn.Parameter(torch.ones(2)), nn.Parameter(torch.ones(2))
        self.a = nn.ParameterDict({"b": torch.ones(2)})
        self.register_parameter("lambda", nn.Parameter(torch.ones(2)))
        self.register_parameter("F", nn.Parameter(torch.full((2,), 3.0)))

    def forward(self, x: Tensor) -> Tensor:
        product = self.a_b * self.a["b"]
        return F.relu(x * self.x + product - getattr(self, "lambda") / self.F)


def test_names_that_clash_are_told_apart():
    unit = trace_unit(Clashing())
    names = [n.target for n in unit.evaluation.graph.nodes if n.op == "placeholder"]
    assert len(set(names)) == 6
    values = [torch.full((2,), float(i)) for i in range(1, 7)]
    by_name = dict(zip(unit.parameters, values[1:], strict=True))
    x = values[0]
    expected = x * by_name["x"] + by_name["a_b"] * by_name["a.b"]
    expected = F.relu(expected - by_name["lambda"] / by_name["F"])
    assert torch.equal(unit.evaluation(*values), expected)


def test_frozen_and_unbatched_states_and_other_batch_sizes_work():
    unit = trace_unit(nn.Sequential(nn.Linear(3, 3), nn.Tanh()))
    weight, bias = torch.eye(3), torch.zeros(3)
    for shape in [(3,), (1, 3), (9, 3), (2, 4, 3)]:
        x = torch.randn(shape)
        assert torch.equal(unit.evaluation(x, weight, bias), torch.tanh(F.linear(x, weight, bias)))


class ByExport(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        if x.dim() == 3:
            return x.flip(1) * x.shape[1]
        return x


def test_an_example_tells_the_rank_and_the_sizes_stay_free():
    unit = trace_unit(ByExport(), example=torch.randn(1, 3, 4))
    assert unit.traced_for == (1, 3, 4)
    for shape in [(1, 3, 4), (5, 3, 4), (2, 7, 5)]:
        x = torch.randn(shape)
        assert torch.equal(unit.evaluation(x), ByExport()(x))


def test_what_torch_fx_traces_is_free_of_any_example():
    unit = trace_unit(nn.Linear(3, 3), example=torch.randn(2, 3))
    assert unit.traced_for is None


LINEAR = {
    "matrix": lambda self, x: self.a(x),
    "sum": lambda self, x: self.a(x) - 2 * x / 3 + x @ self.a.weight,
    "reshaped": lambda self, x: self.a(x.reshape(-1, 3)).view(x.shape),
    "scaled by theta": lambda self, x: torch.exp(self.a.weight[0]) * x,
    "mean": lambda _, x: x - x.mean(dim=-1, keepdim=True),
    "joined": lambda _, x: torch.cat([x[:, 1:], -x[:, :1]], dim=1),
    "constant of sizes": lambda _, x: x * x.shape[-1],
}
NOT_PROVEN = {
    "bias": lambda self, x: self.b(x),
    "square": lambda _, x: x * x,
    "activation": lambda _, x: torch.tanh(x),
    "offset": lambda self, x: self.a(x) + 1,
    "quotient": lambda _, x: 1 / x,
    "attention": lambda self, x: F.softmax(x, dim=-1) @ self.a.weight,
    "mask": lambda self, x: F.dropout(x, 0.5, training=self.training),
    "constant": lambda self, x: self.a.weight[0].expand(x.shape),
    "absolute value": lambda _, x: abs(x),
}


def test_linear_units_are_proven_linear():
    for name, forward in LINEAR.items():
        unit = graph_of(forward, a=nn.Linear(3, 3, bias=False), b=nn.Linear(3, 3))
        assert unit.is_linear, name
    assert trace_unit(nn.Conv2d(2, 2, 3, padding=1, bias=False)).is_linear


def test_nothing_else_is_proven_linear():
    for name, forward in NOT_PROVEN.items():
        unit = graph_of(forward, a=nn.Linear(3, 3, bias=False), b=nn.Linear(3, 3))
        assert not unit.is_linear, name


@settings(max_examples=20, deadline=None)
@given(st.floats(-3, 3), st.floats(-3, 3), st.sampled_from(sorted(LINEAR)))
def test_what_is_proven_linear_is_linear(alpha: float, beta: float, name: str):
    torch.manual_seed(0)
    unit = graph_of(LINEAR[name], a=nn.Linear(3, 3, bias=False))
    weight = torch.randn(3, 3)

    def rate(x: Tensor) -> Tensor:
        return unit.evaluation(x, weight)

    x, y = torch.randn(2, 4, 3)
    torch.testing.assert_close(
        rate(alpha * x + beta * y), alpha * rate(x) + beta * rate(y), rtol=1e-11, atol=1e-11
    )
