"""The search over discrete forms: what it tries, what it chooses, what it shows."""

import io

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from torch import nn

import odegraph as og
from odegraph.diagnostics import try_manifestations
from odegraph.draw.pareto_front import front
from odegraph.models.units import TanhUnit


@pytest.fixture
def model() -> nn.Sequential:
    torch.manual_seed(0)
    block = og.OdeBlock(
        TanhUnit(3, 8), scheme="rk4-classic", basis=og.PiecewiseConstant(4), steps=4, span=2
    )
    return nn.Sequential(block, nn.Linear(3, 2))


def agreement(model: nn.Module):
    """Minus the distance of a form to the model it was made from."""
    x = torch.randn(20, 3, generator=torch.Generator().manual_seed(1))
    expected = og.manifest(model, steps=64).eval()(x).detach()
    return lambda form: -float((form(x) - expected).detach().norm())


def silent() -> Console:
    return Console(file=io.StringIO(), width=120)


def test_the_best_form_within_the_budget_is_chosen(model, tmp_path):
    metric = agreement(model)
    output = silent()
    plot = tmp_path / "front.svg"
    chosen = og.search_manifestations(model, metric, 4, console=output, plot=plot)
    assert isinstance(chosen, nn.Sequential)
    block = chosen[0]
    assert isinstance(block, og.OdeBlock)
    assert block.evaluations <= 4
    found = try_manifestations(model, metric)
    affordable = [row.metric for row in found.rows if row.evaluations <= 4]
    assert metric(chosen) == max(affordable)
    assert plot.read_text(encoding="utf-8").startswith("<?xml")
    assert "unit evaluations" in output.file.getvalue()  # type: ignore[attr-defined]


def test_everything_that_was_asked_for_is_tried(model):
    bases = [None, og.PiecewiseConstant(2)]
    found = try_manifestations(
        model, agreement(model), schemes=["euler"], steps=[1, 2], bases=bases
    )
    tried = {(row.scheme.name, row.steps, row.basis) for row in found.rows}
    names = ("euler", "rk4-classic")
    assert tried == {(name, steps, basis) for name in names for steps in (1, 2) for basis in bases}


def test_the_milliseconds_are_those_of_the_inputs(model):
    found = try_manifestations(model, agreement(model), steps=[1, 4], inputs=torch.randn(64, 3))
    assert all(row.milliseconds > 0 for row in found.rows)


@given(st.lists(st.tuples(st.integers(1, 9), st.integers(0, 9)), min_size=1))
def test_nothing_beats_the_front_and_the_front_beats_the_rest(points):
    costs, qualities = [float(c) for c, _ in points], [float(q) for _, q in points]
    best = front(costs, qualities)
    for i, (cost, quality) in enumerate(zip(costs, qualities, strict=True)):
        beaten = any(costs[j] <= cost and qualities[j] >= quality for j in best if j != i)
        assert beaten or i in best
    assert [costs[i] for i in best] == sorted({costs[i] for i in best})
    assert [qualities[i] for i in best] == sorted({qualities[i] for i in best})


def test_a_metric_that_is_not_a_number_is_never_chosen(model):
    found = try_manifestations(
        model, lambda m: float("nan") if m[0].evaluations > 4 else 1.0, steps=[1, 4]
    )
    assert found.best(10**6).evaluations == 1


def test_searches_that_cannot_be_are_refused(model):
    metric = agreement(model)
    with pytest.raises(og.GraphError, match=r"budget is `0` .* cheapest form .* takes 1"):
        og.search_manifestations(model, metric, 0, console=silent())
    with pytest.raises(og.GraphError, match=r"metric gave `None`, a NoneType"):
        og.search_manifestations(model, lambda _: None, 9, console=silent())  # type: ignore[arg-type, return-value]
    with pytest.raises(og.GraphError, match=r"nothing to search"):
        og.search_manifestations(model, metric, 9, steps=[], console=silent())
    with pytest.raises(og.GraphError, match=r"has no `OdeBlock`"):
        og.search_manifestations(nn.Linear(2, 2), metric, 9, console=silent())
