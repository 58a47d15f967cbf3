"""Every scheme of the catalogue has its proven order, against closed solutions with time."""

import math

import pytest
from closed_problems import (
    COUPLED,
    DAMPED,
    SECOND_ORDER,
    SEPARABLE,
    SPLIT,
    WITH_TIME,
    Problem,
)

import odegraph as og
from odegraph.scheme import NystromScheme, RungeKuttaScheme

GENERATED = (
    "gauss(4)", "radau-ia(2)", "radau-iia(4)", "lobatto-iiia(3)", "lobatto-iiib(3)",
    "lobatto-iiic(3)", "lobatto-iiid(3)", "rkl1(4)", "rkl2(4)", "rkc1(4)", "rkc2(4)",
    "extrapolated-euler(3)",
)  # fmt: skip
STEPS = {1: 24, 2: 16, 3: 12, 4: 8, 5: 7, 6: 5, 7: 4, 8: 3, 9: 3}


def problem_for(scheme: og.Scheme) -> Problem:
    """The problem that the order of a scheme of this kind is about."""
    if isinstance(scheme, RungeKuttaScheme):
        return COUPLED  # compositions of them too
    if isinstance(scheme, NystromScheme):
        return DAMPED if scheme.uses_velocity else SECOND_ORDER
    by_kind = {
        "additive-runge-kutta": SPLIT,
        # theta may not change within a step, so that time is part of the state
        "rosenbrock": WITH_TIME,
        "partitioned-runge-kutta": SEPARABLE,
        "composition": SEPARABLE,
    }
    return by_kind.get(scheme.kind, COUPLED)


@pytest.mark.parametrize("name", [*og.scheme_names(), *GENERATED])
def test_the_measured_order_is_the_proven_one(name):
    scheme = og.load_scheme(name)
    steps = STEPS[min(scheme.order, 9)]
    if scheme.kind == "linear-multistep":
        steps = 40  # the start rule makes the first ones
    if scheme.kind == "exponential":
        steps = 32  # the Jacobian changes from step to step
    problem = problem_for(scheme)
    errors = [problem.error(name, steps=n) for n in (steps, 2 * steps)]
    measured = math.log2(errors[0] / errors[1])
    # at this size of step the next term of the error is still felt, more so at high order
    assert scheme.order - 0.55 < measured < scheme.order + 1.5, measured
