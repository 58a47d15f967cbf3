"""Each message names the unit, the line or the value, the rule, and the way out."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from odegraph._errors import UnitError
from odegraph.unit import trace_unit


class Base(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(3, 3)
        self.plain, self.listed, self.big = torch.ones(3), [torch.ones(3)], torch.ones(9, 9)


class ValueBranch(Base):
    def forward(self, x: Tensor) -> Tensor:
        if x.sum() > 0:
            return self.linear(x)
        return x


class ValueLoop(Base):
    def forward(self, x: Tensor) -> Tensor:
        while x.norm() > 1:
            x = x / 2
        return self.linear(x)


class ValueCount(Base):
    def forward(self, x: Tensor) -> Tensor:
        for _ in range(int(x.abs().max())):
            x = self.linear(x)
        return x


class ParameterBranch(Base):
    def forward(self, x: Tensor) -> Tensor:
        return x if float(self.linear.bias[0]) > 0 else self.linear(x)


class Plain(Base):
    def forward(self, x: Tensor) -> Tensor:
        return self.linear(x) * self.plain


class Listed(Base):
    def forward(self, x: Tensor) -> Tensor:
        return self.linear(x) * self.listed[0]


class LongLiteral(Base):
    def forward(self, x: Tensor) -> Tensor:
        return self.linear(x) + torch.tensor([0.5] * 99).sum()


class Pair(Base):
    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return self.linear(x), x


class Named(Base):
    def forward(self, x: Tensor) -> dict[str, Tensor]:
        return {"rate": self.linear(x)}


class Number(Base):
    def forward(self, _x: Tensor) -> int:
        return 0


class Maximum(Base):
    def forward(self, x: Tensor) -> object:
        return self.linear(x).max(dim=0)


class Masked(Base):
    def forward(self, x: Tensor) -> Tensor:
        return self.linear(x)[x > 0]


class Item(Base):
    def forward(self, x: Tensor) -> Tensor:
        return x * self.linear(x)[0, 0].item()


class List(Base):
    def forward(self, x: Tensor) -> Tensor:
        return torch.tensor(self.linear(x).tolist())


class Misspelt(Base):
    def forward(self, x: Tensor) -> Tensor:
        return self.linear(x).sigmoidd()  # pyright: ignore[reportAttributeAccessIssue]


class Autocast(Base):
    def forward(self, x: Tensor) -> Tensor:
        with torch.autocast("cpu"):
            return self.linear(x)


class NoGradByShape(Base):
    def forward(self, x: Tensor) -> Tensor:
        if x.dim() == 2:
            with torch.no_grad():
                x = x * 2
        return self.linear(x)


class WeightDecay(Base):
    def forward(self, x: Tensor) -> Tensor:
        self.linear.weight.data.mul_(0.9)
        return self.linear(x)


class Fails(Base):
    def forward(self, x: Tensor) -> Tensor:
        return F.linear(x, self.linear.weight, nope=3)  # pyright: ignore[reportCallIssue]


class ShapeBranch(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x if x.dim() == 4 else -x


class Timed(Base):
    def forward(self, x: Tensor, t: float) -> Tensor:
        return self.linear(x) * t


class NoState(Base):
    def forward(self) -> Tensor:
        return self.linear.bias


REFUSED = {
    ValueBranch: r"`ValueBranch` has control flow that depends on values, at test_refusals.py, "
    r"line \d+: `if x.sum\(\) > 0:`.*use `torch.where`",
    ValueLoop: r"control flow that depends on values, at .*: `while x.norm\(\) > 1:`",
    ValueCount: r"control flow that depends on values, at .*: `for _ in range\(int\(",
    ParameterBranch: r"control flow that depends on values, at .*`return x if float\(",
    Plain: r"uses the tensor `plain`, which is neither a parameter nor a buffer.*register_buffer",
    Listed: r"uses the tensor `listed`, which is neither a parameter nor a buffer",
    LongLiteral: r"uses the tensor `lifted_tensor_0`, which is neither .*register_buffer",
    Pair: r"`Pair` returns `tuple`.*one tensor of the state's shape",
    Named: r"returns `immutable_dict`.*Return that tensor alone",
    Number: r"returns a constant; dx/dt",
    Maximum: r"returns `max`; dx/dt",
    Masked: r"has a rate whose shape depends on values.*torch.where",
    Item: r"reads values out of the graph with `.item\(\)`.*Compute with the tensor itself",
    List: r"reads values out of the graph with `.item\(\)`",
    Misspelt: r"calls `.sigmoidd\(\)`, which tensors do not have. Did you mean `sigmoid`",
    Autocast: r"switches autocast inside of its forward. Switch it around the whole block",
    NoGradByShape: r"switches gradients or autocast inside of its forward.*detach",
    WeightDecay: r"changes its parameter `linear.weight` in forward, where only the optimizer may",
    Fails: r"cannot be traced at test_refusals.py, line \d+: `return F.linear\(.*nope=3.*"
    r"unexpected keyword argument",
    ShapeBranch: r"cannot be traced at .*`return x if x.dim\(\) == 4 else -x`.*pass a state as "
    r"`example=`",
    Timed: r"has `forward\(x, t\)`; a unit takes the state alone.*choose a basis",
    NoState: r"has `forward\(\)`; a unit takes the state alone",
    nn.Module: r"`Module` has no `forward`. Define",
}


@pytest.mark.parametrize("unit", REFUSED, ids=lambda unit: unit.__name__)
def test_what_cannot_be_a_unit_is_refused(unit: type[nn.Module], capfd: pytest.CaptureFixture[str]):
    with pytest.raises(UnitError, match=REFUSED[unit]):
        trace_unit(unit())
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: abs, "A unit is a `torch.nn.Module`, and this is `builtin_function_or_method`"),
        (lambda: nn.Linear, r"this is the class. Call it: `Linear\(...\)`"),
        (
            lambda: nn.LazyLinear(3),
            "lazy parameter `weight`, which has no shape yet. Call the unit once",
        ),
        (lambda: torch.compile(nn.Linear(3, 3)), "is compiled already.*Pass the plain nn.Module"),
    ],
    ids=["function", "class", "lazy", "compiled"],
)
@pytest.mark.filterwarnings("ignore")  # torch.compile imports what torch deprecates
def test_what_is_no_plain_module_is_refused(make: Callable[[], Any], message: str):
    with pytest.raises(UnitError, match=message):
        trace_unit(make())


def test_what_cannot_be_copied_is_refused():
    unit = Plain()
    unit.__dict__["lock"] = threading.Lock()
    with pytest.raises(UnitError, match=r"`Plain` cannot be copied \(TypeError.*Keep files, locks"):
        trace_unit(unit)


SHAPES = [
    (nn.Linear(3, 5), None, r"`Linear` maps a state of shape \[2, 3\] to a rate of shape \[2, 5\]"),
    (nn.Conv2d(3, 3, 3), None, r"\[2, 3, 8, 8\] to a rate of shape \[2, 3, 6, 6\]"),
    (nn.Conv1d(4, 4, 2, stride=2), None, r"\[2, 4, 8\] to a rate of shape \[2, 4, 4\]"),
    (nn.Sequential(nn.BatchNorm2d(3), nn.Conv2d(3, 6, 1)), None, r"\[2, 3, 8, 8\] to .*\[2, 6, 8"),
    (nn.AvgPool2d(2), torch.ones(1, 2, 4, 4), r"\[1, 2, 4, 4\] to a rate of shape \[1, 2, 2, 2\]"),
    (
        nn.Linear(3, 3),
        torch.ones(2, 4),
        r"does not accept a state of shape \[2, 4\]: .*first layer",
    ),
]


@pytest.mark.parametrize(("unit", "example", "message"), SHAPES)
def test_a_changed_shape_is_refused_with_both_shapes(
    unit: nn.Module, example: Tensor | None, message: str, capfd: pytest.CaptureFixture[str]
):
    with pytest.raises(UnitError, match=message):
        trace_unit(unit, example=example)
    assert capfd.readouterr() == ("", "")


def test_a_shape_that_cannot_be_guessed_is_checked_at_the_first_call():
    unit = trace_unit(nn.AvgPool2d(2))
    with pytest.raises(UnitError, match=r"`AvgPool2d` maps a state of shape \[3, 3, 4, 4\] to"):
        unit.check_rate_shape(torch.ones(3, 3, 4, 4))


def test_a_first_call_that_fits_is_accepted_in_any_dtype():
    unit = trace_unit(nn.Sequential(nn.Linear(3, 3), nn.BatchNorm1d(3)))
    for dtype in (torch.float32, torch.float64, torch.bfloat16):
        unit.check_rate_shape(torch.ones(5, 3, dtype=dtype))


def test_an_exported_graph_says_what_state_it_was_traced_for():
    class Images(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return x.flip(3) if x.dim() == 4 else x

    unit = trace_unit(Images(), example=torch.ones(2, 3, 4, 4))
    with pytest.raises(
        UnitError, match=r"It was traced for states like \[2, 3, 4, 4\]: pass yours"
    ):
        unit.check_rate_shape(torch.ones(2, 3))


class ScaledPart(nn.Module):
    """One number scales one of two components: its size is not that of the state."""

    def __init__(self) -> None:
        super().__init__()
        self.w = nn.Parameter(torch.ones(1))

    def forward(self, x):
        return torch.cat([self.w * x[..., -1:], x[..., -1:]], dim=-1)


def test_a_vector_of_parameters_does_not_tell_the_size_of_a_state():
    unit = trace_unit(ScaledPart())
    unit.check_rate_shape(torch.ones(3, 2))
    with pytest.raises(UnitError, match=r"\[3, 1\] to a rate of shape \[3, 2\]"):
        unit.check_rate_shape(torch.ones(3, 1))
