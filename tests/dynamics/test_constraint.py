import copy

import pytest
import torch
from torch import Tensor
from torch.testing import assert_close

from odegraph._errors import OdegraphError
from odegraph.dynamics.constraint import Constraint


def parabola(x: Tensor) -> Tensor:
    return (x - 2).square()


def minimise(constraint: Constraint | None, *, outer: int, inner: int = 60) -> Tensor:
    """Gradient descent on (x - 2)^2 subject to x^2 <= bound, from x = -1.5."""
    x = torch.tensor(-1.5, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.Adam([x], lr=0.05)
    for _ in range(outer):
        for _ in range(inner):
            optimizer.zero_grad()
            loss = parabola(x)
            if constraint is not None:
                loss = loss + constraint(x.square())
            loss.backward()
            optimizer.step()
        if constraint is not None:
            constraint.update(x.square())
    return x.detach()


def test_the_parabola_with_a_binding_bound_has_x_one_and_multiplier_one():
    constraint = Constraint(bound=1.0)
    x = minimise(constraint, outer=40)
    assert_close(x.item(), 1.0, rtol=0, atol=1e-4)
    assert_close(constraint.multiplier.item(), 1.0, rtol=0, atol=1e-3)


@pytest.mark.parametrize("bound", [0.25, 1.0, 2.25])
def test_the_multiplier_is_the_price_of_the_bound(bound: float):
    # L* = (sqrt(bound) - 2)^2, so mu = -dL*/dbound = (2 - sqrt(bound)) / sqrt(bound).
    constraint = Constraint(bound=bound)
    minimise(constraint, outer=40)
    assert_close(constraint.multiplier.item(), 2 / bound**0.5 - 1, rtol=0, atol=1e-2)


def test_with_a_loose_bound_the_run_equals_the_unconstrained_one_to_the_last_bit():
    constraint = Constraint(bound=100.0)
    assert torch.equal(minimise(constraint, outer=5), minimise(None, outer=5))
    assert constraint.multiplier.item() == 0
    assert constraint(torch.tensor(3.0)).item() == 0


def test_the_term_is_the_penalty_minimised_over_a_slack():
    # Rockafellar: min over s >= 0 of mu (r + s) + rho / 2 (r + s)^2.
    constraint = Constraint(bound=0.5, penalty=3.0)
    constraint.multiplier.fill_(0.7)
    slack = torch.linspace(0, 5, 200_001, dtype=torch.float64)
    for value in (-1.0, 0.2, 0.4, 0.9):
        total = value - 0.5 + slack
        expected = (0.7 * total + 1.5 * total.square()).min()
        term = constraint(torch.tensor(value, dtype=torch.float64))
        assert_close(term, expected, rtol=1e-8, atol=1e-8)


def test_a_tensor_bound_is_one_constraint_an_entry():
    both = Constraint(bound=torch.tensor([0.0, 1.0]), penalty=2.0)
    single = [Constraint(bound=limit, penalty=2.0) for limit in (0.0, 1.0)]
    for values in ([0.5, 0.5], [0.4, 3.0], [0.1, 2.0]):
        value = torch.tensor(values, dtype=torch.float64)
        separate = [c(v) for c, v in zip(single, value, strict=True)]
        assert_close(both(value), torch.stack(separate).sum())
        for constraint in (both, *single):
            constraint.update()
    assert_close(both.multiplier, torch.stack([c.multiplier for c in single]))
    assert_close(both.penalty, torch.stack([c.penalty for c in single]))


def test_the_penalty_grows_only_while_the_violation_does_not_fall():
    constraint = Constraint(bound=0.0, penalty=1.0, growth=4.0)
    penalties = []
    for value in (1.0, 0.5, 0.49, 0.1):
        constraint.update(torch.tensor(value))
        penalties.append(constraint.penalty.item())
    assert penalties == [1.0, 1.0, 4.0, 4.0]


def test_a_checkpoint_resumes_to_the_same_state():
    first = Constraint(bound=1.0)
    minimise(first, outer=3)
    second = Constraint(bound=1.0)
    second.load_state_dict(copy.deepcopy(first.state_dict()))
    for constraint in (first, second):
        constraint.update()
    assert second.state_dict() == first.state_dict()


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_term_has_the_dtype_of_the_value(dtype: torch.dtype):
    assert Constraint(bound=0.1)(torch.tensor(0.3, dtype=dtype)).dtype == dtype


def test_a_value_of_another_shape_is_refused():
    with pytest.raises(OdegraphError, match=r"shape `\(4,\)` and the bound `\(\)`.*`\.mean\(\)`"):
        Constraint(bound=1.0)(torch.zeros(4))


@pytest.mark.parametrize("value", [None, torch.tensor(float("nan"))])
def test_an_update_without_a_finite_value_is_refused(value: Tensor | None):
    with pytest.raises(OdegraphError, match=r"constrained value is `nan`.*before `update`"):
        Constraint(bound=1.0).update(value)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"bound": 1.0, "penalty": 0.0}, "penalty is `0.0`; .*positive"),
        ({"bound": 1.0, "growth": 0.5}, "growth is `0.5`; .*1 or more"),
        ({"bound": float("inf")}, "bound is `inf`; .*finite"),
    ],
)
def test_parameters_that_make_no_sense_are_refused(arguments: dict[str, float], message: str):
    with pytest.raises(OdegraphError, match=message):
        Constraint(**arguments)
