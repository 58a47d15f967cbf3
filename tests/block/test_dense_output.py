"""States inside steps: the closed solution, the proven order, one pass of a static graph."""

import copy
import math
from fractions import Fraction

import pytest
import torch
from catalogue_names import names_of_kind
from torch import Tensor, nn
from torch.testing import assert_close

import odegraph as og
from odegraph.ir import Evaluate
from odegraph.scheme import RungeKuttaScheme

INSIDE = [Fraction(k, 5) for k in range(1, 5)]
X = torch.tensor([[-0.6], [0.1], [0.4]], dtype=torch.float64)
NEWTON = og.NewtonKrylov(iterations=8, krylov=1)


def with_dense_output() -> list[str]:
    schemes = {name: og.load_scheme(name) for name in names_of_kind("runge-kutta")}
    return [n for n, s in schemes.items() if isinstance(s, RungeKuttaScheme) and s.dense_order]


SCHEMES = [*with_dense_output(), "gauss(4)", "radau-iia(1)", "lobatto-iiia(2)"]


def runge_kutta(name: str) -> RungeKuttaScheme:
    scheme = og.load_scheme(name)
    assert isinstance(scheme, RungeKuttaScheme)
    return scheme


class Tangent(nn.Module):
    """R(x) = w (1 + x^2): with w(t) = 1 + 2 t the solution is tan(arctan x(0) + t + t^2)."""

    def __init__(self) -> None:
        super().__init__()
        self.w = nn.Parameter(torch.ones(1))

    def forward(self, x: Tensor) -> Tensor:
        return self.w * (1 + x * x)


def block(scheme: str, *, length: float, steps: int = 1) -> og.OdeBlock:
    """The problem on [0, length]: w(0) and w(length) are the coefficients of one hat element."""
    made = og.OdeBlock(
        Tangent(),
        scheme=scheme,
        basis=og.PiecewiseLinear(1),
        steps=steps,
        span=length,
        solver=None if og.load_scheme(scheme).is_explicit else NEWTON,
    )
    made.load_state_dict({"theta.w": torch.tensor([[1.0], [1 + 2 * length]])})
    return made


def errors(scheme: str, *, length: float, steps: int, times: list[Fraction]) -> float:
    found = og.dense_output(block(scheme, length=length, steps=steps), times=times)(X)
    t = length * torch.tensor([float(time) for time in times])[:, None, None]
    return (found - torch.tan(torch.atan(X) + t + t * t)).norm().item()


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_error_inside_one_step_has_the_proven_uniform_order(scheme):
    order = runge_kutta(scheme).dense_order
    assert order is not None
    coarse, fine = (errors(scheme, length=h, steps=1, times=INSIDE) for h in (1 / 16, 1 / 32))
    assert order + 0.75 < math.log2(coarse / fine) < order + 1.35


@pytest.mark.parametrize("scheme", ["midpoint", "rk4-classic", "bogacki-shampine", "gauss-2"])
def test_over_many_steps_one_order_more_than_the_uniform_one_is_seen(scheme):
    proven = runge_kutta(scheme)
    assert proven.dense_order is not None
    expected = min(proven.order, proven.dense_order + 1)
    coarse, fine = (
        errors(scheme, length=0.25, steps=n, times=[1 - Fraction(1, 3 * n)]) for n in (12, 24)
    )
    assert abs(math.log2(coarse / fine) - expected) < 0.25


@pytest.mark.parametrize("scheme", ["rk4-classic", "dormand-prince", "gauss-2"])
def test_on_the_grid_it_is_the_state(scheme):
    whole = block(scheme, length=0.5, steps=4)
    ends = [og.OdeBlock.__call__(block(scheme, length=0.5, steps=4), X)]
    found = og.dense_output(whole, times=[0, 1, "1"])(X)
    assert found.shape == (3, *X.shape)
    assert_close(found, torch.stack([X, ends[0], ends[0]]), rtol=1e-14, atol=1e-14)


def test_times_come_in_the_order_asked_for_and_share_evaluations():
    whole = block("rk4-classic", length=0.5, steps=2)
    forward = og.dense_output(whole, times=["1/3", "2/3"])
    backward = og.dense_output(whole, times=["2/3", "1/3"])
    assert torch.equal(forward(X), backward(X).flip(0))
    assert len(forward.step_graph.of_type(Evaluate)) == len(whole.step_graph.of_type(Evaluate))
    assert "times=[1/3, 2/3]" in repr(forward)


def test_steps_beyond_the_last_time_are_not_computed():
    whole = block("rk4-classic", length=0.5, steps=10)
    early = og.dense_output(whole, times=["1/20"])
    assert len(early.step_graph.of_type(Evaluate)) == 4


def test_it_reads_and_trains_the_slots_of_the_block():
    whole = block("rk4-classic", length=0.5, steps=2)
    dense = og.dense_output(whole, times=["1/2", "3/4"])
    dense(X).sum().backward()
    assert whole.theta.w.grad is not None and whole.theta.w.grad.abs().min() > 0
    twin = copy.deepcopy(dense)
    before = dense(X)
    with torch.no_grad():
        whole.theta.w.mul_(2)
    assert not torch.equal(dense(X), before)
    assert torch.equal(twin(X), before)
    assert dense.float()(X.float()).dtype == torch.float32


@pytest.mark.parametrize(
    ("times", "message"),
    [
        (["3/2"], r"A depth of `times` is `3/2`; depth runs from 0 to 1\."),
        ([-1], r"A depth of `times` is `-1`; depth runs from 0 to 1\."),
        ([0.5], r"A depth of `times` .*float"),
        ([], r"`times` is `\[\]`; it must be a list of depths"),
        ("1/2", r"`times` is `1/2`; it must be a list of depths"),
    ],
)
def test_times_that_are_no_depths(times, message):
    with pytest.raises(og.GraphError, match=message):
        og.dense_output(block("rk4-classic", length=0.5), times=times)


@pytest.mark.parametrize("scheme", ["cash-karp", "adams-bashforth-2"])
def test_a_scheme_without_dense_output(scheme):
    whole = block(scheme, length=0.5, steps=3)
    with pytest.raises(og.GraphError, match=f"`{scheme}` has no dense output.*on the grid"):
        og.dense_output(whole, times=["1/2"])


def test_what_is_no_block():
    with pytest.raises(og.GraphError, match="takes an `OdeBlock`, not a Linear"):
        og.dense_output(nn.Linear(2, 2), times=["1/2"])  # type: ignore[arg-type]
