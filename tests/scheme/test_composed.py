"""Compositions of steps by a base and its adjoint: against steps taken one after the other."""

from fractions import Fraction

import pytest
import sympy

from odegraph.scheme import (
    CompositionScheme,
    RungeKuttaScheme,
    Scheme,
    SchemeSpec,
    composed,
    load_scheme,
    read_scheme_file,
    verify,
)
from odegraph.scheme.folder import scheme_files
from odegraph.scheme.number_field import to_sympy

JUMP = ["2/3", "-1/3", "2/3"]  # near the triple jump, and rational
MCLACHLAN = read_scheme_file(scheme_files()["mclachlan-4"]).coefficients


def over(base: str, coefficients, adjoint=None, **keys: object) -> Scheme:
    data = {"kind": "composition", "base": base, "coefficients": coefficients, **keys}
    data |= {} if adjoint is None else {"adjoint": adjoint}
    return verify(SchemeSpec.from_dict(data))


def tableau_over(base: str, coefficients, adjoint=None, **keys: object) -> RungeKuttaScheme:
    scheme = over(base, coefficients, adjoint, **keys)
    assert isinstance(scheme, RungeKuttaScheme)
    return scheme


def flows_over(base: str, coefficients, adjoint=None) -> CompositionScheme:
    scheme = over(base, coefficients, adjoint)
    assert isinstance(scheme, CompositionScheme)
    return scheme


def runge_kutta(name: str) -> RungeKuttaScheme:
    scheme = load_scheme(name)
    assert isinstance(scheme, RungeKuttaScheme)
    return scheme


def step_with_time(scheme: RungeKuttaScheme, x, t, h):
    """One exact step on x' = t x + 1: a linear system for the rates."""
    s, times = scheme.stages, [t + c * h for c in scheme.c]
    matrix = sympy.eye(s) - h * sympy.diag(*times) * scheme.A
    rates = matrix.LUsolve(sympy.Matrix([time * x + 1 for time in times]))
    return sympy.nsimplify(x + h * (scheme.b.T * rates)[0])


@pytest.mark.parametrize("base", ["implicit-midpoint", "heun-3", "radau-iia-2", "lobatto-iiic-2"])
def test_a_composed_step_is_one_step_of_the_base_after_the_other(base):
    t, x, h = sympy.Rational(1, 2), sympy.Rational(3, 4), sympy.Rational(1, 5)
    whole = step_with_time(tableau_over(base, JUMP), x, t, h)
    for part in map(sympy.Rational, JUMP):
        x = step_with_time(runge_kutta(base), x, t, part * h)
        t += part * h
    assert x == whole


@pytest.mark.parametrize("base", ["heun-3", "radau-iia-2"])
def test_the_adjoint_takes_its_fractions_before_the_base_and_undoes_a_step_back(base):
    t, x, h = sympy.Rational(1, 2), sympy.Rational(3, 4), sympy.Rational(1, 5)
    both = tableau_over(base, ["1/2", "1/4"], ["1/4", "0"])
    after_adjoint = step_with_time(runge_kutta(base).adjoint(), x, t, h / 4)
    assert step_with_time(runge_kutta(base), after_adjoint, t + h / 4, -h / 4) == x
    then = step_with_time(runge_kutta(base), after_adjoint, t + h / 4, h / 2)
    last = step_with_time(runge_kutta(base), then, t + 3 * h / 4, h / 4)
    assert step_with_time(both, x, t, h) == last


@pytest.mark.parametrize(
    ("base", "result"), [("euler", "implicit-midpoint"), ("backward-euler", "crank-nicolson")]
)
def test_half_a_step_back_and_half_a_step_forth_are_a_symmetric_rule(base, result):
    # Hairer, Lubich and Wanner, II.3: where a step begins with the last stage, it is taken once.
    scheme, expected = tableau_over(base, ["1/2"], ["1/2"]), runge_kutta(result)
    assert (scheme.A, scheme.b, scheme.c) == (expected.A, expected.b, expected.c)
    assert (scheme.order, scheme.is_symmetric) == (2, True)


