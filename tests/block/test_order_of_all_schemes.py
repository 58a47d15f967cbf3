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
# so many that the principal term leads, so few that rounding errors of 1e-15 do not
STEPS = {1: 12, 2: 12, 3: 10, 4: 12, 5: 10, 6: 8, 7: 8, 8: 6, 9: 5, 10: 3}
BELOW = ABOVE = 0.55
# the principal terms of pairs of high order are made so small that the next ones are felt
ABOVE_HIGH_ORDER = 1.15
SMALLEST_PRINCIPAL_TERM = {"tsitouras-9-8-first": 2.0}


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
    steps = STEPS[scheme.order]
    if scheme.kind == "linear-multistep":
        steps = 40  # the start rule makes the first ones
    if scheme.kind == "exponential":
        steps = 32  # the Jacobian changes from step to step
    problem = problem_for(scheme)
    errors = [problem.error(name, steps=n) for n in (steps, 2 * steps)]
    measured = math.log2(errors[0] / errors[1])
    above = SMALLEST_PRINCIPAL_TERM.get(name, ABOVE if scheme.order < 5 else ABOVE_HIGH_ORDER)
    assert scheme.order - BELOW < measured < scheme.order + above, measured
