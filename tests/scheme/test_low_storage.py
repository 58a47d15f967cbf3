"""Low-storage forms: running the registers is running the tableau, in exact arithmetic."""

from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from odegraph.scheme import RungeKuttaScheme, SchemeSpec, load_scheme, verify
from odegraph.scheme.low_storage import shu_osher_rows, williamson_rows

RATIONALS = st.fractions(min_value=-2, max_value=2, max_denominator=6)
H, START = Fraction(1, 7), Fraction(2, 3)


def rate(x: Fraction) -> Fraction:
    return 1 - x * x


def tableau_step(A, b) -> Fraction:
    k: list[Fraction] = []
    for row in A:
        k.append(rate(START + H * sum((a * x for a, x in zip(row, k, strict=False)), Fraction(0))))
    return START + H * sum((w * x for w, x in zip(b, k, strict=True)), Fraction(0))


def williamson_step(A, B) -> Fraction:
    x, dx = START, Fraction(0)
    for a, b in zip(A, B, strict=True):
        dx = a * dx + H * rate(x)
        x = x + b * dx
    return x


def shu_osher_step(alpha, beta) -> Fraction:
    states = [START]
    for weights, rates in zip(alpha, beta, strict=True):
        triples = zip(weights, rates, states, strict=True)
        states.append(sum((a * x + H * b * rate(x) for a, b, x in triples), Fraction(0)))
    return states[-1]


@settings(deadline=None, max_examples=50)
@given(pairs=st.lists(st.tuples(RATIONALS, RATIONALS), min_size=1, max_size=4))
def test_two_registers_run_the_tableau(pairs):
    A, B = zip(*pairs, strict=True)
    A = (Fraction(0), *A[1:])
    assert tableau_step(*williamson_rows(A, B)) == williamson_step(A, B)


@settings(deadline=None, max_examples=50)
@given(stages=st.integers(1, 4), data=st.data())
def test_euler_steps_run_the_tableau(stages, data):
    alpha, beta = [], []
    for i in range(1, stages + 1):
        row = [data.draw(RATIONALS) for _ in range(i - 1)]
        alpha.append((*row, 1 - sum(row, Fraction(0))))
        beta.append(tuple(data.draw(RATIONALS) for _ in range(i)))
    assert tableau_step(*shu_osher_rows(tuple(alpha), tuple(beta))) == shu_osher_step(alpha, beta)


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("williamson-3", ("A_2N", "B_2N")),
        ("ssp-rk-3-3", ("alpha", "beta")),
        ("ssp-rk-10-4", ("alpha", "beta")),
    ],
)
def test_a_file_may_say_either_form(name, form):
    scheme = load_scheme(name)
    assert isinstance(scheme, RungeKuttaScheme)
    data = scheme.spec.to_dict()
    alone = {key: value for key, value in data.items() if key not in ("A", "b", "b_embedded")}
    alone["claims"] = {"order": scheme.order}
    again = verify(SchemeSpec.from_dict(alone))
    assert isinstance(again, RungeKuttaScheme)
    assert set(form) <= set(alone)
    assert (again.A, again.b, again.c) == (scheme.A, scheme.b, scheme.c)


def test_decimal_forms_keep_their_tolerance():
    scheme = load_scheme("carpenter-kennedy-5-4")
    assert scheme.order == 4
    assert not scheme.is_exact
    assert scheme.is_explicit
