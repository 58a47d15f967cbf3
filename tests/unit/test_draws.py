"""Random numbers of a unit, split from what it computes with them."""

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

import odegraph as og
from odegraph.unit import hold_draws, trace_unit

SAME_BITS = {
    "dropout": (lambda: nn.Dropout(0.3), (5, 7)),
    "a whole plane": (lambda: nn.Dropout2d(0.3), (5, 4, 3, 3)),
    "twice": (lambda: nn.Sequential(nn.Dropout(0.5), nn.Tanh(), nn.Dropout(0.2)), (5, 7)),
    "everything is dropped": (lambda: nn.Dropout(1.0), (5, 7)),
}


class Noisy(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x + torch.randn_like(x) * torch.sin(x)


class Attention(nn.Module):
    def __init__(self, **options) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(6, 2, dropout=0.4, **options)

    def forward(self, x: Tensor) -> Tensor:
        return self.attention(x, x, x)[0]


class PlainAttention(nn.Module):
    def __init__(self, **options) -> None:
        super().__init__()
        self.options = options

    def forward(self, x: Tensor) -> Tensor:
        return F.scaled_dot_product_attention(x, 2 * x, x.sin(), dropout_p=0.4, **self.options)


CLOSE = {
    "alpha dropout": (lambda: nn.AlphaDropout(0.3), (5, 7)),
    "alpha dropout of planes": (lambda: nn.FeatureAlphaDropout(0.3), (5, 4, 3, 3)),
    "noise": (lambda: Noisy(), (5, 7)),
    "attention, length first": (lambda: Attention(), (3, 5, 6)),
    "attention, batch first": (lambda: Attention(batch_first=True, bias=False), (5, 3, 6)),
    "plain attention": (lambda: PlainAttention(), (5, 2, 3, 6)),
    "plain attention with a scale": (lambda: PlainAttention(scale=0.1), (5, 2, 3, 6)),
}


def first_and_again(module: nn.Module, x: Tensor) -> tuple[Tensor, Tensor, list[Tensor]]:
    held = hold_draws(trace_unit(module.train(), example=x).training)
    values = [p.detach() for p in module.parameters()]
    torch.manual_seed(5)
    rate, *draws = held.first(x, *values)
    assert len(draws) == held.count > 0
    before = torch.get_rng_state()
    again = held.again(x, *values, *draws)
    assert torch.equal(torch.get_rng_state(), before), "the second graph drew something"
    return rate, again, draws


@pytest.mark.parametrize("make, shape", SAME_BITS.values(), ids=SAME_BITS)
def test_the_first_call_is_that_of_the_module_to_the_last_bit(make, shape):
    x, module = torch.randn(shape), make()
    rate, again, _ = first_and_again(module, x)
    torch.manual_seed(5)
    assert torch.equal(rate, module(x))
    assert torch.equal(again, rate)


@pytest.mark.parametrize("make, shape", CLOSE.values(), ids=CLOSE)
def test_the_first_call_is_that_of_the_module(make, shape):
    x, module = torch.randn(shape), make()
    rate, again, _ = first_and_again(module, x)
    torch.manual_seed(5)
    torch.testing.assert_close(rate, module(x))
    assert torch.equal(again, rate)


@pytest.mark.parametrize("make, shape", [*SAME_BITS.values(), *CLOSE.values()])
def test_what_is_drawn_does_not_depend_on_the_state(make, shape):
    _, _, draws = first_and_again(make(), torch.randn(shape))
    _, _, others = first_and_again(make(), torch.randn(shape))
    assert all(torch.equal(a, b) for a, b in zip(draws, others, strict=True))


def test_random_slopes_are_those_of_the_negative_values():
    # torch draws as many as there are negative values; here there is one for each value.
    x = torch.randn(50, 7)
    rate, again, (drawn,) = first_and_again(nn.RReLU(0.1, 0.4), x)
    slopes = -drawn
    assert torch.equal(rate, torch.where(x < 0, slopes * x, x)) and torch.equal(again, rate)
    assert 0.1 <= slopes.min() < 0.11 and 0.39 < slopes.max() <= 0.4


def test_a_unit_without_randomness_is_left_as_it_is():
    graph = trace_unit(nn.Sequential(nn.Linear(3, 3), nn.RReLU()).eval()).evaluation
    held = hold_draws(graph)
    assert (held.first, held.again, held.count) == (graph, graph, 0)


class Gumbel(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return F.gumbel_softmax(x)


class Masked(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(6, 2, dropout=0.4)
        self.register_buffer("mask", torch.zeros(3, 3))

    def forward(self, x: Tensor) -> Tensor:
        return self.attention(x, x, x, attn_mask=self.mask)[0]


REFUSED = {
    "drawn and computed at once": (
        lambda: Gumbel(),
        "`Gumbel` draws .* inside of `gumbel_softmax`",
    ),
    "masked heads": (
        lambda: Masked(),
        "`Masked` has attention with dropout together with `attn_mask`",
    ),
    "causal": (
        lambda: PlainAttention(is_causal=True),
        "together with `is_causal`.*`nn.Dropout` behind",
    ),
}


@pytest.mark.parametrize("make, message", REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_shared_is_refused(make, message):
    with pytest.raises(og.UnitError, match=message):
        trace_unit(make())