def test_half_a_drift_and_kick_and_their_adjoint_are_strang():
    strang = load_scheme("strang")
    assert isinstance(strang, CompositionScheme)
    # Lie and Trotter drift first; their adjoint kicks first.
    assert [part for part, _ in flows_over("lie-trotter", ["1/2"], ["1/2"]).substeps] == [1, 0, 1]
    turned = flows_over("lie-trotter", ["1/2", "0"], ["0", "1/2"])
    assert turned.substeps == strang.substeps


@pytest.mark.parametrize("name", ["yoshida-4", "suzuki-4"])
def test_a_named_base_is_the_same_as_its_own_drifts_and_kicks(name):
    written = load_scheme(name)
    assert isinstance(written, CompositionScheme)
    spec = written.spec
    named = over("strang", spec.coefficients["coefficients"], numbers=dict(spec.numbers))
    assert isinstance(named, CompositionScheme)
    assert [(p, to_sympy(x)) for p, x in named.substeps] == [
        (p, to_sympy(x)) for p, x in written.substeps
    ]


@pytest.mark.parametrize("base", ["euler", "backward-euler", "lie-trotter", "rkl1(2)"])
def test_mclachlan_raises_every_base_of_order_1_to_4(base):
    scheme = over(base, MCLACHLAN["coefficients"], MCLACHLAN["adjoint"])
    assert (load_scheme(base).order, scheme.order) == (1, 4)


@pytest.mark.parametrize("base", ["implicit-midpoint", "crank-nicolson", "strang"])
def test_the_order_of_a_symmetric_base_rises_where_the_cubes_vanish(base):
    assert load_scheme(base).order == 2
    assert over(base, JUMP).order == 2
    cube = "2**(1/3)"
    triple = [f"1/(2 - {cube})", f"-{cube}/(2 - {cube})", f"1/(2 - {cube})"]
    assert over(base, triple).order == 4


def test_members_of_families_are_bases():
    fifth = "2**(1/5)"
    triple = [f"1/(2 - {fifth})", f"-{fifth}/(2 - {fifth})", f"1/(2 - {fifth})"]
    assert over("gauss(2)", JUMP).order == 4
    raised = tableau_over("gauss(2)", triple)
    assert (raised.order, raised.stages, raised.is_symplectic) == (6, 6, True)


@pytest.mark.parametrize("name", ["suzuki-4-implicit-midpoint", "mclachlan-4-euler", "mclachlan-4"])
def test_a_composition_is_written_back_with_its_base(name):
    scheme = load_scheme(name)
    assert scheme.spec.to_dict()["base"] in ("implicit-midpoint", "euler", "lie-trotter")
    assert verify(SchemeSpec.from_dict(scheme.spec.to_dict())) == scheme
    assert scheme.kind == "composition"
    assert scheme.facts()["negative substeps"] is True


def test_only_compositions_speak_of_substeps():
    assert tableau_over("implicit-midpoint", ["1/2", "1/2"]).facts()["negative substeps"] is False
    assert runge_kutta("implicit-midpoint").facts()["negative substeps"] is None


def test_the_record_counts_only_where_the_base_is_on_record(monkeypatch):
    scheme = load_scheme("suzuki-4-implicit-midpoint")
    record = {**scheme.record(), "linear": 99}
    trusted = verify(scheme.spec, recorded=record)
    assert isinstance(trusted, RungeKuttaScheme)
    assert trusted.linear_order == 99
    monkeypatch.setattr(composed, "recorded_proof", lambda _content: None)
    anew = verify(scheme.spec, recorded=record)
    assert isinstance(anew, RungeKuttaScheme)
    assert anew.linear_order == 4


def test_a_decimal_base_keeps_its_tolerance():
    scheme = tableau_over("ssp-rk-5-4", ["1/2", "1/2"], decimal=True, tolerance="1e-12")
    assert (scheme.order, scheme.stages, scheme.is_exact) == (4, 10, False)
    base = runge_kutta("ssp-rk-5-4").tableau.tolerance
    assert scheme.tableau.tolerance == max(base, Fraction(1, 10**12))
