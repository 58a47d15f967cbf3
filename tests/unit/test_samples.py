"""What is proven to treat samples by themselves does so, and what mixes them is not proven."""

import pytest
import torch
from example_units import Constant, Growth, Normed, Tanh, Visits, randomized
from torch import nn
from torch.nn import functional as F
from torch.testing import assert_close

from odegraph.unit import SplitUnit, trace_unit


class By(nn.Module):
    """R(x) by a function of the module and the state; `w` is a parameter where it has one."""

    def __init__(self, function, w: torch.Tensor | None = None) -> None:
        super().__init__()
        self.function = function
        if w is not None:
            self.w = nn.Parameter(w)

    def forward(self, x):
        return self.function(self, x)


def gated(_, x):
    a, b = x.chunk(2, dim=1)
    return torch.cat([a * b, b.sigmoid()], dim=1)


VECTORS, SEQUENCES, IMAGES = (5, 3), (5, 4, 3), (5, 4, 6, 6)

# A unit, a state that it takes, and from how many dimensions on samples are independent.
PROVEN = {
    "tanh": (lambda: Tanh(3), VECTORS, 2),
    "growth": (Growth, VECTORS, 1),
    "constant": (lambda: Constant(3), VECTORS, 2),
    "visits": (lambda: Visits(2), VECTORS, 2),
    "batch norm": (lambda: Normed(3), VECTORS, 2),
    "layer norm": (lambda: nn.Sequential(nn.LayerNorm(3), nn.Linear(3, 3)), VECTORS, 2),
    "layer norm of images": (lambda: nn.LayerNorm([4, 6, 6]), IMAGES, 4),
    "softmax": (lambda: nn.Sequential(nn.Linear(3, 3), nn.Softmax(-1)), VECTORS, 2),
    "convolution": (
        lambda: nn.Sequential(nn.ReLU(), nn.Conv2d(4, 4, 3, padding=1), nn.BatchNorm2d(4)),
        IMAGES,
        4,
    ),
    "circular": (lambda: nn.Conv2d(4, 4, 3, padding=1, padding_mode="circular"), IMAGES, 4),
    "group norm": (lambda: nn.Sequential(nn.GroupNorm(2, 4), nn.GELU()), IMAGES, 2),
    "instance norm": (
        lambda: nn.Sequential(nn.InstanceNorm2d(4, affine=True), nn.MaxPool2d(3, 1, 1)),
        IMAGES,
        4,
    ),
    "rows": (lambda: By(lambda s, x: x @ s.w, torch.ones(3, 3)), VECTORS, 2),
    "columns": (lambda: By(lambda s, x: s.w @ x, torch.ones(4, 4)), SEQUENCES, 3),
    "gram": (lambda: By(lambda _, x: x @ (x.transpose(1, 2) @ x)), SEQUENCES, 3),
    "scaled": (lambda: By(lambda s, x: x * s.w.exp()[None], torch.ones(3)), VECTORS, 2),
    "a matrix of scales": (lambda: By(lambda s, x: x * s.w, torch.ones(4, 3)), SEQUENCES, 3),
    "centred": (lambda: By(lambda _, x: x - x.mean((1, 2), keepdim=True)), SEQUENCES, 3),
    "last": (lambda: By(lambda _, x: x[:, :] * x[..., -1:]), VECTORS, 2),
    "gated": (lambda: By(gated), SEQUENCES, 2),
    "parts": (lambda: SplitUnit(Tanh(3), nn.Linear(3, 3)), VECTORS, 2),
}


@pytest.mark.parametrize("name", PROVEN)
def test_proven_units_compute_each_sample_from_itself(name):
    make, shape, least = PROVEN[name]
    unit = randomized(make()).eval()
    traced = trace_unit(unit, example=torch.randn(shape))
    assert traced.least_dimensions == least <= len(shape)
    x, y = torch.randn(shape, requires_grad=True), torch.randn(shape)
    together = unit(torch.cat([x, y]))
    assert_close(together, torch.cat([unit(x), unit(y)]), rtol=1e-13, atol=1e-14)
    if together.requires_grad:
        (found,) = torch.autograd.grad(together[1].sum(), x, allow_unused=True)
        assert found is None or not found[[0, 2, 3, 4]].any()


MIXING = {
    "mean of all": lambda: By(lambda _, x: x - x.mean()),
    "mean of the batch": lambda: By(lambda _, x: x - x.mean(0, keepdim=True)),
    "flipped": lambda: By(lambda _, x: x.flip(0)),
    "rolled": lambda: By(lambda _, x: torch.roll(x, 1, 0)),
    "neighbour": lambda: By(lambda _, x: torch.cat([x[1:], x[:1]])),
    "softmax over the batch": lambda: By(lambda _, x: x.softmax(0)),
    "size of the batch": lambda: By(lambda _, x: x / x.shape[0]),
    "statistics of the batch": lambda: nn.BatchNorm1d(3, track_running_stats=False),
    "sum": lambda: By(lambda _, x: torch.cumsum(x, 0)),
    "norm": lambda: By(lambda _, x: x / torch.linalg.vector_norm(x)),
    "transposed": lambda: By(lambda _, x: F.linear(x.t(), x).t() @ x),
}


@pytest.mark.parametrize("name", MIXING)
def test_units_that_mix_samples_are_not_proven(name):
    traced = trace_unit(MIXING[name](), example=torch.randn(3, 3))
    assert traced.least_dimensions is None


@pytest.mark.parametrize("unit", [Normed(), nn.Sequential(nn.Linear(2, 2), nn.Dropout(0.5))])
def test_training_may_mix_what_evaluation_does_not(unit):
    traced = trace_unit(unit)
    assert traced.least_dimensions == 2
    assert traced.least_dimensions_in_training is None


def test_every_part_counts():
    traced = trace_unit(SplitUnit(Tanh(3), By(lambda _, x: x - x.mean(0))))
    assert traced.least_dimensions is None
